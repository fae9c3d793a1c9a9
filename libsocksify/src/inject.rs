//! Test builds only: a panic on request, to show that a bug of ours fails closed.

/// Panics where the build has the feature `inject-panic` and `SOCKSIFY_INJECT_PANIC` names this row.
#[cfg(feature = "inject-panic")]
pub(crate) fn panic_if_asked(symbol: &str) {
    assert!(
        std::env::var_os("SOCKSIFY_INJECT_PANIC").is_none_or(|named| named != symbol),
        "injected in {symbol}"
    );
}

/// Nothing, in every build that is not a test of this.
#[cfg(not(feature = "inject-panic"))]
pub(crate) fn panic_if_asked(_symbol: &str) {}

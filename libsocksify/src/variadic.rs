//! execl(3), execle(3) and execlp(3), which take the words as arguments. Rust defines no variadic functions, so the
//! words are collected in assembly: those in registers are put on the stack right below the others, and all of them then
//! stand there as execv(3) wants them.

use std::arch::naked_asm;

use libc::{c_char, c_int};

use crate::hooks;

/// Defines a variadic function by the function that takes the words as an array.
macro_rules! variadic {
    ($name:ident, $collected:ident) => {
        /// The return address gives its place to the words, and comes back to it: a shadow stack sees nothing unusual.
        #[cfg(target_arch = "x86_64")]
        #[cfg_attr(not(test), unsafe(no_mangle))]
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            naked_asm!(
                "pop rax",
                "push r9",
                "push r8",
                "push rcx",
                "push rdx",
                "push rsi",
                "mov rsi, rsp",
                "push rax",
                "call {collected}",
                "pop rcx",
                "add rsp, 40",
                "push rcx",
                "ret",
                collected = sym $collected,
            )
        }

        #[cfg(target_arch = "aarch64")]
        #[cfg_attr(not(test), unsafe(no_mangle))]
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            naked_asm!(
                "stp x29, x30, [sp, #-80]!",
                "mov x29, sp",
                "str x1, [sp, #24]",
                "stp x2, x3, [sp, #32]",
                "stp x4, x5, [sp, #48]",
                "stp x6, x7, [sp, #64]",
                "add x1, sp, #24",
                "bl {collected}",
                "ldp x29, x30, [sp], #80",
                "ret",
                collected = sym $collected,
            )
        }
    };
}

variadic!(execl, collected_execl);
variadic!(execle, collected_execle);
variadic!(execlp, collected_execlp);

unsafe extern "C-unwind" fn collected_execl(path: *const c_char, words: *const *const c_char) -> c_int {
    // SAFETY: the application's own path and words, which end in NULL.
    unsafe { hooks::execv(path, words) }
}

unsafe extern "C-unwind" fn collected_execlp(file: *const c_char, words: *const *const c_char) -> c_int {
    // SAFETY: the application's own name and words, which end in NULL.
    unsafe { hooks::execvp(file, words) }
}

/// The environment stands behind the NULL that ends the words.
unsafe extern "C-unwind" fn collected_execle(path: *const c_char, words: *const *const c_char) -> c_int {
    // SAFETY: the application's own path, words and environment.
    unsafe {
        let mut end = words;
        while !(*end).is_null() {
            end = end.add(1);
        }
        hooks::execve(path, words, end.add(1).read().cast())
    }
}

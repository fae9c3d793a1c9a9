//! Whether a listener that was closed here is one still: a forked child may have it, too.

use std::fs;

/// Whether a socket with this inode listens; proc(5), `/proc/net/tcp`. Yes, where that cannot be read.
pub(super) fn listens(inode: u64) -> bool {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(fs::read_to_string);
    match tables {
        [Err(_), Err(_)] => true,
        tables => {
            tables.into_iter().flatten().any(|table| table.lines().any(|line| is_listener(line, inode)))
        }
    }
}

/// `sl local_address rem_address st tx_queue:rx_queue tr:when retrnsmt uid timeout inode …`
fn is_listener(line: &str, inode: u64) -> bool {
    const LISTEN: &str = "0A";
    let mut words = line.split_whitespace().skip(3);
    words.next() == Some(LISTEN) && words.nth(5).and_then(|word| word.parse().ok()) == Some(inode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_own_account() {
        let line = "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 35912 1 0";
        assert!(is_listener(line, 35912));
        assert!(!is_listener(line, 1));
        assert!(!is_listener(&line.replace(" 0A ", " 01 "), 35912));
        assert!(!is_listener("  sl  local_address rem_address   st", 0));
    }
}

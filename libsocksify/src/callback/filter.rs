//! A listener that waits at a proxy is for this machine alone: a classic BPF program (socket(7), SO_ATTACH_FILTER) lets in,
//! without an answer to anybody else, packets that come from the address they go to, or from loopback.
//!
//! SO_BINDTODEVICE will not do: what goes from this machine to an address of its own counts as come in by the device that has
//! the address. What claims to come from an address of ours and does not, the kernel drops or answers to ourselves.

use std::os::fd::RawFd;

use libc::{sock_filter, sock_fprog, socklen_t};

/// Keeps everybody else out; should the kernel refuse, accept(2) turns them away.
pub(super) fn keep_to_this_machine(listener: RawFd) {
    let mut code = FILTER;
    let program = sock_fprog { len: code.len() as u16, filter: code.as_mut_ptr() };
    // SAFETY: pointer and length of one structure, whose program outlives the call.
    unsafe {
        libc::setsockopt(
            listener,
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            size_of::<sock_fprog>() as socklen_t,
        )
    };
}

/// Where packets that may come in jump to, and the others.
const IN: u8 = 26;
const OUT: u8 = 27;

/// The program; jumps name the instruction they lead to.
const FILTER: [sock_filter; 28] = [
    load(libc::BPF_B, 0),
    alu(libc::BPF_RSH, 4),
    jump_if(2, libc::BPF_K, 6, 10, 3),
    // IPv4: source and destination are one word each.
    load(libc::BPF_W, 12),
    keep(),
    load(libc::BPF_W, 16),
    jump_if(6, libc::BPF_X, 0, IN, 7),
    instruction(libc::BPF_MISC | libc::BPF_TXA, 0),
    alu(libc::BPF_AND, 0xff00_0000),
    jump_if(9, libc::BPF_K, 0x7f00_0000, IN, OUT),
    // IPv6: four words each.
    load(libc::BPF_W, 8),
    keep(),
    load(libc::BPF_W, 24),
    jump_if(13, libc::BPF_X, 0, 14, OUT),
    load(libc::BPF_W, 12),
    keep(),
    load(libc::BPF_W, 28),
    jump_if(17, libc::BPF_X, 0, 18, OUT),
    load(libc::BPF_W, 16),
    keep(),
    load(libc::BPF_W, 32),
    jump_if(21, libc::BPF_X, 0, 22, OUT),
    load(libc::BPF_W, 20),
    keep(),
    load(libc::BPF_W, 36),
    jump_if(25, libc::BPF_X, 0, IN, OUT),
    instruction(libc::BPF_RET | libc::BPF_K, u32::MAX),
    instruction(libc::BPF_RET | libc::BPF_K, 0),
];

const fn instruction(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

/// Loads from the header of the network layer, whichever it is.
const fn load(size: u32, offset: u32) -> sock_filter {
    const NETWORK_HEADER: u32 = -0x10_0000_i32 as u32;
    instruction(libc::BPF_LD | libc::BPF_ABS | size, NETWORK_HEADER + offset)
}

/// Keeps what was loaded, to compare with what is loaded next.
const fn keep() -> sock_filter {
    instruction(libc::BPF_MISC | libc::BPF_TAX, 0)
}

const fn alu(operation: u32, k: u32) -> sock_filter {
    instruction(libc::BPF_ALU | libc::BPF_K | operation, k)
}

/// The jump that stands at `here`.
const fn jump_if(here: u8, operand: u32, k: u32, equal: u8, other: u8) -> sock_filter {
    let code = (libc::BPF_JMP | libc::BPF_JEQ | operand) as u16;
    sock_filter { code, jt: equal - here - 1, jf: other - here - 1, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_stand_where_they_say() {
        let jumps = FILTER.iter().enumerate().filter(|(_, step)| step.code & 7 == libc::BPF_JMP as u16);
        let ends: Vec<_> = jumps.map(|(here, step)| here + 1 + usize::from(step.jf)).collect();
        assert_eq!(ends, [3, 7, 27, 27, 27, 27, 27]);
        assert_eq!((FILTER[26].k, FILTER[27].k), (u32::MAX, 0));
    }
}

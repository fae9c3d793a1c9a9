//! The C declarations every row of the table is checked against: those of the `libc` crate, and from the manual
//! pages those it lacks. A row whose types differ from the declaration here does not compile.

use libc::{
    FILE, addrinfo, c_char, c_int, c_long, c_uchar, c_uint, c_ulong, c_ushort, c_void, fd_set, hostent,
    iovec, nfds_t, off_t, pollfd, sa_family_t, sigset_t, size_t, sockaddr, sockaddr_in, socklen_t, ssize_t,
    timespec, timeval,
};

pub(crate) use libc::{
    accept, accept4, bind, close, connect, dup, dup2, dup3, epoll_ctl, execv, execve, execveat, execvp,
    execvpe, fexecve, fflush, getaddrinfo, getnameinfo, getpeername, getsockname, getsockopt, listen, poll,
    popen, posix_spawn, posix_spawnp, ppoll, pselect, read, readv, recv, recvfrom, recvmmsg, recvmsg, select,
    send, sendfile, sendfile64, sendmmsg, sendmsg, sendto, setsockopt, shutdown, socket, splice, system,
    unshare, write, writev,
};

/// The resolver's state, `struct __res_state` of `<resolv.h>`.
#[repr(C)]
pub(crate) struct ResState {
    times: [c_int; 2],
    /// Those of [`crate::res_state`].
    pub(crate) options: c_ulong,
    pub(crate) server_count: c_int,
    pub(crate) servers: [sockaddr_in; 3],
    id: c_ushort,
    /// The domains that are appended to names, up to the first null pointer.
    pub(crate) search: [*const c_char; 7],
    default_domain: [c_char; 256],
    debugging: c_ulong,
    /// The lowest four bits: how many dots a name has that is tried as it is first.
    pub(crate) ndots: c_uint,
    sorting: [[u32; 2]; 10],
    hooks: [*const c_void; 2],
    pub(crate) h_errno: c_int,
}

/// `struct netent` of `<netdb.h>`; only ever passed on.
#[allow(non_camel_case_types)]
pub(crate) type netent = c_void;

/// `struct gaicb` of `<netdb.h>`.
#[repr(C)]
pub(crate) struct Gaicb {
    pub(crate) name: *const c_char,
    pub(crate) service: *const c_char,
    pub(crate) hints: *const addrinfo,
    pub(crate) result: *mut addrinfo,
    /// What gai_error(3) returns.
    pub(crate) status: c_int,
    reserved: [c_int; 5],
}

// The same symbols as in the `libc` crate, but one argument list for the variadic ones: on x86-64 and aarch64
// Linux a variadic integer or pointer argument travels in the register a fixed one would use.
#[allow(clashing_extern_declarations)]
unsafe extern "C" {
    pub(crate) fn fcntl(fd: c_int, command: c_int, argument: usize) -> c_int;
    pub(crate) fn fcntl64(fd: c_int, command: c_int, argument: usize) -> c_int;
    pub(crate) fn __fcntl(fd: c_int, command: c_int, argument: usize) -> c_int;
    pub(crate) fn ioctl(fd: c_int, request: c_ulong, argument: usize) -> c_int;
    pub(crate) fn prctl(option: c_int, a: usize, b: usize, c: usize, d: usize) -> c_int;
    pub(crate) fn __connect(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int;
    pub(crate) fn __close(fd: c_int) -> c_int;
    pub(crate) fn __dup2(old: c_int, new: c_int) -> c_int;

    pub(crate) fn preadv2(
        fd: c_int,
        vector: *const iovec,
        count: c_int,
        offset: off_t,
        flags: c_int,
    ) -> ssize_t;
    pub(crate) fn preadv64v2(
        fd: c_int,
        vector: *const iovec,
        count: c_int,
        offset: off_t,
        flags: c_int,
    ) -> ssize_t;
    pub(crate) fn pwritev2(
        fd: c_int,
        vector: *const iovec,
        count: c_int,
        offset: off_t,
        flags: c_int,
    ) -> ssize_t;
    pub(crate) fn pwritev64v2(
        fd: c_int,
        vector: *const iovec,
        count: c_int,
        offset: off_t,
        flags: c_int,
    ) -> ssize_t;
    pub(crate) fn __read(fd: c_int, buffer: *mut c_void, count: size_t) -> ssize_t;
    pub(crate) fn __read_chk(fd: c_int, buffer: *mut c_void, count: size_t, room: size_t) -> ssize_t;
    pub(crate) fn __write(fd: c_int, bytes: *const c_void, count: size_t) -> ssize_t;
    pub(crate) fn __send(fd: c_int, bytes: *const c_void, count: size_t, flags: c_int) -> ssize_t;
    pub(crate) fn __recv_chk(
        fd: c_int,
        buffer: *mut c_void,
        count: size_t,
        room: size_t,
        flags: c_int,
    ) -> ssize_t;
    pub(crate) fn __recvfrom_chk(
        fd: c_int,
        buffer: *mut c_void,
        count: size_t,
        room: size_t,
        flags: c_int,
        address: *mut sockaddr,
        length: *mut socklen_t,
    ) -> ssize_t;
    pub(crate) fn __poll(entries: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int;
    pub(crate) fn __poll_chk(entries: *mut pollfd, count: nfds_t, timeout: c_int, room: size_t) -> c_int;
    pub(crate) fn __ppoll_chk(
        entries: *mut pollfd,
        count: nfds_t,
        timeout: *const timespec,
        mask: *const sigset_t,
        room: size_t,
    ) -> c_int;
    pub(crate) fn __select(
        count: c_int,
        readable: *mut fd_set,
        writable: *mut fd_set,
        exceptional: *mut fd_set,
        timeout: *mut timeval,
    ) -> c_int;

    pub(crate) fn gethostbyname(name: *const c_char) -> *mut hostent;
    pub(crate) fn gethostbyname2(name: *const c_char, family: c_int) -> *mut hostent;
    pub(crate) fn res_gethostbyname(name: *const c_char) -> *mut hostent;
    pub(crate) fn res_gethostbyname2(name: *const c_char, family: c_int) -> *mut hostent;
    pub(crate) fn res_gethostbyaddr(address: *const c_void, length: socklen_t, family: c_int)
    -> *mut hostent;
    pub(crate) fn gethostbyname_r(
        name: *const c_char,
        result: *mut hostent,
        buffer: *mut c_char,
        size: size_t,
        found: *mut *mut hostent,
        h_errno: *mut c_int,
    ) -> c_int;
    pub(crate) fn gethostbyname2_r(
        name: *const c_char,
        family: c_int,
        result: *mut hostent,
        buffer: *mut c_char,
        size: size_t,
        found: *mut *mut hostent,
        h_errno: *mut c_int,
    ) -> c_int;
    pub(crate) fn gethostbyaddr(address: *const c_void, length: socklen_t, family: c_int) -> *mut hostent;
    pub(crate) fn gethostbyaddr_r(
        address: *const c_void,
        length: socklen_t,
        family: c_int,
        result: *mut hostent,
        buffer: *mut c_char,
        size: size_t,
        found: *mut *mut hostent,
        h_errno: *mut c_int,
    ) -> c_int;
    /// `int wordexp(const char *words, wordexp_t *result, int flags)` — wordexp(3); the result is only ever passed on.
    pub(crate) fn wordexp(words: *const c_char, result: *mut c_void, flags: c_int) -> c_int;
    pub(crate) fn gethostid() -> c_long;
    pub(crate) fn getnetbyname(name: *const c_char) -> *mut netent;
    pub(crate) fn getnetbyname_r(
        name: *const c_char,
        result: *mut netent,
        buffer: *mut c_char,
        size: size_t,
        found: *mut *mut netent,
        h_errno: *mut c_int,
    ) -> c_int;
    pub(crate) fn getnetbyaddr(network: u32, kind: c_int) -> *mut netent;
    pub(crate) fn getnetbyaddr_r(
        network: u32,
        kind: c_int,
        result: *mut netent,
        buffer: *mut c_char,
        size: size_t,
        found: *mut *mut netent,
        h_errno: *mut c_int,
    ) -> c_int;
    pub(crate) fn rcmd(
        host: *mut *mut c_char,
        port: c_ushort,
        user: *const c_char,
        remote: *const c_char,
        command: *const c_char,
        second: *mut c_int,
    ) -> c_int;
    pub(crate) fn rcmd_af(
        host: *mut *mut c_char,
        port: c_ushort,
        user: *const c_char,
        remote: *const c_char,
        command: *const c_char,
        second: *mut c_int,
        family: sa_family_t,
    ) -> c_int;
    pub(crate) fn rexec(
        host: *mut *mut c_char,
        port: c_int,
        user: *const c_char,
        password: *const c_char,
        command: *const c_char,
        second: *mut c_int,
    ) -> c_int;
    pub(crate) fn rexec_af(
        host: *mut *mut c_char,
        port: c_int,
        user: *const c_char,
        password: *const c_char,
        command: *const c_char,
        second: *mut c_int,
        family: sa_family_t,
    ) -> c_int;
    pub(crate) fn ruserok(
        host: *const c_char,
        superuser: c_int,
        remote: *const c_char,
        user: *const c_char,
    ) -> c_int;
    pub(crate) fn ruserok_af(
        host: *const c_char,
        superuser: c_int,
        remote: *const c_char,
        user: *const c_char,
        family: sa_family_t,
    ) -> c_int;
    pub(crate) fn iruserok(
        address: u32,
        superuser: c_int,
        remote: *const c_char,
        user: *const c_char,
    ) -> c_int;
    pub(crate) fn iruserok_af(
        address: *const c_void,
        superuser: c_int,
        remote: *const c_char,
        user: *const c_char,
        family: sa_family_t,
    ) -> c_int;
    pub(crate) fn getaddrinfo_a(
        mode: c_int,
        list: *mut *mut Gaicb,
        count: c_int,
        event: *mut libc::sigevent,
    ) -> c_int;

    pub(crate) fn res_query(
        name: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn __res_query(
        name: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn res_search(
        name: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn __res_search(
        name: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn res_querydomain(
        name: *const c_char,
        domain: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn __res_querydomain(
        name: *const c_char,
        domain: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn res_send(query: *const c_uchar, length: c_int, answer: *mut c_uchar, size: c_int) -> c_int;
    pub(crate) fn __res_send(
        query: *const c_uchar,
        length: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn res_nquery(
        state: *mut ResState,
        name: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn __res_nquery(
        state: *mut ResState,
        name: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn res_nsearch(
        state: *mut ResState,
        name: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn __res_nsearch(
        state: *mut ResState,
        name: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn res_nquerydomain(
        state: *mut ResState,
        name: *const c_char,
        domain: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn __res_nquerydomain(
        state: *mut ResState,
        name: *const c_char,
        domain: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn res_nsend(
        state: *mut ResState,
        query: *const c_uchar,
        length: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;
    pub(crate) fn __res_nsend(
        state: *mut ResState,
        query: *const c_uchar,
        length: c_int,
        answer: *mut c_uchar,
        size: c_int,
    ) -> c_int;

    /// `struct __res_state *__res_state(void)` — the calling thread's resolver state (resolv.h).
    pub(crate) fn __res_state() -> *mut ResState;

    /// `int __res_ninit(struct __res_state *state)` — res_ninit(3).
    pub(crate) fn __res_ninit(state: *mut ResState) -> c_int;

    pub(crate) fn fflush_unlocked(stream: *mut FILE) -> c_int;

    /// `int fileno_unlocked(FILE *stream)` — the descriptor of a stream; unlocked_stdio(3).
    pub(crate) fn fileno_unlocked(stream: *mut FILE) -> c_int;

    /// `size_t __fpending(FILE *stream)` — how many bytes a stream has still to write; stdio_ext(3).
    pub(crate) fn __fpending(stream: *mut FILE) -> size_t;

    /// Standard output; stdio(3).
    pub(crate) static stdout: *mut FILE;

    /// The variables of this process; environ(7).
    pub(crate) static environ: *const *const c_char;

    /// `int *__h_errno_location(void)` — where `h_errno` of this thread lives (netdb.h).
    pub(crate) fn __h_errno_location() -> *mut c_int;

    /// `void *dlvsym(void *handle, const char *symbol, const char *version)` — dlsym(3) with a symbol version.
    pub(crate) fn dlvsym(handle: *mut c_void, symbol: *const c_char, version: *const c_char) -> *mut c_void;
}

//! THE TABLE: one row for each symbol we stand in for. A row gives the C signature (checked against the declaration
//! in [`crate::ffi`]), the value that means failure, the body that decides, and where the pass-through path can
//! tell at a glance that a call is none of our business, `when` it may be.
//!
//! A new hook is one row, one function, one test. INTERPOSED.md is generated from here.

use libc::{
    FILE, addrinfo, c_char, c_int, c_long, c_uchar, c_uint, c_ulong, c_ushort, c_void, epoll_event, fd_set,
    hostent, iovec, loff_t, mmsghdr, msghdr, nfds_t, off_t, pid_t, pollfd, posix_spawn_file_actions_t,
    posix_spawnattr_t, sa_family_t, sigevent, sigset_t, size_t, sockaddr, socklen_t, ssize_t, timespec,
    timeval,
};

use crate::association::{self, Pace};
use crate::callback;
use crate::calls::data::concerns;
use crate::calls::late;
use crate::calls::{
    asynchronous, confine, connect, data, datagram, descriptor, epoll, exec, host, identity, listen, local,
    option, poll, query, resolve, stream, thread,
};
use crate::descriptors::is_known;
use crate::ffi::{Gaicb, ResState, netent};
use crate::interpose::{Verdict, interpose};
use crate::multicast;
use crate::parking::{self, helper_may_exist, is_busy};

/// A row, as documentation.
#[cfg(test)]
pub(crate) struct Row {
    pub(crate) symbol: &'static str,
    pub(crate) body: &'static str,
    pub(crate) doc: &'static str,
}

interpose! {
    /// TCP goes through the proxy on the application's own socket; other protocols are refused unless a route sends them direct,
    /// and so are the sockets of daemons that resolve names, where names are the proxy's.
    fn connect(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int = -1
        // SAFETY: the application's own pointer and length.
        => connect::connect, when { unsafe { connect::concerns(fd, address, length) } }, keeps connect::Progress;
    /// As connect.
    fn __connect(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int = -1
        // SAFETY: the application's own pointer and length.
        => connect::connect, when { unsafe { connect::concerns(fd, address, length) } }, keeps connect::Progress;

    /// A datagram to an address that no route sends direct is refused; TCP Fast Open connects through the proxy.
    fn sendto(fd: c_int, bytes: *const c_void, count: size_t, flags: c_int, address: *const sockaddr, length: socklen_t) -> ssize_t = -1
        // SAFETY: the application's own pointer and length.
        => datagram::sendto, when { concerns(fd) || unsafe { datagram::leaves(address, length, flags) } }, keeps datagram::Progress;
    /// As sendto, for a message that names an address; a connecting socket is passed on once it is connected.
    fn sendmsg(fd: c_int, message: *const msghdr, flags: c_int) -> ssize_t = -1
        // SAFETY: the application's own pointer.
        => datagram::sendmsg, when { !message.is_null() && (concerns(fd) || unsafe { datagram::message_leaves(message, flags) }) }, keeps datagram::Progress;
    /// As sendto, for several messages: one that may not leave stops them all.
    fn sendmmsg(fd: c_int, messages: *mut mmsghdr, count: c_uint, flags: c_int) -> c_int = -1
        // SAFETY: the application's own messages.
        => datagram::sendmmsg, when { concerns(fd) || unsafe { datagram::any_leaves(messages, count, flags) } }, keeps datagram::Progress;
    /// A socket whose packets we would not see (packet sockets, SCTP, …) is refused.
    fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int = -1
        => datagram::socket, when { datagram::escapes(domain, kind, protocol) };
    /// Joining a multicast group sends packets: only where a route sends the group direct. UDP_SEGMENT and UDP_GRO are ours to
    /// do on a socket with targets behind a proxy.
    fn setsockopt(fd: c_int, level: c_int, name: c_int, value: *const c_void, length: socklen_t) -> c_int = -1
        => datagram::setsockopt, when { multicast::joins(level, name) || (association::is_offload(level, name) && association::concerns(fd)) };

    /// The target the application asked for, not the proxy.
    fn getpeername(fd: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int = -1
        => identity::getpeername, when { is_known(fd) };

    /// Where a listener waits at the proxy, the proxy's address; that of a socket that had to take an IPv4 socket's place is an
    /// IPv4 one; else the kernel's answer.
    fn getsockname(fd: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int = -1
        => identity::getsockname, when { is_known(fd) || callback::may_be_named(fd) }, keeps listen::Progress;
    /// SO_ERROR while the proxy is asked: 0; then the outcome, once. IPV6_V6ONLY, UDP_SEGMENT and UDP_GRO as the application set them.
    fn getsockopt(fd: c_int, level: c_int, name: c_int, value: *mut c_void, length: *mut socklen_t) -> c_int = -1
        => option::getsockopt, when { (option::tells_outcome(level, name) && concerns(fd)) || (option::is_ipv6_only(level, name) && is_known(fd)) || (association::is_offload(level, name) && association::concerns(fd)) };
    /// Ends an attempt that goes on, or the wait at a proxy.
    fn shutdown(fd: c_int, how: c_int) -> c_int = -1
        => option::shutdown, when { parking::concerns(fd) || callback::concerns(fd) };

    /// A port the kernel chose is remembered: its listener may wait for a call back.
    fn bind(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int = -1
        // SAFETY: the application's own pointer and length.
        => listen::bind, when { unsafe { listen::is_for_others(address, length) } };
    /// A listener that waits for a call back waits at the proxy, which is asked with BIND; all others stay here.
    fn listen(fd: c_int, backlog: c_int) -> c_int = -1
        => listen::listen, keeps listen::Progress;
    /// The call that came at the proxy, with the caller's address.
    fn accept(fd: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int = -1
        => listen::accept, when { callback::concerns(fd) }, keeps listen::Acceptance;
    /// As accept.
    fn accept4(fd: c_int, address: *mut sockaddr, length: *mut socklen_t, flags: c_int) -> c_int = -1
        => listen::accept4, when { callback::concerns(fd) }, keeps listen::Acceptance;
    /// FIONREAD on a socket with targets behind a proxy: what the next datagram has for the application.
    fn ioctl(fd: c_int, request: c_ulong, argument: usize) -> c_int = -1
        => option::ioctl, when { request == libc::FIONREAD && association::concerns(fd) };
    /// PR_SET_SECCOMP is noted: in a sandbox no descriptor is looked at that came with a message.
    fn prctl(option: c_int, a: usize, b: usize, c: usize, d: usize) -> c_int = -1
        => confine::prctl, when { option == libc::PR_SET_SECCOMP };

    /// Entries of a socket whose proxy is being asked are kept by us.
    fn epoll_ctl(epoll: c_int, operation: c_int, fd: c_int, event: *mut epoll_event) -> c_int = -1
        => epoll::epoll_ctl, when { parking::concerns(fd) }, notes epoll::note;
    /// A socket whose proxy is being asked shows nothing; the end of the dialogue wakes the sleeper.
    fn poll(entries: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int = -1
        => poll::poll, when { is_busy() }, keeps poll::Progress;
    /// As poll.
    fn __poll(entries: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int = -1
        => poll::poll, when { is_busy() }, keeps poll::Progress;
    /// As poll.
    fn __poll_chk(entries: *mut pollfd, count: nfds_t, timeout: c_int, room: size_t) -> c_int = -1
        => poll::poll_chk, when { is_busy() }, keeps poll::Progress;
    /// As poll.
    fn ppoll(entries: *mut pollfd, count: nfds_t, timeout: *const timespec, mask: *const sigset_t) -> c_int = -1
        => poll::ppoll, when { is_busy() }, keeps poll::Progress;
    /// As poll.
    fn __ppoll_chk(entries: *mut pollfd, count: nfds_t, timeout: *const timespec, mask: *const sigset_t, room: size_t) -> c_int = -1
        => poll::ppoll_chk, when { is_busy() }, keeps poll::Progress;
    /// As poll.
    fn select(count: c_int, readable: *mut fd_set, writable: *mut fd_set, exceptional: *mut fd_set, timeout: *mut timeval) -> c_int = -1
        => poll::select, when { is_busy() }, keeps poll::Progress;
    /// As poll.
    fn __select(count: c_int, readable: *mut fd_set, writable: *mut fd_set, exceptional: *mut fd_set, timeout: *mut timeval) -> c_int = -1
        => poll::select, when { is_busy() }, keeps poll::Progress;
    /// As poll.
    fn pselect(count: c_int, readable: *mut fd_set, writable: *mut fd_set, exceptional: *mut fd_set, timeout: *const timespec, mask: *const sigset_t) -> c_int = -1
        => poll::pselect, when { is_busy() }, keeps poll::Progress;

    /// A socket whose proxy is being asked is still connecting: EAGAIN, or sleep.
    fn read(fd: c_int, buffer: *mut c_void, count: size_t) -> ssize_t = -1
        => data::read, when { concerns(fd) }, keeps Pace, mends late::read;
    /// As read.
    fn __read(fd: c_int, buffer: *mut c_void, count: size_t) -> ssize_t = -1
        => data::read, when { concerns(fd) }, keeps Pace, mends late::read;
    /// As read.
    fn __read_chk(fd: c_int, buffer: *mut c_void, count: size_t, room: size_t) -> ssize_t = -1
        => data::read_chk, when { concerns(fd) }, keeps Pace, mends late::read_chk;
    /// As read.
    fn readv(fd: c_int, vector: *const iovec, count: c_int) -> ssize_t = -1
        => data::readv, when { concerns(fd) }, keeps Pace, mends late::readv;
    /// As read.
    fn preadv2(fd: c_int, vector: *const iovec, count: c_int, offset: off_t, flags: c_int) -> ssize_t = -1
        => data::preadv2, when { concerns(fd) }, keeps Pace;
    /// As read.
    fn preadv64v2(fd: c_int, vector: *const iovec, count: c_int, offset: off_t, flags: c_int) -> ssize_t = -1
        => data::preadv2, when { concerns(fd) }, keeps Pace;
    /// As write.
    fn pwritev2(fd: c_int, vector: *const iovec, count: c_int, offset: off_t, flags: c_int) -> ssize_t = -1
        => data::pwritev2, when { concerns(fd) }, keeps Pace;
    /// As write.
    fn pwritev64v2(fd: c_int, vector: *const iovec, count: c_int, offset: off_t, flags: c_int) -> ssize_t = -1
        => data::pwritev2, when { concerns(fd) }, keeps Pace;
    /// As read.
    fn recv(fd: c_int, buffer: *mut c_void, count: size_t, flags: c_int) -> ssize_t = -1
        => data::recv, when { concerns(fd) }, keeps Pace, mends late::recv;
    /// As read.
    fn __recv_chk(fd: c_int, buffer: *mut c_void, count: size_t, room: size_t, flags: c_int) -> ssize_t = -1
        => data::recv_chk, when { concerns(fd) }, keeps Pace, mends late::recv_chk;
    /// As read.
    fn recvfrom(fd: c_int, buffer: *mut c_void, count: size_t, flags: c_int, address: *mut sockaddr, length: *mut socklen_t) -> ssize_t = -1
        => data::recvfrom, when { concerns(fd) }, keeps Pace, mends late::recvfrom;
    /// As read.
    fn __recvfrom_chk(fd: c_int, buffer: *mut c_void, count: size_t, room: size_t, flags: c_int, address: *mut sockaddr, length: *mut socklen_t) -> ssize_t = -1
        => data::recvfrom_chk, when { concerns(fd) }, keeps Pace, mends late::recvfrom_chk;
    /// As read; a socket with targets behind a proxy that is received with it (SCM_RIGHTS) stays one.
    fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t = -1
        => data::recvmsg, when { concerns(fd) }, keeps Pace, mends late::recvmsg;
    /// As recvmsg.
    fn recvmmsg(fd: c_int, messages: *mut mmsghdr, count: c_uint, flags: c_int, timeout: *mut timespec) -> c_int = -1
        => data::recvmmsg, when { concerns(fd) }, keeps Pace, mends late::recvmmsg;
    /// As read: what is written early would end up in the dialogue with the proxy.
    fn write(fd: c_int, bytes: *const c_void, count: size_t) -> ssize_t = -1
        => data::write, when { concerns(fd) }, keeps Pace;
    /// As write.
    fn __write(fd: c_int, bytes: *const c_void, count: size_t) -> ssize_t = -1
        => data::write, when { concerns(fd) }, keeps Pace;
    /// As write.
    fn writev(fd: c_int, vector: *const iovec, count: c_int) -> ssize_t = -1
        => data::writev, when { concerns(fd) }, keeps Pace;
    /// As write.
    fn send(fd: c_int, bytes: *const c_void, count: size_t, flags: c_int) -> ssize_t = -1
        => data::send, when { concerns(fd) }, keeps Pace;
    /// As write.
    fn __send(fd: c_int, bytes: *const c_void, count: size_t, flags: c_int) -> ssize_t = -1
        => data::send, when { concerns(fd) }, keeps Pace;
    /// As write.
    fn sendfile(out: c_int, from: c_int, offset: *mut off_t, count: size_t) -> ssize_t = -1
        => data::sendfile, when { concerns(out) };
    /// As write.
    fn sendfile64(out: c_int, from: c_int, offset: *mut off_t, count: size_t) -> ssize_t = -1
        => data::sendfile, when { concerns(out) };
    /// As read and write.
    fn splice(from: c_int, from_offset: *mut loff_t, to: c_int, to_offset: *mut loff_t, count: size_t, flags: c_uint) -> ssize_t = -1
        => data::splice, when { concerns(from) || concerns(to) };

    /// What a stream writes to a socket with a target behind a proxy, it writes behind a header laid ready.
    fn fflush(stream: *mut FILE) -> c_int = libc::EOF
        => stream::fflush, when { association::any() };
    /// As fflush.
    fn fflush_unlocked(stream: *mut FILE) -> c_int = libc::EOF
        => stream::fflush, when { association::any() };

    /// A helper of ours that has done its work is gone first: a new user namespace is for single threads.
    fn unshare(flags: c_int) -> c_int = -1
        => thread::unshare, when { helper_may_exist() };

    /// A program that would bypass us is refused (or told of, with SOCKSIFY_ON_UNHOOKABLE=warn); one that would lose us by
    /// its environment gets us back.
    fn execve(path: *const c_char, words: *const *const c_char, variables: *const *const c_char) -> c_int = -1
        => exec::execve, keeps exec::Surroundings, acts exec::act_execve;
    /// As execve.
    fn execv(path: *const c_char, words: *const *const c_char) -> c_int = -1
        => exec::execv, keeps exec::Surroundings, acts exec::act_execv;
    /// As execve, for the file that the search finds.
    fn execvp(file: *const c_char, words: *const *const c_char) -> c_int = -1
        => exec::execvp, keeps exec::Surroundings, acts exec::act_execvp;
    /// As execvp.
    fn execvpe(file: *const c_char, words: *const *const c_char, variables: *const *const c_char) -> c_int = -1
        => exec::execvpe, keeps exec::Surroundings, acts exec::act_execvpe;
    /// As execve.
    fn fexecve(fd: c_int, words: *const *const c_char, variables: *const *const c_char) -> c_int = -1
        => exec::fexecve, keeps exec::Surroundings, acts exec::act_fexecve;
    /// As execve.
    fn execveat(directory: c_int, path: *const c_char, words: *const *mut c_char, variables: *const *mut c_char, flags: c_int) -> c_int = -1
        => exec::execveat, keeps exec::Surroundings, acts exec::act_execveat;
    /// As execve.
    fn posix_spawn(child: *mut pid_t, path: *const c_char, actions: *const posix_spawn_file_actions_t, attributes: *const posix_spawnattr_t, words: *const *mut c_char, variables: *const *mut c_char) -> c_int = libc::EACCES
        => exec::posix_spawn, keeps exec::Surroundings, acts exec::act_posix_spawn;
    /// As execvp.
    fn posix_spawnp(child: *mut pid_t, file: *const c_char, actions: *const posix_spawn_file_actions_t, attributes: *const posix_spawnattr_t, words: *const *mut c_char, variables: *const *mut c_char) -> c_int = libc::EACCES
        => exec::posix_spawnp, keeps exec::Surroundings, acts exec::act_posix_spawnp;
    /// As execve, for the shell, which libc starts past every hook: the application's own environment gets us back.
    fn system(command: *const c_char) -> c_int = -1
        => exec::system, acts exec::act_system;
    /// As system.
    fn popen(command: *const c_char, mode: *const c_char) -> *mut FILE = std::ptr::null_mut()
        => exec::popen, acts exec::act_popen;
    /// As system.
    fn wordexp(words: *const c_char, result: *mut c_void, flags: c_int) -> c_int = exec::WRDE_CMDSUB
        => exec::wordexp;

    /// What is known of the descriptor ends.
    fn close(fd: c_int) -> c_int = -1
        => descriptor::close, when { is_known(fd) };
    /// As close.
    fn __close(fd: c_int) -> c_int = -1
        => descriptor::close, when { is_known(fd) };
    /// What is known of the descriptor is known of its copy.
    fn dup(original: c_int) -> c_int = -1
        => descriptor::dup, when { is_known(original) }, notes descriptor::note_dup;
    /// As dup, and what was known of the descriptor replaced ends.
    fn dup2(original: c_int, copy: c_int) -> c_int = -1
        => descriptor::dup2, when { is_known(original) || is_known(copy) }, keeps Pace, notes descriptor::note_dup2;
    /// As dup2.
    fn __dup2(original: c_int, copy: c_int) -> c_int = -1
        => descriptor::dup2, when { is_known(original) || is_known(copy) }, keeps Pace, notes descriptor::note_dup2;
    /// As dup2.
    fn dup3(original: c_int, copy: c_int, flags: c_int) -> c_int = -1
        => descriptor::dup3, when { is_known(original) || is_known(copy) }, keeps Pace, notes descriptor::note_dup3;
    /// F_DUPFD and F_DUPFD_CLOEXEC copy as dup does.
    fn fcntl(fd: c_int, command: c_int, argument: usize) -> c_int = -1
        => descriptor::fcntl, when { descriptor::duplicates(command) && is_known(fd) }, notes descriptor::note_fcntl;
    /// As fcntl.
    fn fcntl64(fd: c_int, command: c_int, argument: usize) -> c_int = -1
        => descriptor::fcntl, when { descriptor::duplicates(command) && is_known(fd) }, notes descriptor::note_fcntl;
    /// As fcntl.
    fn __fcntl(fd: c_int, command: c_int, argument: usize) -> c_int = -1
        => descriptor::fcntl, when { descriptor::duplicates(command) && is_known(fd) }, notes descriptor::note_fcntl;

    /// A remote name gets a fake address that stands for it; only the proxy resolves it.
    fn getaddrinfo(node: *const c_char, service: *const c_char, hints: *const addrinfo, found: *mut *mut addrinfo) -> c_int = libc::EAI_FAIL
        => resolve::getaddrinfo;
    /// A fake address has its name; nobody is asked for the name of another.
    fn getnameinfo(address: *const sockaddr, length: socklen_t, host: *mut c_char, host_size: socklen_t, service: *mut c_char, service_size: socklen_t, flags: c_int) -> c_int = libc::EAI_FAIL
        => resolve::getnameinfo;
    /// As getaddrinfo, IPv4 only.
    fn gethostbyname(name: *const c_char) -> *mut hostent = std::ptr::null_mut()
        => host::gethostbyname;
    /// As getaddrinfo, one family.
    fn gethostbyname2(name: *const c_char, family: c_int) -> *mut hostent = std::ptr::null_mut()
        => host::gethostbyname2;
    /// As gethostbyname, for old programs.
    fn res_gethostbyname(name: *const c_char) -> *mut hostent = std::ptr::null_mut()
        => host::gethostbyname;
    /// As gethostbyname2, for old programs.
    fn res_gethostbyname2(name: *const c_char, family: c_int) -> *mut hostent = std::ptr::null_mut()
        => host::gethostbyname2;
    /// As gethostbyaddr, for old programs.
    fn res_gethostbyaddr(address: *const c_void, length: socklen_t, family: c_int) -> *mut hostent = std::ptr::null_mut()
        => host::gethostbyaddr;
    /// As gethostbyname, into the application's buffer.
    fn gethostbyname_r(name: *const c_char, result: *mut hostent, buffer: *mut c_char, size: size_t, found: *mut *mut hostent, h_errno: *mut c_int) -> c_int = libc::EACCES
        => host::gethostbyname_r;
    /// As gethostbyname2, into the application's buffer.
    fn gethostbyname2_r(name: *const c_char, family: c_int, result: *mut hostent, buffer: *mut c_char, size: size_t, found: *mut *mut hostent, h_errno: *mut c_int) -> c_int = libc::EACCES
        => host::gethostbyname2_r;
    /// As getnameinfo.
    fn gethostbyaddr(address: *const c_void, length: socklen_t, family: c_int) -> *mut hostent = std::ptr::null_mut()
        => host::gethostbyaddr;
    /// As gethostbyaddr, into the application's buffer.
    fn gethostbyaddr_r(address: *const c_void, length: socklen_t, family: c_int, result: *mut hostent, buffer: *mut c_char, size: size_t, found: *mut *mut hostent, h_errno: *mut c_int) -> c_int = libc::EACCES
        => host::gethostbyaddr_r;

    /// This host's identifier, computed from the address of its name; libc would ask a name server for that.
    fn gethostid() -> c_long = 0
        => local::gethostid;
    /// Refused where names belong to the proxy, unless networks are looked up in files only.
    fn getnetbyname(name: *const c_char) -> *mut netent = std::ptr::null_mut()
        => local::getnetbyname;
    /// As getnetbyname.
    fn getnetbyname_r(name: *const c_char, result: *mut netent, buffer: *mut c_char, size: size_t, found: *mut *mut netent, h_errno: *mut c_int) -> c_int = libc::EACCES
        => local::getnetbyname_r;
    /// As getnetbyname.
    fn getnetbyaddr(network: u32, kind: c_int) -> *mut netent = std::ptr::null_mut()
        => local::getnetbyaddr;
    /// As getnetbyname.
    fn getnetbyaddr_r(network: u32, kind: c_int, result: *mut netent, buffer: *mut c_char, size: size_t, found: *mut *mut netent, h_errno: *mut c_int) -> c_int = libc::EACCES
        => local::getnetbyaddr_r;
    /// Refused unless everything may pass: libc connects past every hook.
    fn rcmd(host: *mut *mut c_char, port: c_ushort, user: *const c_char, remote: *const c_char, command: *const c_char, second: *mut c_int) -> c_int = -1
        => local::rcmd;
    /// As rcmd.
    fn rcmd_af(host: *mut *mut c_char, port: c_ushort, user: *const c_char, remote: *const c_char, command: *const c_char, second: *mut c_int, family: sa_family_t) -> c_int = -1
        => local::rcmd_af;
    /// As rcmd.
    fn rexec(host: *mut *mut c_char, port: c_int, user: *const c_char, password: *const c_char, command: *const c_char, second: *mut c_int) -> c_int = -1
        => local::rexec;
    /// As rcmd.
    fn rexec_af(host: *mut *mut c_char, port: c_int, user: *const c_char, password: *const c_char, command: *const c_char, second: *mut c_int, family: sa_family_t) -> c_int = -1
        => local::rexec_af;
    /// As rcmd: it asks a name server about the host.
    fn ruserok(host: *const c_char, superuser: c_int, remote: *const c_char, user: *const c_char) -> c_int = -1
        => local::ruserok;
    /// As ruserok.
    fn ruserok_af(host: *const c_char, superuser: c_int, remote: *const c_char, user: *const c_char, family: sa_family_t) -> c_int = -1
        => local::ruserok_af;
    /// As ruserok.
    fn iruserok(address: u32, superuser: c_int, remote: *const c_char, user: *const c_char) -> c_int = -1
        => local::iruserok;
    /// As ruserok.
    fn iruserok_af(address: *const c_void, superuser: c_int, remote: *const c_char, user: *const c_char, family: sa_family_t) -> c_int = -1
        => local::iruserok_af;

    /// As getaddrinfo, before it returns; what is libc's to answer is left to its threads.
    fn getaddrinfo_a(mode: c_int, list: *mut *mut Gaicb, count: c_int, event: *mut sigevent) -> c_int = libc::EAI_FAIL
        => asynchronous::getaddrinfo_a;
    /// Answered by the name engine, as a query made by libc; a name with a direct route is libc's.
    fn res_query(name: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::query;
    /// As res_query.
    fn __res_query(name: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::query;
    /// As res_query.
    fn res_search(name: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::search;
    /// As res_query.
    fn __res_search(name: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::search;
    /// As res_query.
    fn res_querydomain(name: *const c_char, domain: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::querydomain;
    /// As res_query.
    fn __res_querydomain(name: *const c_char, domain: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::querydomain;
    /// Answered here, or by a name server that is asked through the proxy.
    fn res_send(query: *const c_uchar, length: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::send;
    /// Answered here, or by a name server that is asked through the proxy.
    fn __res_send(query: *const c_uchar, length: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::send;
    /// As res_query.
    fn res_nquery(state: *mut ResState, name: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::nquery;
    /// As res_query.
    fn __res_nquery(state: *mut ResState, name: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::nquery;
    /// As res_query.
    fn res_nsearch(state: *mut ResState, name: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::nsearch;
    /// As res_query.
    fn __res_nsearch(state: *mut ResState, name: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::nsearch;
    /// As res_query.
    fn res_nquerydomain(state: *mut ResState, name: *const c_char, domain: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::nquerydomain;
    /// As res_query.
    fn __res_nquerydomain(state: *mut ResState, name: *const c_char, domain: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::nquerydomain;
    /// Answered here, or by a name server that is asked through the proxy.
    fn res_nsend(state: *mut ResState, query: *const c_uchar, length: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::nsend;
    /// Answered here, or by a name server that is asked through the proxy.
    fn __res_nsend(state: *mut ResState, query: *const c_uchar, length: c_int, answer: *mut c_uchar, size: c_int) -> c_int = -1
        => query::nsend;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interposed() -> String {
        let mut text = String::from(
            "# Interposed symbols\n\nGenerated from the table in `libsocksify/src/hooks.rs` by its test \
             (`UPDATE=1 cargo test -p libsocksify`). The library exports these symbols and no others.\n\n\
             | symbol | decided in | what becomes of a call |\n|---|---|---|\n",
        );
        let syscall = Row {
            symbol: "syscall",
            body: "indirect",
            doc: "Sockets, connect, the sends and execs made through it are decided as by their own symbols; the rest jumps on.",
        };
        let dlsym = Row {
            symbol: "dlsym",
            body: "dlsym",
            doc: "Whoever would get libc's own definition of one of these symbols from a library, gets ours.",
        };
        let variadic = |symbol, doc| Row { symbol, body: "variadic", doc };
        let variadics = [
            variadic("execl", "As execv, with its words collected."),
            variadic("execle", "As execve, with its words collected."),
            variadic("execlp", "As execvp, with its words collected."),
        ];
        for row in ROWS.iter().chain([&syscall, &dlsym]).chain(&variadics) {
            let place = match row.body.replace(' ', "").split_once("::") {
                Some((file, function)) => format!("`calls/{file}.rs` `{function}`"),
                None => format!("`{}.rs`", row.body),
            };
            text += &format!("| `{}` | {place} | {} |\n", row.symbol, row.doc.trim());
        }
        text
    }

    #[test]
    fn interposed_md_is_the_table() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../INTERPOSED.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(file, interposed()).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(file).unwrap_or_default(),
            interposed(),
            "run UPDATE=1 cargo test"
        );
    }

    #[test]
    fn every_next_definition_is_found() {
        for row in ROWS {
            assert!(row.doc.trim().ends_with('.'), "{} has no sentence", row.symbol);
        }
        resolve_all();
    }
}

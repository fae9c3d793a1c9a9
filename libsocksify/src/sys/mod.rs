//! System calls on the application's sockets, by the next definitions: never through our own hooks.

mod connection;
mod descriptors;
mod options;
mod process;

use std::io;

use libc::c_int;

pub(crate) use connection::{
    Traffic, begin_connect, bind, connect_to, connected_to, disconnect, is_connected_still, is_listening,
    is_ready, is_ready_within, listen, own_address, receive, send, send_part, send_to, settle, tcp_socket,
    traffic, traffic_so_far,
};
pub(crate) use descriptors::{
    close, closes_on_exec, copies_of, copy_at, descriptor_table_size, duplicate_out_of_the_way, epoll,
    identity, is_in_epoll_set, is_nonblocking, moved, open_descriptors, set_close_on_exec, set_nonblocking,
    take_place, write_once,
};
pub(crate) use options::{
    Kind, acknowledge_at_once, cookie, copy_halved, copy_option, differs, family_stays_here, is_ipv6_only,
    low_water, pending_error, receive_timeout, send_timeout, set_ipv6_only, set_low_water, set_udp_option,
    udp_option,
};
pub(crate) use process::{
    host_name, is_alive, may_execute, may_read, our_file, random, some_handler_interrupts, uptime,
};

/// The result of a system call, with errno where it failed.
pub(crate) fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

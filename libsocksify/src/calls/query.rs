//! The resolver's raw queries, res_query(3) and its family: libc sends these past every hook. They are made as libc makes
//! them, answered by the name engine, and judged as libc judges answers.

use std::ffi::CStr;
use std::net::SocketAddr;
use std::{ptr, slice};

use libc::{c_char, c_int, c_uchar};
use socks_dns::Written;

use crate::engine::Failure;
use crate::ffi::{self, ResState};
use crate::interpose::Verdict;
use crate::res_state::{self, State};
use crate::{engine, resolver, search, sys};

/// Codes of answers; RFC 1035, 4.1.1.
const SERVFAIL: u8 = 2;
const NXDOMAIN: u8 = 3;
const NOTIMP: u8 = 4;
const REFUSED: u8 = 5;

/// The largest message there is; RFC 1035, 4.2.2.
const LARGEST: usize = 65_535;

/// A question to the resolver, and where the answer goes.
struct Question {
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    size: c_int,
}

/// res_query(3).
pub(crate) fn query(
    (): &mut (),
    name: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    size: c_int,
) -> Verdict<c_int> {
    if resolver::may_be_asked_for(text(name)) {
        return Verdict::Direct;
    }
    about(State::of_thread, name, Question { class, kind, answer, size }, Question::ask)
}

/// res_search(3).
pub(crate) fn search(
    (): &mut (),
    name: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    size: c_int,
) -> Verdict<c_int> {
    about(State::of_thread, name, Question { class, kind, answer, size }, Question::search)
}

/// res_querydomain(3).
pub(crate) fn querydomain(
    (): &mut (),
    name: *const c_char,
    domain: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    size: c_int,
) -> Verdict<c_int> {
    let question = Question { class, kind, answer, size };
    about(State::of_thread, name, question, |question, state, name| {
        question.ask_in(state, name, text(domain))
    })
}

/// res_send(3): a query already made, about whatever.
pub(crate) fn send(
    (): &mut (),
    query: *const c_uchar,
    length: c_int,
    answer: *mut c_uchar,
    size: c_int,
) -> Verdict<c_int> {
    sent(State::of_thread, query, length, answer, size)
}

/// res_nquery(3).
pub(crate) fn nquery(
    (): &mut (),
    state: *mut ResState,
    name: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    size: c_int,
) -> Verdict<c_int> {
    if resolver::may_be_asked_for(text(name)) {
        return Verdict::Direct;
    }
    // SAFETY: the application's own state.
    let state = || unsafe { State::of(state) };
    about(state, name, Question { class, kind, answer, size }, Question::ask)
}

/// res_nsearch(3).
pub(crate) fn nsearch(
    (): &mut (),
    state: *mut ResState,
    name: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    size: c_int,
) -> Verdict<c_int> {
    // SAFETY: the application's own state.
    let state = || unsafe { State::of(state) };
    about(state, name, Question { class, kind, answer, size }, Question::search)
}

/// res_nquerydomain(3).
pub(crate) fn nquerydomain(
    (): &mut (),
    state: *mut ResState,
    name: *const c_char,
    domain: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    size: c_int,
) -> Verdict<c_int> {
    // SAFETY: the application's own state.
    let state = || unsafe { State::of(state) };
    about(state, name, Question { class, kind, answer, size }, |question, state, name| {
        question.ask_in(state, name, text(domain))
    })
}

/// res_nsend(3).
pub(crate) fn nsend(
    (): &mut (),
    state: *mut ResState,
    query: *const c_uchar,
    length: c_int,
    answer: *mut c_uchar,
    size: c_int,
) -> Verdict<c_int> {
    // SAFETY: the application's own state.
    sent(|| unsafe { State::of(state) }, query, length, answer, size)
}

/// Answers a question about a name in the way that `ask` goes, unless all names are libc's to ask for.
fn about(
    state: impl FnOnce() -> Option<State>,
    name: *const c_char,
    question: Question,
    ask: impl FnOnce(&Question, &State, &[u8]) -> Result<c_int, Failure>,
) -> Verdict<c_int> {
    if resolver::is_local() || name.is_null() || question.answer.is_null() || question.size < 0 {
        return Verdict::Direct;
    }
    let Some(state) = state() else { return failure() };
    match ask(&question, &state, text(name)) {
        Ok(length) => Verdict::Done(length),
        Err(failure) => {
            state.set_h_errno(failure.h_errno());
            Verdict::Done(-1)
        }
    }
}

fn sent(
    state: impl FnOnce() -> Option<State>,
    query: *const c_uchar,
    length: c_int,
    answer: *mut c_uchar,
    size: c_int,
) -> Verdict<c_int> {
    if resolver::is_local() || query.is_null() || answer.is_null() {
        return Verdict::Direct;
    }
    let (Ok(length), 0..) = (usize::try_from(length), size) else {
        return Verdict::Fail(libc::EINVAL);
    };
    let Some(state) = state() else { return failure() };
    // SAFETY: the application's own pointer and length.
    let query = unsafe { slice::from_raw_parts(query, length) };
    match engine::answer(query, server(&state), LARGEST) {
        // SAFETY: the application's own buffer and its size.
        Some(found) => Verdict::Done(unsafe { copy(&found, answer, size) }),
        None => Verdict::Fail(libc::EINVAL),
    }
}

/// There is no state to work with.
fn failure() -> Verdict<c_int> {
    // SAFETY: the location is valid for the life of the thread.
    unsafe { *ffi::__h_errno_location() = Failure::Fatal.h_errno() };
    Verdict::Done(-1)
}

/// A string of the application's; nothing where there is none.
fn text<'a>(string: *const c_char) -> &'a [u8] {
    // SAFETY: null, or a string that lives as long as the call.
    if string.is_null() { &[] } else { unsafe { CStr::from_ptr(string) }.to_bytes() }
}

/// The name server that the application put into the state itself; what is in resolv.conf(5) is the engine's to judge.
fn server(state: &State) -> Option<SocketAddr> {
    state.server().filter(|server| !engine::is_configured(server.ip()))
}

impl Question {
    /// As res_query(3): the length of the answer, or why there is none.
    fn ask(&self, state: &State, name: &[u8]) -> Result<c_int, Failure> {
        let query = self.query(state, name).ok_or(Failure::Fatal)?;
        self.judge(&engine::answer(&query, server(state), LARGEST).ok_or(Failure::Fatal)?)
    }

    /// As res_querydomain(3): in a domain, or without one.
    fn ask_in(&self, state: &State, name: &[u8], domain: &[u8]) -> Result<c_int, Failure> {
        self.ask(state, &search::in_domain(name, domain)?)
    }

    /// As res_search(3). What is known without asking needs no domain; for the rest libc's order counts.
    fn search(&self, state: &State, name: &[u8]) -> Result<c_int, Failure> {
        let query = self.query(state, name).ok_or(Failure::Fatal)?;
        match engine::at_once(&query, LARGEST) {
            Some(known) => self.judge(&known),
            None => search::search(state, name, |name| self.ask(state, name)),
        }
    }

    /// The query that res_nmkquery(3) would make.
    fn query(&self, state: &State, name: &[u8]) -> Option<Vec<u8>> {
        let signatures = state.has(res_state::RES_USE_DNSSEC);
        let has_edns = signatures || state.has(res_state::RES_USE_EDNS0);
        let written = Written {
            id: sys::random(),
            name,
            class: u16::try_from(self.class).ok()?,
            kind: u16::try_from(self.kind).ok()?,
            recursion: state.has(res_state::RES_RECURSE),
            authentic: state.has(res_state::RES_TRUSTAD),
            edns: has_edns.then_some(signatures),
        };
        written.query()
    }

    /// Hands an answer over and says what it means; an answer without records is none.
    fn judge(&self, found: &[u8]) -> Result<c_int, Failure> {
        // SAFETY: the application's own buffer and its size.
        let length = unsafe { copy(found, self.answer, self.size) };
        let (Some(code), Some(records)) = (found.get(3), found.get(6..8)) else { return Err(Failure::Fatal) };
        match (code & 0xf, records) {
            (0, [0, 0]) => Err(Failure::NoData),
            (0, _) => Ok(length),
            (NXDOMAIN, _) => Err(Failure::NoName),
            // libc asks the next name server, and in the end has no answer.
            (SERVFAIL | NOTIMP | REFUSED, _) => Err(Failure::Again),
            _ => Err(Failure::Fatal),
        }
    }
}

/// Copies what there is room for; the rest counts for the length, and is said to be missing. Returns the length.
///
/// # Safety
/// `answer` has `size` writable bytes.
unsafe fn copy(found: &[u8], answer: *mut c_uchar, size: c_int) -> c_int {
    let copied = found.len().min(usize::try_from(size).unwrap_or(0));
    // SAFETY: no more bytes than the application's buffer and our answer both have.
    unsafe {
        ptr::copy_nonoverlapping(found.as_ptr(), answer, copied);
        if copied < found.len() && copied > 2 {
            *answer.add(2) |= TRUNCATED;
        }
    }
    c_int::try_from(found.len()).unwrap_or(c_int::MAX)
}

/// TC, in the third byte of a header; RFC 1035, 4.1.1.
const TRUNCATED: u8 = 0x02;

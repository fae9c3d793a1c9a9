//! Which names a name of the application's may be short for, and in which order they are tried: `search`, `domain` and `ndots`
//! of resolv.conf(5), and the environment's LOCALDOMAIN and RES_OPTIONS, as res_search(3) heeds them.

use crate::engine::Failure;
use crate::res_state::{RES_DEFNAMES, RES_DNSRCH, RES_NOTLDQUERY, State};

/// The longest text that libc takes for a name, with its NUL.
const MAXDNAME: usize = 1025;

/// The first answer to any of the names that `name` may mean, each asked for by `ask`; else the reason that libc would give.
pub(crate) fn search<T>(
    state: &State,
    name: &[u8],
    mut ask: impl FnMut(&[u8]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let dots = name.iter().filter(|byte| **byte == b'.').count();
    let is_complete = name.ends_with(b".");
    let is_first = is_complete || dots >= state.ndots();
    let mut as_it_is = None;
    if is_first {
        match ask(name) {
            Err(failure) if !is_complete => as_it_is = Some(failure),
            outcome => return outcome,
        }
    }
    let searches = state.has(if dots == 0 { RES_DEFNAMES } else { RES_DNSRCH });
    let in_domains = if searches { search_domains(state, name, &mut ask) } else { Err(Failure::NoName) };
    match (in_domains, as_it_is) {
        (Ok(found), _) => Ok(found),
        (Err(_), Some(first)) => Err(first),
        (Err(failure), None) if dots == 0 && searches && state.has(RES_NOTLDQUERY) => Err(failure),
        (Err(failure), None) => {
            ask(name).map_err(|last| if failure == Failure::NoName { last } else { failure })
        }
    }
}

/// The name in a domain, or without one where that is empty; res_querydomain(3).
pub(crate) fn in_domain(name: &[u8], domain: &[u8]) -> Result<Vec<u8>, Failure> {
    if name.len() + domain.len() + 2 > MAXDNAME {
        return Err(Failure::Fatal);
    }
    Ok(if domain.is_empty() { name.to_vec() } else { [name, domain].join(&b'.') })
}

/// The first domain that has the name; else what is worth most to know of those that lack it.
fn search_domains<T>(
    state: &State,
    name: &[u8],
    ask: &mut impl FnMut(&[u8]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut worst = Failure::NoName;
    for domain in state.search() {
        let domain = domain.strip_suffix(b".").unwrap_or(&domain);
        match in_domain(name, domain).and_then(|name| ask(&name)) {
            Ok(found) => return Ok(found),
            Err(Failure::NoName) => {}
            Err(Failure::NoData) => worst = Failure::NoData,
            Err(Failure::Again) if worst == Failure::NoData => {}
            Err(Failure::Again) => worst = Failure::Again,
            Err(Failure::Fatal) => return Err(Failure::Fatal),
        }
        if !state.has(RES_DNSRCH) {
            break;
        }
    }
    Err(worst)
}

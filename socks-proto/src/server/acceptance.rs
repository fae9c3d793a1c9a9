//! What a proxy is willing to speak.

use crate::socks5::Method;

/// The versions and methods a proxy accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// SOCKS4 and 4a, which know no password. Where they are not accepted, requests in them are rejected by a reply.
    pub socks4: bool,
    /// SOCKS5.
    pub socks5: bool,
    /// The methods of SOCKS5 in order of preference; those whose exchange is unknown here are passed over.
    pub methods: &'static [Method],
}

impl Acceptance {
    /// Everybody, in every version.
    pub const ANYONE: Self = Self { socks4: true, socks5: true, methods: &[Method::NONE] };

    /// Only those who have a user name and a password.
    pub const USERS: Self = Self { socks4: false, socks5: true, methods: &[Method::USERNAME_PASSWORD] };

    /// The most preferred of the methods offered.
    pub(super) fn choose(&self, offered: &[u8]) -> Option<Method> {
        let runs = |method: &Method| matches!(*method, Method::NONE | Method::USERNAME_PASSWORD);
        self.methods.iter().copied().filter(runs).find(|method| offered.contains(&method.0))
    }
}

//! What a name and a password prove: which of the methods that ask for them are satisfied.

use std::net::IpAddr;

use socks_conf::sockd::{Method, Methods};

use crate::options::Options;

/// The methods by which a user has shown who he is, and the services of PAM that have accepted him.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) methods: Methods,
    pub(crate) services: Vec<String>,
}

impl Proof {
    /// Asks everybody who may be asked.
    pub(crate) async fn of(options: &Options, name: &[u8], password: &[u8], from: IpAddr) -> Proof {
        let mut proof = Proof::default();
        for method in options.methods() {
            match method {
                Method::Username => {
                    if options.users.accept(name, password).await {
                        proof.methods.insert(Method::Username);
                    }
                }
                Method::PamUsername => {
                    proof.services = services(options, name, password, from).await;
                    if !proof.services.is_empty() {
                        proof.methods.insert(Method::PamUsername);
                    }
                }
                Method::None | Method::Rfc931 => {}
            }
        }
        proof
    }

    /// Whether it proves anything.
    pub(crate) fn is_any(&self) -> bool {
        !self.methods.is_empty()
    }
}

/// The services that accept the user, of those that rules name.
async fn services(options: &Options, name: &[u8], password: &[u8], from: IpAddr) -> Vec<String> {
    let mut accepting = Vec::new();
    for service in options.rules.iter().flat_map(|rules| rules.pam_services()) {
        if accepts(service, name, password, from).await {
            accepting.push(service.to_owned());
        }
    }
    accepting
}

#[cfg(feature = "pam")]
use crate::pam::accepts;

/// Nobody is accepted by what is not built in.
#[cfg(not(feature = "pam"))]
async fn accepts(_: &str, _: &[u8], _: &[u8], _: IpAddr) -> bool {
    false
}

//! Passwords of which only a hash is kept: Argon2id, in the PHC string format.
//!
//! A hash takes tens of milliseconds and megabytes on purpose, so they are made on threads of their own, as many at a
//! time as there are processors. What was right once is remembered by a keyed digest, and costs nothing the next time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::available_parallelism;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, try_generate_salt};
use blake2::Blake2sMac256;
use blake2::digest::{KeyInit, Mac};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// The hash of a password.
#[derive(Clone)]
pub(crate) struct Hashed(Arc<PasswordHash>);

impl Hashed {
    /// Reads a hash, if it is one that can be verified.
    pub(crate) fn parse(text: &str) -> Option<Hashed> {
        let hash = PasswordHash::new(text).ok()?;
        let known = ["argon2id", "argon2i", "argon2d"].contains(&hash.algorithm.as_str());
        (known && hash.salt.is_some() && hash.hash.is_some()).then(|| Hashed(Arc::new(hash)))
    }

    fn is_of(&self, password: &[u8]) -> bool {
        Argon2::default().verify_password(password, self.0.as_ref()).is_ok()
    }
}

/// The hash to store for a password; `None` if the system has no random bytes for the salt.
pub fn hash(password: &str) -> Option<String> {
    Argon2::default().hash_password(password.as_bytes()).ok().map(|hash| hash.to_string())
}

/// The name and password pairs that were right, by digests under a key that nobody knows.
pub(crate) struct Verified {
    key: Option<[u8; 16]>,
    digests: Mutex<HashMap<Vec<u8>, Digest>>,
    places: Semaphore,
}

type Digest = [u8; 32];

impl Default for Verified {
    fn default() -> Verified {
        let places = available_parallelism().map_or(1, usize::from);
        Verified { key: try_generate_salt().ok(), digests: Mutex::default(), places: Semaphore::new(places) }
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verified(...)")
    }
}

impl Verified {
    /// Whether one of the hashes is that of the password. Where there is none, one is made up: the duration tells no
    /// names.
    pub(crate) async fn accept(&self, name: &[u8], password: &[u8], hashes: Vec<Hashed>) -> bool {
        let digest = self.key.and_then(|key| digest(&key, name, password));
        if digest.is_some_and(|digest| self.is_known(name, &digest)) {
            return true;
        }
        let Ok(_place) = self.places.acquire().await else { return false };
        let password = password.to_vec();
        let accepted = spawn_blocking(move || is_one_of(&hashes, &password)).await.unwrap_or(false);
        if let (true, Some(digest)) = (accepted, digest) {
            self.digests.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_vec(), digest);
        }
        accepted
    }

    fn is_known(&self, name: &[u8], digest: &Digest) -> bool {
        let digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        digests.get(name).is_some_and(|known| known.ct_eq(digest).into())
    }
}

fn is_one_of(hashes: &[Hashed], password: &[u8]) -> bool {
    match nobody() {
        Some(nobody) if hashes.is_empty() => {
            nobody.is_of(password);
            false
        }
        // Not short-circuited: which of two passwords it was is nobody's business either.
        _ => hashes.iter().fold(false, |any, hash| hash.is_of(password) | any),
    }
}

/// A hash that no password has.
fn nobody() -> Option<&'static Hashed> {
    static NOBODY: OnceLock<Option<Hashed>> = OnceLock::new();
    let make = || {
        let salt = try_generate_salt().ok()?;
        let secret = salt.map(char::from).iter().collect::<String>();
        Hashed::parse(&hash(&secret)?)
    };
    NOBODY.get_or_init(make).as_ref()
}

fn digest(key: &[u8; 16], name: &[u8], password: &[u8]) -> Option<Digest> {
    let mut mac = Blake2sMac256::new_from_slice(key).ok()?;
    mac.update(&(name.len() as u64).to_be_bytes());
    mac.update(name);
    mac.update(password);
    Some(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hash_has_a_salt_of_its_own() {
        let (one, two) = (hash("secret").unwrap(), hash("secret").unwrap());
        assert_ne!(one, two);
        assert!(one.starts_with("$argon2id$v=19$"), "{one}");
        assert!(Hashed::parse(&one).unwrap().is_of(b"secret"));
        assert!(!Hashed::parse(&one).unwrap().is_of(b"Secret"));
    }

    #[test]
    fn hashes_of_other_programs_are_read() {
        // argon2 -id -t 2 -m 16 -p 4 of the reference implementation: password "password", salt "somesalt".
        let text = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(Hashed::parse(text).unwrap().is_of(b"password"));
    }

    #[test]
    fn a_digest_depends_on_everything() {
        let of = |name: &[u8], password: &[u8]| digest(&[7; 16], name, password);
        assert_eq!(of(b"ab", b"c"), of(b"ab", b"c"));
        assert_ne!(of(b"ab", b"c"), of(b"a", b"bc"));
        assert_ne!(of(b"ab", b"c"), digest(&[8; 16], b"ab", b"c"));
    }
}

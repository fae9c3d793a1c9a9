//! The pair of RFC 1929: what fits its two length bytes, and nothing that prints the password.

use crate::bytes::Bytes;
use std::fmt;

/// A user name and a password, each of 1 to 255 bytes (RFC 1929).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    username: Bytes<255>,
    password: Bytes<255>,
}

/// Why a pair cannot be sent; a longer field must not be cut.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialsError {
    /// The user name has so many bytes, not 1 to 255.
    UsernameLength(usize),
    /// The password has so many bytes, not 1 to 255.
    PasswordLength(usize),
}

impl Credentials {
    /// Takes the bytes as they are: RFC 1929 names no character set.
    pub fn new(username: &[u8], password: &[u8]) -> Result<Self, CredentialsError> {
        let username = field(username).ok_or(CredentialsError::UsernameLength(username.len()))?;
        let password = field(password).ok_or(CredentialsError::PasswordLength(password.len()))?;
        Ok(Self { username, password })
    }

    /// The user name.
    pub fn username(&self) -> &[u8] {
        self.username.as_bytes()
    }

    /// The password.
    pub fn password(&self) -> &[u8] {
        self.password.as_bytes()
    }
}

fn field(bytes: &[u8]) -> Option<Bytes<255>> {
    if bytes.is_empty() { None } else { Bytes::new(bytes) }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, len) = match self {
            Self::UsernameLength(len) => ("user name", len),
            Self::PasswordLength(len) => ("password", len),
        };
        write!(f, "a {field} has 1 to 255 bytes, this one has {len}")
    }
}

impl std::error::Error for CredentialsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_two_fields_of_1_to_255_bytes() {
        use CredentialsError::{PasswordLength, UsernameLength};
        let lengths = |user, password| Credentials::new(&vec![b'u'; user], &vec![b'p'; password]).err();
        assert_eq!(lengths(1, 1), None);
        assert_eq!(lengths(255, 255), None);
        assert_eq!(lengths(0, 1), Some(UsernameLength(0)));
        assert_eq!(lengths(1, 0), Some(PasswordLength(0)));
        assert_eq!(lengths(256, 1), Some(UsernameLength(256)));
        assert_eq!(lengths(1, 256), Some(PasswordLength(256)));
    }

    #[test]
    fn does_not_show_the_password() {
        let credentials = Credentials::new(b"bob", b"secret").unwrap();
        assert_eq!((credentials.username(), credentials.password()), (&b"bob"[..], &b"secret"[..]));
        assert_eq!(format!("{credentials:?}"), r#"Credentials { username: "bob", .. }"#);
    }
}

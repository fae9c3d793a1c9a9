//! Who may use the proxy by name and password (RFC 1929), and the comparison that gives nothing away by its duration.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use subtle::{Choice, ConstantTimeEq};

use crate::hashed::{Hashed, Verified};

/// One user: a name without a colon and a password, each of 1 to 255 bytes, written `NAME:PASSWORD`; in place of the
/// password there may be its hash, as `socksd --hash-password` prints it.
#[derive(Clone)]
pub struct User {
    name: Vec<u8>,
    password: Password,
}

#[derive(Clone)]
enum Password {
    Plain(Vec<u8>),
    Hashed(Hashed),
}

impl User {
    fn matches(&self, name: &[u8], password: &[u8]) -> Choice {
        match &self.password {
            Password::Plain(ours) => self.name.ct_eq(name) & ours.ct_eq(password),
            Password::Hashed(_) => Choice::from(0),
        }
    }

    fn hashed(&self) -> Option<&Hashed> {
        match &self.password {
            Password::Hashed(hashed) => Some(hashed),
            Password::Plain(_) => None,
        }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({}, ...)", self.name.escape_ascii())
    }
}

impl FromStr for User {
    type Err = UserError;

    fn from_str(text: &str) -> Result<User, UserError> {
        let (name, password) = text.split_once(':').ok_or(UserError::Colon)?;
        if !(1..=255).contains(&name.len()) {
            return Err(UserError::NameLength);
        }
        if !(1..=255).contains(&password.len()) {
            return Err(UserError::PasswordLength);
        }
        let password = match password.starts_with("$argon2") {
            true => Password::Hashed(Hashed::parse(password).ok_or(UserError::Hash)?),
            false => Password::Plain(password.into()),
        };
        Ok(User { name: name.into(), password })
    }
}

/// The users of the proxy; without any, no password is asked for.
#[derive(Clone, Debug, Default)]
pub struct Users {
    list: Vec<User>,
    verified: Arc<Verified>,
}

impl Users {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds one user; a second password for the same name is one more that is accepted.
    pub fn add(&mut self, user: User) {
        self.list.push(user);
    }

    /// Adds the users of a file's text: one `NAME:PASSWORD` a line; empty lines and lines that begin with `#` are skipped.
    ///
    /// The error names the line, counted from 1.
    pub fn add_lines(&mut self, text: &str) -> Result<(), (usize, UserError)> {
        for (number, line) in (1..).zip(text.lines()) {
            if !line.trim().is_empty() && !line.starts_with('#') {
                self.add(line.parse().map_err(|error| (number, error))?);
            }
        }
        Ok(())
    }

    /// Whether a user has this name and this password. Every user is compared, so that the duration tells no names;
    /// hashes are made on threads of their own, for they take a while.
    pub(crate) async fn accept(&self, name: &[u8], password: &[u8]) -> bool {
        let plain = self.list.iter().fold(Choice::from(0), |any, user| any | user.matches(name, password));
        if plain.into() || !self.list.iter().any(|user| user.hashed().is_some()) {
            return plain.into();
        }
        let theirs = self.list.iter().filter(|user| user.name == name);
        let hashes = theirs.filter_map(User::hashed).cloned().collect();
        self.verified.accept(name, password, hashes).await
    }
}

/// Why a text is not a [`User`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserError {
    /// There is no colon between name and password.
    Colon,
    /// The name is empty or longer than 255 bytes.
    NameLength,
    /// The password is empty or longer than 255 bytes.
    PasswordLength,
    /// What begins like a hash is none that can be used.
    Hash,
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UserError::Colon => "expected NAME:PASSWORD, found no colon",
            UserError::NameLength => "expected a name of 1 to 255 bytes before the colon",
            UserError::PasswordLength => "expected a password of 1 to 255 bytes after the colon",
            UserError::Hash => "expected a password, or a hash as socksd --hash-password prints it",
        })
    }
}

impl std::error::Error for UserError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn accepts_the_exact_pair_only() {
        let mut users = Users::default();
        users.add("alice:secret".parse().unwrap());
        users.add("bob:a:b".parse().unwrap());
        assert!(users.accept(b"alice", b"secret").await);
        assert!(users.accept(b"bob", b"a:b").await);
        assert!(!users.accept(b"alice", b"a:b").await);
        assert!(!users.accept(b"alice", b"secre").await);
        assert!(!users.accept(b"alice", b"secrets").await);
        assert!(!users.accept(b"", b"").await);
        assert!(!Users::default().accept(b"alice", b"secret").await);
    }

    #[tokio::test]
    async fn lines_may_be_empty_or_comments() {
        let mut users = Users::default();
        users.add_lines("# staff\n\nalice:secret\nzo\u{eb}:p\u{e4}s\n").unwrap();
        assert!(users.accept("zo\u{eb}".as_bytes(), "p\u{e4}s".as_bytes()).await);
        assert_eq!(users.add_lines("a:b\nnobody\n"), Err((2, UserError::Colon)));
    }

    #[test]
    fn lengths_are_those_of_the_wire() {
        assert_eq!(":x".parse::<User>().map(drop), Err(UserError::NameLength));
        assert_eq!("x:".parse::<User>().map(drop), Err(UserError::PasswordLength));
        assert!(format!("{}:{}", "n".repeat(255), "p".repeat(255)).parse::<User>().is_ok());
        assert!(format!("{}:p", "n".repeat(256)).parse::<User>().is_err());
    }

    #[tokio::test]
    async fn hashes_are_accepted_in_place_of_passwords() {
        let mut users = Users::default();
        users.add(format!("alice:{}", crate::hashed::hash("secret").unwrap()).parse().unwrap());
        users.add("bob:plain".parse().unwrap());
        // Twice, for the second time it is remembered.
        assert!(users.accept(b"alice", b"secret").await && users.accept(b"alice", b"secret").await);
        assert!(!users.accept(b"alice", b"wrong").await);
        assert!(!users.accept(b"bob", b"secret").await);
        assert!(!users.accept(b"carol", b"secret").await);
        assert!(users.accept(b"bob", b"plain").await);
        assert_eq!("a:$argon2id$nonsense".parse::<User>().map(drop), Err(UserError::Hash));
        let unknown = "a:$argon2x$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";
        assert_eq!(unknown.parse::<User>().map(drop), Err(UserError::Hash));
    }

    #[test]
    fn debug_hides_the_password() {
        let user: User = "alice:secret".parse().unwrap();
        assert!(!format!("{user:?}").contains("secret"));
    }
}

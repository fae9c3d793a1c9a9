//! Who may use the proxy by name and password (RFC 1929), and the comparison that gives nothing away by its duration.

use std::fmt;
use std::str::FromStr;

use subtle::{Choice, ConstantTimeEq};

/// One user: a name without a colon and a password, each of 1 to 255 bytes, written `NAME:PASSWORD`.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    name: Vec<u8>,
    password: Vec<u8>,
}

impl User {
    fn matches(&self, name: &[u8], password: &[u8]) -> Choice {
        self.name.ct_eq(name) & self.password.ct_eq(password)
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
        Ok(User { name: name.into(), password: password.into() })
    }
}

/// The users of the proxy; without any, no password is asked for.
#[derive(Clone, Debug, Default)]
pub struct Users(Vec<User>);

impl Users {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one user; a second password for the same name is one more that is accepted.
    pub fn add(&mut self, user: User) {
        self.0.push(user);
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

    /// Whether a user has this name and this password. Every user is compared, so that the duration tells no names.
    pub(crate) fn accept(&self, name: &[u8], password: &[u8]) -> bool {
        let any = self.0.iter().fold(Choice::from(0), |any, user| any | user.matches(name, password));
        any.into()
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
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UserError::Colon => "expected NAME:PASSWORD, found no colon",
            UserError::NameLength => "expected a name of 1 to 255 bytes before the colon",
            UserError::PasswordLength => "expected a password of 1 to 255 bytes after the colon",
        })
    }
}

impl std::error::Error for UserError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_exact_pair_only() {
        let mut users = Users::default();
        users.add("alice:secret".parse().unwrap());
        users.add("bob:a:b".parse().unwrap());
        assert!(users.accept(b"alice", b"secret"));
        assert!(users.accept(b"bob", b"a:b"));
        assert!(!users.accept(b"alice", b"a:b"));
        assert!(!users.accept(b"alice", b"secre"));
        assert!(!users.accept(b"alice", b"secrets"));
        assert!(!users.accept(b"", b""));
        assert!(!Users::default().accept(b"alice", b"secret"));
    }

    #[test]
    fn lines_may_be_empty_or_comments() {
        let mut users = Users::default();
        users.add_lines("# staff\n\nalice:secret\nzo\u{eb}:p\u{e4}s\n").unwrap();
        assert!(users.accept("zo\u{eb}".as_bytes(), "p\u{e4}s".as_bytes()));
        assert_eq!(users.add_lines("a:b\nnobody\n"), Err((2, UserError::Colon)));
    }

    #[test]
    fn lengths_are_those_of_the_wire() {
        assert_eq!(":x".parse::<User>(), Err(UserError::NameLength));
        assert_eq!("x:".parse::<User>(), Err(UserError::PasswordLength));
        assert!(format!("{}:{}", "n".repeat(255), "p".repeat(255)).parse::<User>().is_ok());
        assert!(format!("{}:p", "n".repeat(256)).parse::<User>().is_err());
    }

    #[test]
    fn debug_hides_the_password() {
        let user: User = "alice:secret".parse().unwrap();
        assert!(!format!("{user:?}").contains("secret"));
    }
}

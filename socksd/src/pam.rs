//! Asks PAM whether a name and a password are those of a user (pam(7)).
//!
//! The modules of a service may take their time, on purpose too, and run with the rights the process has: those of
//! system accounts want root.

use std::ffi::{OsStr, OsString};
use std::net::IpAddr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::{Arc, LazyLock};

use log::debug;
use nonstick::items::ItemsMut;
use nonstick::{AuthnFlags, ConversationAdapter, PamShared, Result, Transaction, TransactionBuilder};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::record::Word;

/// Questions at a time: each holds a thread, of which name lookups need some, too.
const MOST: usize = 64;

/// Whether this service of PAM accepts the user, and his account is valid.
pub(crate) async fn accepts(service: &str, name: &[u8], password: &[u8], from: IpAddr) -> bool {
    static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MOST)));
    // PAM takes strings of C.
    if [service.as_bytes(), name, password].iter().any(|word| word.contains(&0)) {
        return false;
    }
    let Ok(place) = Arc::clone(&PLACES).acquire_owned().await else { return false };
    let question = Question { service: service.to_owned(), name: name.to_vec(), password: password.to_vec() };
    let asked = spawn_blocking(move || {
        let answer = question.ask(from);
        // Not before: who waits may have gone away, but the thread is in use.
        drop(place);
        answer.inspect_err(|error| {
            debug!("PAM: {} for user {}: {error}", question.service, Word(&question.name))
        })
    });
    matches!(asked.await, Ok(Ok(())))
}

struct Question {
    service: String,
    name: Vec<u8>,
    password: Vec<u8>,
}

impl Question {
    fn ask(&self, from: IpAddr) -> Result<()> {
        let answers = Answers {
            name: OsString::from_vec(self.name.clone()),
            password: OsString::from_vec(self.password.clone()),
        };
        let mut transaction = TransactionBuilder::new_with_service(&self.service)
            .username(OsStr::from_bytes(&self.name))
            .build(answers.into_conversation())?;
        transaction.items_mut().set_remote_host(Some(OsStr::new(&from.to_string())))?;
        transaction.authenticate(AuthnFlags::SILENT)?;
        transaction.account_management(AuthnFlags::SILENT)
    }
}

/// Gives the name where what is typed would be seen, the password where it would not.
struct Answers {
    name: OsString,
    password: OsString,
}

impl ConversationAdapter for Answers {
    fn prompt(&self, _: impl AsRef<OsStr>) -> Result<OsString> {
        Ok(self.name.clone())
    }

    fn masked_prompt(&self, _: impl AsRef<OsStr>) -> Result<OsString> {
        Ok(self.password.clone())
    }

    fn error_msg(&self, message: impl AsRef<OsStr>) {
        debug!("PAM: {}", Word(message.as_ref().as_bytes()));
    }

    fn info_msg(&self, message: impl AsRef<OsStr>) {
        self.error_msg(message);
    }
}

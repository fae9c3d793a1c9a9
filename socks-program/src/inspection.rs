//! A program's file is looked into, and what interprets it, until there is a judgement.

use crate::bypass::{Bypass, Suspect};
use crate::file::{File, Place};
use crate::format::Format;
use crate::image::Image;
use crate::privilege::{Caller, Status};
use crate::script::Interpreter;
use crate::text::Text;
use crate::{search, sys};
use std::ffi::CStr;
use std::io;
use std::ops::ControlFlow;

/// Scripts interpreted by scripts: as many as the kernel follows.
pub(crate) const MOST_INTERPRETERS: usize = 4;

/// As many bytes as the kernel looks at to tell what a file is.
const BINPRM_BUF_SIZE: usize = 256;

/// What would become of a program's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// They pass through the preloaded library.
    Passes,
    /// There will be none: the program, or what is to interpret it, is not there.
    Absent,
    /// The kernel will not execute it, as it is a text that says nothing of an interpreter.
    Text,
    /// They would go past the library.
    Bypasses(Suspect),
}

/// How to look.
#[derive(Debug, Clone, Copy)]
pub struct Inspection<'a> {
    /// Who executes the program.
    pub caller: Caller,
    /// Where env(1) would find what a script asks it for; `None` leaves that to env.
    pub search_path: Option<&'a [u8]>,
    /// A text without an interpreter is handed to the shell, as execvp(3) does.
    pub shell_reads_texts: bool,
}

const SHELL: &CStr = c"/bin/sh";

impl Inspection<'_> {
    /// Judges a program.
    pub fn judge(&self, place: Place<'_>) -> Judgement {
        self.look(place, None, 0)
    }

    /// `interpreter` is what the place is called, where it is not the program itself.
    fn look(&self, place: Place<'_>, interpreter: Option<&CStr>, level: usize) -> Judgement {
        let suspect = |bypass| {
            let interpreter = interpreter.map(|path| Text::new(path.to_bytes()));
            Judgement::Bypasses(Suspect { interpreter, bypass })
        };
        if level > MOST_INTERPRETERS {
            return suspect(Bypass::Interpreters);
        }
        let (file, status) = match File::open(place) {
            Ok(Some(opened)) => opened,
            Ok(None) => return Judgement::Absent,
            Err(error) if is_absence(&error) => return Judgement::Absent,
            Err(error) => return suspect(Bypass::Unreadable(error.raw_os_error().unwrap_or(libc::EIO))),
        };
        if let Some(format) = Format::of(file.head()) {
            return self.binary(&file, &status, format).map_or(Judgement::Passes, suspect);
        }
        let head = file.head().get(..BINPRM_BUF_SIZE).unwrap_or(file.head());
        if let Some(script) = Interpreter::of(head) {
            let path = Text::new(script.path);
            let started = script.started_by_env().map(Text::new);
            drop(file);
            return self.script(&path, started.as_ref(), level + 1);
        }
        if head.contains(&0) {
            return suspect(Bypass::Malformed);
        }
        drop(file);
        if self.shell_reads_texts { self.look(SHELL.into(), Some(SHELL), level + 1) } else { Judgement::Text }
    }

    /// A script is what its interpreter is; env(1) starts another one.
    fn script(&self, path: &Text, started_by_env: Option<&Text>, level: usize) -> Judgement {
        let path = path.as_c_str();
        let judgement = self.look(path.into(), Some(path), level);
        match (judgement, started_by_env, self.search_path) {
            (Judgement::Passes, Some(name), Some(search_path)) => self.started(name, search_path, level),
            _ => judgement,
        }
    }

    #[inline(never)]
    fn started(&self, name: &Text, search_path: &[u8], level: usize) -> Judgement {
        let judge = |path: &CStr| match sys::may_execute(path) {
            Ok(()) => ControlFlow::Break(self.look(path.into(), Some(path), level)),
            Err(_) => ControlFlow::Continue(()),
        };
        search::try_each(search_path, name.as_bytes(), judge).unwrap_or(Judgement::Passes)
    }

    fn binary(&self, file: &File, status: &Status, format: Format) -> Option<Bypass> {
        if format != Format::OURS {
            return Some(Bypass::Machine { is: format, ours: Format::OURS });
        }
        self.distrusted(file, status).or_else(|| match Image::read(file) {
            Ok(image) => unhookable(&image),
            Err(_) => Some(file.fault().map_or(Bypass::Malformed, Bypass::Unreadable)),
        })
    }

    /// The reason why the loader would distrust the environment of this program, if it would.
    fn distrusted(&self, file: &File, status: &Status) -> Option<Bypass> {
        if self.caller.differs() {
            return Some(Bypass::DifferentIds);
        }
        let has_capabilities = || self.caller.gains_by_capabilities() && file.has_capabilities();
        let gain = self.caller.gain(status).or_else(|| has_capabilities().then_some(Bypass::Capabilities))?;
        (!sys::no_new_privileges() && !file.is_nosuid()).then_some(gain)
    }
}

fn unhookable(image: &Image) -> Option<Bypass> {
    if !image.is_loadable {
        return Some(Bypass::Malformed);
    }
    if image.holds_go {
        return Some(Bypass::Go);
    }
    match &image.loader {
        None => Some(Bypass::Static),
        Some(loader) if is_glibc(loader) => None,
        Some(loader) => Some(Bypass::Loader(*loader)),
    }
}

/// The loaders of the GNU C library, whose symbols and versions our library is linked against.
fn is_glibc(loader: &Text) -> bool {
    let name = loader.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    [&b"ld-linux"[..], b"ld64.so", b"ld.so"].iter().any(|prefix| name.starts_with(prefix))
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR))
}

//! Would a program's connections pass through a preloaded library? Decided before it runs, from the first bytes of its
//! file, its mode and its attributes; scripts are followed down to what interprets them.
//!
//! The command asks before it starts its program, the preloaded library before each exec(2) of that program: both go by
//! the judgement made here. The library asks in processes that may neither allocate nor lock, so nothing here does, and
//! no byte of a file is trusted.
#![deny(unsafe_code)]
#![allow(clippy::large_enum_variant, reason = "a judgement may be made where nothing can be allocated")]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic)
)]

mod bypass;
mod file;
mod format;
mod image;
mod inspection;
mod privilege;
mod script;
pub mod search;
#[allow(unsafe_code)]
mod sys;
mod text;

pub use bypass::{Bypass, Suspect};
pub use file::{File, Place};
pub use format::Format;
pub use image::{Bytes, Image, Malformed};
pub use inspection::{Inspection, Judgement};
pub use privilege::{Caller, Status};
pub use script::Interpreter;
pub use sys::may_execute;
pub use text::Text;

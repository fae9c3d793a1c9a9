//! Whole dialogues: scripted ones in every split and truncation, the two roles against each other, and hostile bytes.

mod client;
mod hostile;
mod pair;
mod script;
mod server;
mod vector;

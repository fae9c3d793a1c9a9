//! socksify as it is called: its messages, its exit statuses, and what the command gets to see.

mod attended;
mod check;
mod embedded;
mod explain;
mod failures;
mod handover;
mod names;
mod refusals;
mod scene;
mod trace;

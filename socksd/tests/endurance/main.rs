//! The proxy over a long time and among many: nobody is forgotten, and nothing is left behind.
//!
//! A process of its own, so that its descriptors and its memory are those of one proxy and of those who use it.

#[path = "../proxy/application.rs"]
#[expect(dead_code, reason = "other tests need the rest")]
mod application;
mod hostile;
mod idle;
mod proxy;
mod random;
#[path = "../proxy/target.rs"]
#[expect(dead_code, reason = "other tests need the rest")]
mod target;
mod usage;

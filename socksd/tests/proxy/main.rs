//! The proxy from outside: scripted applications and targets on loopback, and the program with real applications.

mod answers;
mod application;
mod calls;
mod clients;
mod datagrams;
mod filtering;
mod firewall;
mod following;
mod hostile;
mod journal;
mod lifetime;
mod listening;
mod process;
mod program;
mod proxy;
mod rates;
mod relaying;
mod requests;
mod seeing;
mod target;

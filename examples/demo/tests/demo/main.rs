//! Runs the demo as a process. The client library and the command `sqrl` sign in to it.

mod account;
mod attacks;
mod cps;
mod flags;
mod lifecycle;
mod person;
mod process;
mod proxy;
mod sessions;
mod stopping;

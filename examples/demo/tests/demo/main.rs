//! The real demo, driven by the client library and by the command `sqrl`.

mod account;
mod attacks;
mod cps;
mod flags;
mod people;
mod process;
mod proxy;
mod sessions;
mod stopping;
mod story;

//! Tests of the public API: an application on a real socket, and the SQRL client.

mod addresses;
mod attacks;
mod calls;
mod chain;
mod common;
mod copies;
mod cps;
mod diagnosis;
mod events;
mod failures;
mod guide;
mod http;
mod limits;
mod pages;
mod regressions;
mod replies;
mod rules;
mod secrets;
mod situations;
mod time;
mod waiting;

//! Tests over the public API: a real application behind a real socket, and the client.

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
mod regressions;
mod replies;
mod rules;
mod secrets;
mod situations;
mod time;
mod waiting;

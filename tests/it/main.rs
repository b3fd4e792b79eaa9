//! Tests over the public API: a real application behind a real socket, and the client.

mod calls;
mod chain;
mod common;
mod failures;
mod replies;
mod situations;

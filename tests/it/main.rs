//! Tests over the public API: a real application behind a real socket, and the client.

mod common;
mod situations;

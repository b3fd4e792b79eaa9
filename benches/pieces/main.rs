//! The pieces that a sign-in is made of, each alone: time, and allocations.
//!
//! `cargo bench -p bench`, or `cargo bench -p bench -- store` for some of them.

#![allow(clippy::unwrap_used)]

mod answer;
mod decide;
mod layer;
mod protocol;
mod store;
mod web;

/// Counts allocations beside the time.
#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

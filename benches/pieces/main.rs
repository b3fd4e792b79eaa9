//! Micro-benchmarks of the parts of a sign-in: time and allocations.
//!
//! `cargo bench -p bench` runs all of them, `cargo bench -p bench -- store` those with `store` in their path.

#![allow(clippy::unwrap_used)]

mod answer;
mod layer;
mod protocol;
mod store;
mod web;

/// Counts allocations.
#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

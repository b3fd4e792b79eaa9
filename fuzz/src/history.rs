//! Histories of browsers, clients, attackers, clocks and servers.
//!
//! Every reply and the final state must equal those of the model.

use model::History;

/// Runs the bytes as a history, on memory stores.
pub fn run(data: &[u8]) {
    if let Err(difference) = model::run(&History::from_bytes(data)) {
        panic!("\n{difference}");
    }
}

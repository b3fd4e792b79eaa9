//! Histories of browsers, clients, attackers, clocks and servers: every reply and the final state
//! are the model's.

use model::History;

/// Plays the bytes as a history, on memory stores.
pub fn run(data: &[u8]) {
    if let Err(difference) = model::run(&History::from_bytes(data)) {
        panic!("\n{difference}");
    }
}

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Blocks store calls until the test opens it, so that a test controls the order of a race.
///
/// Clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate {
    arrived: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    /// Creates a closed gate.
    pub fn new() -> Self {
        Self { arrived: Arc::new(Semaphore::new(0)), open: Arc::new(Semaphore::new(0)) }
    }

    /// Waits until a call arrives at the gate. Each call of this method waits for one more arrival.
    pub async fn reached(&self) {
        if let Ok(arrival) = self.arrived.acquire().await {
            arrival.forget();
        }
    }

    /// Opens the gate permanently.
    pub fn open(&self) {
        self.open.close();
    }

    pub(super) async fn pass(&self) {
        self.arrived.add_permits(1);
        // The semaphore never has a permit; closing it ends the wait.
        let _ = self.open.acquire().await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

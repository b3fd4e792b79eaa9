use std::sync::Arc;

use tokio::sync::Semaphore;

/// Holds calls back until the test lets them go, so that a race is run in the order that
/// the test wants.
#[derive(Debug, Clone)]
pub struct Hold {
    arrived: Arc<Semaphore>,
    gate: Arc<Semaphore>,
}

impl Hold {
    /// One that lets nothing pass yet.
    pub fn new() -> Self {
        Self { arrived: Arc::new(Semaphore::new(0)), gate: Arc::new(Semaphore::new(0)) }
    }

    /// Waits until a call is held. As often as it is asked, it waits for a further one.
    pub async fn reached(&self) {
        if let Ok(arrival) = self.arrived.acquire().await {
            arrival.forget();
        }
    }

    /// Lets all of them go, and whatever comes later.
    pub fn release(&self) {
        self.gate.close();
    }

    pub(super) async fn pass(&self) {
        self.arrived.add_permits(1);
        // There never is a permit: the gate opens by being closed.
        let _ = self.gate.acquire().await;
    }
}

impl Default for Hold {
    fn default() -> Self {
        Self::new()
    }
}

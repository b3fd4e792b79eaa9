use std::sync::Arc;

use async_trait::async_trait;

use super::{Change, IdentityStore, Lookup, Swap};
use crate::protocol::Idk;
use crate::store::StoreError;
use crate::store::faults::{Between, Hook, pass};

/// A store of identities to whose calls happens what [`Faults`](crate::store::faults::Faults)
/// plan, or another [`Between`] says.
#[derive(Debug)]
pub struct FaultyIdentityStore {
    store: Arc<dyn IdentityStore>,
    between: Arc<dyn Between>,
}

impl FaultyIdentityStore {
    /// `store`, with these faults.
    pub fn new(store: Arc<dyn IdentityStore>, faults: &(impl Between + Clone)) -> Self {
        Self { store, between: Arc::new(faults.clone()) }
    }
}

#[async_trait]
impl IdentityStore for FaultyIdentityStore {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        let gone = Lookup::from_rows(idk, pidk, []);
        pass(&*self.between, Hook::LookUp, self.store.look_up(idk, pidk), Ok(gone)).await
    }

    async fn apply(&self, change: &Change) -> Result<Swap, StoreError> {
        pass(&*self.between, Hook::Apply, self.store.apply(change), Ok(Swap::Lost)).await
    }
}

use std::sync::Arc;

use async_trait::async_trait;

use super::{Change, IdentityStore, Lookup, Swap};
use crate::protocol::Idk;
use crate::store::StoreError;
use crate::store::faults::{Faults, Hook};

/// A store of identities to which happens what [`Faults`] plan.
#[derive(Debug)]
pub struct FaultyIdentityStore {
    store: Arc<dyn IdentityStore>,
    faults: Faults,
}

impl FaultyIdentityStore {
    /// `store`, with these faults.
    pub fn new(store: Arc<dyn IdentityStore>, faults: &Faults) -> Self {
        Self { store, faults: faults.clone() }
    }
}

#[async_trait]
impl IdentityStore for FaultyIdentityStore {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        self.faults.call(Hook::LookUp, None, self.store.look_up(idk, pidk)).await
    }

    async fn apply(&self, change: &Change) -> Result<Swap, StoreError> {
        self.faults.call(Hook::Apply, None, self.store.apply(change)).await
    }
}

//! Accounts in memory. A restart forgets them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::accounts::{Account, Accounts, Result};

#[derive(Debug, Default)]
pub(crate) struct MemoryAccounts(Mutex<HashMap<String, Account>>);

impl MemoryAccounts {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Accounts for MemoryAccounts {
    async fn record_sign_in(&self, id: &str, sign_in: &str) -> Result<()> {
        let mut accounts = self.lock();
        let new = || Account { name: String::new(), last_sign_in: String::new() };
        let account = accounts.entry(id.to_owned()).or_insert_with(new);
        sign_in.clone_into(&mut account.last_sign_in);
        Ok(())
    }

    async fn find(&self, id: &str) -> Result<Option<Account>> {
        Ok(self.lock().get(id).cloned())
    }

    async fn rename(&self, id: &str, name: &str) -> Result<()> {
        if let Some(account) = self.lock().get_mut(id) {
            name.clone_into(&mut account.name);
        }
        Ok(())
    }

    async fn replace_sign_in(&self, id: &str, from: &str, to: &str) -> Result<bool> {
        let mut accounts = self.lock();
        let account = accounts.get_mut(id).filter(|account| account.last_sign_in == from);
        Ok(account.map(|account| to.clone_into(&mut account.last_sign_in)).is_some())
    }
}

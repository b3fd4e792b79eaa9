//! The state that handlers share.

use std::sync::Arc;

use tower_sqrl::protocol::PublicUrl;

use crate::accounts::Accounts;

#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) public_url: PublicUrl,
}

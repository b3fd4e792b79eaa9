use tower_sqrl_core::protocol::IndexedSecret;

/// The indexed secrets that came with a sign-in.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets {
    pub(super) ins: Option<IndexedSecret>,
    pub(super) pins: Option<IndexedSecret>,
}

use crate::nuts::NutState;

/// A hook of [`NutStore`](crate::nuts::NutStore) or
/// [`IdentityStore`](crate::identities::IdentityStore), with its namespace where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named after the methods")]
pub enum Hook {
    StoreNut(NutState),
    GetNut(NutState),
    RemoveNut(NutState),
    GetNutIdk,
    CheckNutAuthorized,
    StoreCpsSessionId,
    GetUserIdByCpsSessionId,
    RemoveCpsSessionId,
    Watch,
    LookUp,
    Apply,
}

use std::sync::LazyLock;

use ed25519_dalek::{Signer, SigningKey};

use crate::identities::{Change, Epoch, Identity, Version};
use crate::protocol::{
    ClientParams, Command, Idk, Options, Suk, UnlockProof, UnverifiedRequest, Vuk, base64url,
};

pub(super) fn any_key() -> Idk {
    Idk::from_bytes(rand::random())
}

/// A new row. All rows have one rescue code: making Ed25519 keys is slow, and a store does not see
/// the difference.
pub(super) fn any_row() -> Identity {
    Identity {
        suk: Suk::from_bytes(rand::random()),
        vuk: UNLOCK.0,
        user: None,
        sqrlonly: false,
        hardlock: false,
        disabled: false,
        epoch: Epoch::new(rand::random()),
        version: version(),
        never_current_keys: 0,
    }
}

/// The owner of `old` moves to `new`, or removes the identity.
pub(super) fn rekey(new: Idk, old: Idk, current: &Identity, next: Option<Identity>) -> Change {
    Change::rekey(new, old, current, next, &UNLOCK.1).expect("the proof for any row")
}

pub(super) fn unlock(key: Idk, current: &Identity, next: Identity) -> Change {
    Change::unlock(key, current, next, &UNLOCK.1).expect("the proof for any row")
}

pub(super) fn remove(key: Idk, current: &Identity) -> Change {
    Change::remove(key, current, &UNLOCK.1).expect("the proof for any row")
}

pub(super) fn version() -> Version {
    Version::new(rand::random())
}

/// A key and its proof, from a request that the owner signed.
static UNLOCK: LazyLock<(Vuk, UnlockProof)> = LazyLock::new(|| {
    let [identity, unlock] = [(); 2].map(|()| SigningKey::from_bytes(&rand::random()));
    let client = ClientParams {
        command: Command::Enable,
        idk: Idk::from_bytes(identity.verifying_key().to_bytes()),
        pidk: None,
        ins: None,
        pins: None,
        suk: None,
        vuk: None,
        options: Options::default(),
        button: None,
    };
    let client = base64url::encode(&*client.to_list());
    let server = base64url::encode("sqrl://localhost/cli.sqrl");
    let sign = |key: &SigningKey| {
        base64url::encode(key.sign(format!("{client}{server}").as_bytes()).to_bytes())
    };
    let (ids, urs) = (sign(&identity), sign(&unlock));
    let body = format!("client={client}&server={server}&ids={ids}&urs={urs}");
    let vuk = Vuk::from_bytes(unlock.verifying_key().to_bytes());
    let proof = UnverifiedRequest::parse(body.as_bytes())
        .and_then(UnverifiedRequest::verify)
        .ok()
        .and_then(|request| request.prove_unlock(&vuk));
    (vuk, proof.expect("a request signed by its owner"))
});

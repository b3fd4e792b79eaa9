//! Attack 12: public keys for which anybody can sign, because they are of small order.

use super::scene::{Scene, State, Tried, refused, worked};
use crate::base64url;
use crate::keys::{Idk, Vuk};
use crate::wire::{Form, Tif};

/// The identity, and -1 of order 2: their encodings. Another one, not canonical.
fn points() -> [(&'static str, [u8; 32]); 5] {
    let mut one = [0; 32];
    one[0] = 1;
    // -1, that is p - 1.
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    // 1 once more, as p + 1.
    let mut one_again = [0xff; 32];
    (one_again[0], one_again[31]) = (0xee, 0x7f);
    // 1 with the sign of an x that is 0.
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

/// R is the identity and S is 0: right for every message, where the key's multiple by the
/// message's hash is the identity, which it is for one message in its order.
fn anybodys() -> String {
    let mut signature = [0; 64];
    signature[0] = 1;
    base64url::encode(signature)
}

/// So often, that a key of order 4 has had its chance.
const ATTEMPTS: usize = 12;

/// 12a: an identity that belongs to everybody.
pub(super) async fn idk(scene: &mut Scene<'_>) -> Tried {
    for (which, point) in points() {
        for attempt in 0..ATTEMPTS {
            let visit = scene.visit().await?;
            let anybody = scene.stranger();
            let mut hand = visit.hand(&anybody);
            let pair = crate::keys::UnlockPair::generate(anybody.ilk());
            let params = hand.params_for("ident", Idk::from_bytes(point)).with_pair(&pair);
            let params = params.with("attempt", &attempt.to_string());
            let form = hand.unsigned(&params).with("ids", &anybodys());
            let answer = hand.send(&form).await?;
            scene.note(&format!("ident with an idk {which}, signed without a key"), &answer);
            let arrived = scene.arrival(&visit, answer.url()).await?.is_some();
            if arrived || answer.is_success() {
                return worked(format!("an idk {which} signs in without any key"));
            }
            if which.contains("order 1") {
                break;
            }
        }
    }
    refused(format!("{}; the browser gets nowhere", scene.answers()))
}

/// 12b: an identity that anybody can remove.
pub(super) async fn vuk(scene: &mut Scene<'_>) -> Tried {
    for (which, point) in points() {
        let owner = scene.stranger();
        let mut hand = scene.visit().await?.hand(&owner);
        let vuk = Vuk::from_bytes(point).to_string();
        let form = hand.signed(&hand.introducing("ident").altered("vuk", &vuk));
        let answer = hand.send(&form).await?;
        scene.note(&format!("ident with a vuk {which}"), &answer);
        if scene.state(&owner).await? == State::Unknown {
            continue;
        }
        // It is on file. Does a signature without a key count for it?
        for attempt in 0..ATTEMPTS {
            let mut hand = scene.visit().await?.hand(&owner);
            let params = hand.params("remove").with("attempt", &attempt.to_string());
            let form: Form = hand.signed(&params).with("urs", &anybodys());
            let answer = hand.send(&form).await?;
            scene.note("remove, unlocked without a key", &answer);
            if answer.is_success() && !answer.has(Tif::CURRENT) {
                return worked(format!("with a vuk {which} anybody removes the identity"));
            }
        }
        scene.say("it is kept, and unlocks nothing".to_owned());
    }
    refused(format!("{}; nothing is unlocked without a key", scene.answers()))
}

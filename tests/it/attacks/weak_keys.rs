//! Attack 12: keys for which a signature by another key is valid.

use ed25519_dalek::VerifyingKey;
use tower_sqrl_client::base64url;
use tower_sqrl_client::wire::{ClientParams, Command, Form};
use tower_sqrl_client::{Identity, keys};

use crate::common::{Site, alice};

/// Points of small order, in canonical and other encodings.
const SMALL_ORDER: [[u8; 32]; 4] = {
    let mut identity = [0; 32];
    identity[0] = 1;
    let zero = [0; 32];
    let mut minus_one = [0xFF; 32];
    minus_one[0] = 0xEC;
    minus_one[31] = 0x7F;
    let mut not_canonical = minus_one;
    not_canonical[0] = 0xEE;
    [identity, zero, minus_one, not_canonical]
};

/// Non-canonical encodings of valid points: y is at or above p.
fn not_canonical() -> Vec<[u8; 32]> {
    let encodings = (0xED..=0xFF_u8).flat_map(|low| {
        [0x7F, 0xFF].map(|high| {
            let mut bytes = [0xFF; 32];
            (bytes[0], bytes[31]) = (low, high);
            bytes
        })
    });
    let good = |bytes: &[u8; 32]| VerifyingKey::from_bytes(bytes).is_ok_and(|key| !key.is_weak());
    encodings.filter(good).collect()
}

#[tokio::test]
async fn attack_12_an_idk_of_small_order() {
    let site = Site::new().await;
    for point in SMALL_ORDER {
        // S = 0 and R = the identity verify for every message whose hash times the key is the
        // identity: one message in eight for any key of small order.
        let mut signature = [0; 64];
        signature[0] = 1;
        for attempt in 0..24 {
            let visit = site.visit().await;
            let mut chain = visit.chain(&alice());
            let idk = keys::Idk::from_bytes(point);
            let params = ClientParams::new(&Command::Ident, idk);
            let pair = keys::UnlockPair::generate(Identity::from_seed([9; 32]).ilk());
            let params = params.with_pair(&pair).with("attempt", &attempt.to_string());
            let form = Form::new(&params.encode(), &chain.server);
            let form = form.with("ids", &base64url::encode(signature));
            assert_eq!(chain.send(&form).await, "c0", "{point:02x?}");
            if point == SMALL_ORDER[0] || point == SMALL_ORDER[3] {
                break;
            }
        }
    }
}

#[tokio::test]
async fn attack_12_a_weak_or_non_canonical_vuk() {
    let site = Site::new().await;
    let more_than_one = not_canonical();
    assert!(!more_than_one.is_empty());
    for vuk in SMALL_ORDER.into_iter().chain(more_than_one) {
        let mut chain = site.visit().await.chain(&alice());
        let vuk = keys::Vuk::from_bytes(vuk).to_string();
        let form = chain.signed(&chain.params_with_keys("ident").altered("vuk", &vuk));
        assert_eq!(chain.send(&form).await, "c0", "{vuk}");
    }
    assert_eq!(site.visit().await.chain(&alice()).query().await, "4");
}

/// S and S + L encode the same signature.
#[tokio::test]
async fn attack_12_a_signature_has_one_spelling() {
    const L: [u8; 32] = [
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice());
    let form = chain.signed(&chain.params("query"));
    let mut signature = base64url::decode(form.get("ids").expect("ids")).expect("base64url");
    let mut carry = 0;
    for (byte, more) in signature[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    let other = form.clone().altered("ids", &base64url::encode(signature));
    assert_eq!(chain.clone().send(&other).await, "c0");
    // Bits after the end are not allowed either.
    let ids = form.get("ids").expect("ids");
    let last = char::from(ids.as_bytes()[85] + 1);
    let stray = format!("{}{last}", &ids[..85]);
    assert_eq!(chain.clone().send(&form.clone().altered("ids", &stray)).await, "c0");
    assert_eq!(chain.send(&form).await, "4");
}

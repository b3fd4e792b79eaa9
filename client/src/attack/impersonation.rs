//! Attack 1: commands for an identity without its key.

use super::error::Inconclusive;
use super::raw_client::RawClient;
use super::trial::{AttackResult, IdentityState, Trial, refused, worked};
use crate::base64url;
use crate::identity::Identity;
use crate::keys::{Idk, UnlockPair};
use crate::wire::{ClientParams, Form};

/// Returns a request with some parameters, without a signature by the key that they name.
type Forge = fn(&RawClient, &ClientParams) -> Form;

const FORGERIES: [(&str, Forge); 7] = [
    ("the attacker's signature", |client, params| client.signed(params)),
    ("an invalid ids", |client, params| {
        client.unsigned(params).with("ids", &base64url::encode([7; 64]))
    }),
    ("an ids of zeros", |client, params| {
        client.unsigned(params).with("ids", &base64url::encode([0; 64]))
    }),
    ("an empty ids", |client, params| client.unsigned(params).with("ids", "")),
    ("a signature of another request", |client, params| {
        let other = client.signed(&client.params("query"));
        client.unsigned(params).with("ids", other.get("ids").unwrap_or_default())
    }),
    ("a urs instead of ids", |client, params| client.unsigned(params).signed("urs", &client.key)),
    ("no ids", RawClient::unsigned),
];

fn as_victim(client: &RawClient, command: &str, victim: Idk) -> ClientParams {
    client.params_for(command, victim).with_pair(&UnlockPair::generate(client.identity.ilk()))
}

async fn idk(trial: &Trial<'_>, victim: &Identity) -> Result<Idk, Inconclusive> {
    Ok(trial.visit().await?.client(victim).idk())
}

/// 1a: an `ident` must not sign in the identity that an earlier query named.
pub(super) async fn query_then_ident(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.user().await?;
    let idk = idk(trial, &victim.identity).await?;
    for (how, forge) in FORGERIES {
        // Without keys, a server cannot create the attacker's own identity.
        for introduced in [false, true] {
            let attacker = trial.new_identity();
            let visit = trial.visit().await?;
            let mut client = visit.client(&attacker);
            let params = client.params_for("query", idk);
            let form = forge(&client, &params);
            let answer = client.send(&form).await?;
            trial.record_answer(&format!("a query as the victim with {how}"), &answer);
            let mut params = client.params("ident");
            if introduced {
                params = params.with_pair(&UnlockPair::generate(client.identity.ilk()));
            }
            let answer = client.send(&client.signed(&params)).await?;
            trial.record_answer("then an ident of the attacker", &answer);
            if trial.is_victim(&visit, answer.url(), &attacker, &victim).await? {
                return worked(format!(
                    "after a query as the victim with {how}, the attacker's ident signs in as the victim"
                ));
            }
        }
    }
    refused(format!("{}; the browser is not signed in as the victim", trial.answers()))
}

/// 1b: an `ident` as the victim, with and without `cps`.
pub(super) async fn ident(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.registered_identity().await?;
    let idk = idk(trial, &victim).await?;
    for (how, forge) in FORGERIES {
        for opt in ["suk", "suk~cps"] {
            let attacker = trial.new_identity();
            let visit = trial.visit().await?;
            let mut client = visit.client(&attacker).with_opt(opt);
            let params = as_victim(&client, "ident", idk);
            let form = forge(&client, &params);
            let answer = client.send(&form).await?;
            trial.record_answer(&format!("an ident as the victim with {how}"), &answer);
            if trial.landing_page(&visit, answer.url()).await?.is_some() {
                return worked(format!("an ident with {how} signs the attacker's browser in"));
            }
            if answer.is_success() {
                return worked(format!("an ident with {how} is accepted: {}", answer.text()));
            }
        }
    }
    refused(format!("{}; the browser is not signed in", trial.answers()))
}

/// 1c: the other commands.
pub(super) async fn changes(trial: &mut Trial<'_>) -> AttackResult {
    for (command, before) in [
        ("disable", IdentityState::Live),
        ("remove", IdentityState::Live),
        ("enable", IdentityState::Disabled),
    ] {
        let victim = trial.registered_identity().await?;
        if before == IdentityState::Disabled {
            trial.disable(&victim).await?;
        }
        for (how, forge) in FORGERIES {
            let attacker = trial.new_identity();
            let mut client = trial.visit().await?.client(&attacker);
            let idk = trial.visit().await?.client(&victim).idk();
            let params = as_victim(&client, command, idk);
            let form = forge(&client, &params);
            let answer = client.send(&form).await?;
            trial.record_answer(&format!("{command} as the victim with {how}"), &answer);
            let after = trial.state(&victim).await?;
            if after != before {
                return worked(format!("{command} with {how}: the victim is {after:?} now"));
            }
        }
    }
    refused(format!("{}; the victim's identity is unchanged", trial.answers()))
}

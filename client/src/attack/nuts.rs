//! Attack 6: invented and used nuts.

use super::trial::{AttackResult, Trial, refused, worked};
use crate::base64url;

/// 6a: a random nut of the right length, and a real nut with one character changed.
pub(super) async fn invented(trial: &mut Trial<'_>) -> AttackResult {
    let known = trial.registered_identity().await?;
    let visit = trial.visit().await?;
    let real = visit.sqrl_url.nut();
    let random = base64url::encode(rand::random::<[u8; 32]>());
    let random = &random[..real.len().min(random.len())];
    let nearly = with_other_first_character(real);
    for nut in [random, &nearly] {
        for identity in [known.clone(), trial.new_identity()] {
            let url = visit.sqrl_url.as_str().replace(real, nut).parse()?;
            let mut client = trial.client_for(&url, &identity);
            let query = client.query().await?;
            trial.record_answer("query with an invented nut", &query);
            // With the nut of the reply that refused.
            let ident = client.ident().await?;
            trial.record_answer("ident with the nut of that reply", &ident);
            if query.is_success() || ident.is_success() {
                return worked("an invented nut starts a chain");
            }
        }
    }
    refused(format!("{}; no chain starts", trial.answers()))
}

/// 6b: the nuts of a completed sign-in.
pub(super) async fn used(trial: &mut Trial<'_>) -> AttackResult {
    let known = trial.registered_identity().await?;
    let visit = trial.visit().await?;
    let first = visit.client(&known);
    let mut client = first.clone();
    client.query().await?.expect_success("query")?;
    let later = client.clone();
    client.ident().await?.expect_success("ident")?;
    trial.collect(&visit).await?;
    for (what, used) in [("the first nut", first), ("a later nut", later)] {
        for command in ["query", "ident"] {
            let mut client = used.clone();
            let answer = client.send(&client.signed(&client.introducing(command))).await?;
            trial.record_answer(&format!("{command} with {what} after its use"), &answer);
            let onward = client.query().await?;
            if answer.is_success() || onward.is_success() {
                return worked(format!("{what} still starts a chain after its use"));
            }
        }
    }
    refused(format!("{}; no chain starts", trial.answers()))
}

/// Returns the nut with another first character.
fn with_other_first_character(nut: &str) -> String {
    let other = if nut.starts_with('A') { 'B' } else { 'A' };
    nut.chars().enumerate().map(|(at, c)| if at == 0 { other } else { c }).collect()
}

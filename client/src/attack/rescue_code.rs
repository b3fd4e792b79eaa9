//! Attacks 2 and 3: what needs the rescue code, without it.

use super::error::Inconclusive;
use super::raw_client::RawClient;
use super::trial::{AttackResult, IdentityState, Trial, refused, worked};
use crate::base64url;
use crate::identity::Identity;
use crate::keys::{Idk, SiteKey, UnlockPair, UrsKey};
use crate::wire::{ClientParams, Form};

/// Adds signatures to a form that is signed with `ids`. The last argument is a `urs` key of the
/// attacker's own unlock pair.
type Sign = fn(Form, &RawClient, &UrsKey) -> Form;

/// Ways to sign a rekey without any of the victim's keys.
const WITHOUT_PIDS: [(&str, Sign); 6] = [
    ("no pids", |form, _, _| form),
    ("no pids, and a urs for the attacker's vuk", |form, _, urs| form.signed("urs", urs)),
    ("the attacker's pids", |form, client, _| form.signed("pids", &client.key)),
    ("the attacker's pids, and a urs for the attacker's vuk", |form, client, urs| {
        form.signed("pids", &client.key).signed("urs", urs)
    }),
    ("the attacker's pids and urs", |form, client, _| {
        form.signed("pids", &client.key).signed("urs", &client.key)
    }),
    ("an invalid pids", |form, _, _| form.with("pids", &base64url::encode([7; 64]))),
];

/// Ways to sign with the victim's identity, but without the rescue code.
const WITHOUT_URS: [(&str, Sign); 4] = [
    ("no urs", |form, _, _| form),
    ("a urs for the attacker's vuk", |form, _, urs| form.signed("urs", urs)),
    ("ids as urs", |form, client, _| form.signed("urs", &client.key)),
    ("an invalid urs", |form, _, _| form.with("urs", &base64url::encode([7; 64]))),
];

/// Returns a new unlock pair of an identity, and its `urs` key.
fn unlock_pair(identity: &Identity) -> Result<(UnlockPair, UrsKey), Inconclusive> {
    let pair = UnlockPair::generate(identity.ilk());
    let iuk = identity.iuk(0).ok_or_else(|| Inconclusive::new("a locked identity"))?;
    let urs = UrsKey::derive(iuk, &pair.suk);
    Ok((pair, urs.map_err(|error| Inconclusive::new(error.to_string()))?))
}

/// Returns parameters that name the victim's identity as the attacker's previous one, and the
/// `urs` key of the new unlock pair in them.
fn takeover(
    client: &RawClient,
    command: &str,
    victim: Idk,
) -> Result<(ClientParams, UrsKey), Inconclusive> {
    let (pair, urs) = unlock_pair(&client.identity)?;
    Ok((client.params(command).with_pair(&pair).with("pidk", &victim.to_string()), urs))
}

/// 2a: a rekey of the victim's identity without its key.
pub(super) async fn rekey_without_pids(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.user().await?;
    for command in ["ident", "disable", "enable", "remove"] {
        for (way, sign) in WITHOUT_PIDS {
            let attacker = trial.new_identity();
            let visit = trial.visit().await?;
            let idk = visit.client(&victim.identity).idk();
            let mut client = visit.client(&attacker);
            let (params, urs) = takeover(&client, command, idk)?;
            let form = sign(client.signed(&params), &client, &urs);
            let answer = client.send(&form).await?;
            trial.record_answer(&format!("{command} with the victim's pidk and {way}"), &answer);
            if let Some(loss) = loss(trial, &victim.identity, IdentityState::Live).await? {
                return worked(format!("{command} with {way}: {loss}"));
            }
            if trial.is_victim(&visit, answer.url(), &attacker, &victim).await? {
                return worked(format!("{command} with {way} signs in as the victim"));
            }
        }
        // Without new keys, the command would change the identity itself; `disable` needs no `urs`.
        let attacker = trial.new_identity();
        let visit = trial.visit().await?;
        let idk = visit.client(&victim.identity).idk();
        let mut client = visit.client(&attacker);
        let params = client.params(command).with("pidk", &idk.to_string());
        for own_pids in [false, true] {
            let form = client.signed(&params);
            let form = if own_pids { form.signed("pids", &client.key) } else { form };
            let answer = client.send(&form).await?;
            trial.record_answer(&format!("{command} of the victim's pidk in place"), &answer);
            if let Some(loss) = loss(trial, &victim.identity, IdentityState::Live).await? {
                return worked(format!("{command} in place: {loss}"));
            }
            if trial.is_victim(&visit, answer.url(), &attacker, &victim).await? {
                return worked(format!("{command} in place signs in as the victim"));
            }
        }
    }
    refused(format!("{}; the victim signs in as before", trial.answers()))
}

/// 2b: a rekey of a stolen identity. Without the rescue code it may sign in and disable.
pub(super) async fn rekey_without_urs(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.registered_identity().await?;
    stolen(trial, &victim, IdentityState::Live).await
}

/// 3a: the same, after the victim has disabled the identity.
pub(super) async fn rekey_of_a_disabled_identity(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.registered_identity().await?;
    trial.disable(&victim).await?;
    stolen(trial, &victim, IdentityState::Disabled).await
}

async fn stolen(trial: &mut Trial<'_>, victim: &Identity, before: IdentityState) -> AttackResult {
    for command in ["ident", "enable", "remove"] {
        for (way, sign) in WITHOUT_URS {
            let attacker = trial.rekeyed_identity(victim)?;
            let visit = trial.visit().await?;
            let mut client = visit.client(&attacker);
            let stolen = previous(&client)?;
            let (params, urs) = takeover(&client, command, stolen.idk())?;
            let form = client.signed(&params).signed("pids", &stolen);
            let form = sign(form, &client, &urs);
            let answer = client.send(&form).await?;
            trial.record_answer(&format!("{command} with the right pids and {way}"), &answer);
            if let Some(loss) = loss(trial, victim, before).await? {
                return worked(format!("{command} with {way}: {loss}"));
            }
            if trial.landing_page(&visit, answer.url()).await?.is_some() {
                return worked(format!("{command} with {way} signs the browser in"));
            }
        }
    }
    refused(format!("{}; the victim's identity is unchanged", trial.answers()))
}

/// 3b: a superseded identity, with its rescue code.
pub(super) async fn superseded_identity(trial: &mut Trial<'_>) -> AttackResult {
    let old = trial.registered_identity().await?;
    let mut old_client = trial.visit().await?.client(&old);
    old_client.query().await?.expect_success("query")?;
    let new = trial.rekeyed_identity(&old)?;
    rekey(trial, &new).await?;
    if trial.state(&new).await? != IdentityState::Live {
        return Err(Inconclusive::new("an honest rekey fails"));
    }
    let new = trial.as_user(new).await?;
    // The old identity itself.
    let visit = trial.visit().await?;
    let mut client = visit.client(&old);
    let answer = client.ident().await?;
    trial.record_answer("ident with the old identity", &answer);
    if trial.landing_page(&visit, answer.url()).await?.is_some() {
        return worked("the old identity still signs in");
    }
    for command in ["disable", "enable", "remove", "ident"] {
        let attacker = trial.rekeyed_identity(&old)?;
        let visit = trial.visit().await?;
        let mut client = visit.client(&attacker);
        client.suk = old_client.suk;
        let stolen = previous(&client)?;
        let (params, _) = takeover(&client, command, stolen.idk())?;
        let form = client.signed(&params).signed("pids", &stolen).signed("urs", &client.urs(1)?);
        let answer = client.send(&form).await?;
        trial.record_answer(&format!("{command} with the old identity as pidk"), &answer);
        if let Some(loss) = loss(trial, &new.identity, IdentityState::Live).await? {
            return worked(format!("{command}: {loss}"));
        }
        if trial.is_victim(&visit, answer.url(), &attacker, &new).await? {
            return worked(format!("{command} signs in as the owner of the new identity"));
        }
        if command == "ident" && answer.is_success() {
            // The old identity may be ignored. Then the attacker is a new user.
            let as_themselves = trial.as_user(attacker).await?;
            if !trial.is_signed_in_as(&visit.browser, &visit.page, &as_themselves).await? {
                return Err(Inconclusive::new(
                    "an ident with the old identity is accepted, and the page does not show for whom",
                ));
            }
        }
    }
    refused(format!("{}; the new identity signs in as before", trial.answers()))
}

/// Rekeys honestly: replaces the previous identity by the current one.
async fn rekey(trial: &Trial<'_>, new: &Identity) -> Result<(), Inconclusive> {
    let mut client = trial.visit().await?.client(new);
    let old = previous(&client)?;
    let params = |client: &RawClient, command| {
        client.introducing(command).with("pidk", &old.idk().to_string())
    };
    let query = client.signed(&params(&client, "query")).signed("pids", &old);
    client.send(&query).await?.expect_success("query with a pidk")?;
    let ident = client.signed(&params(&client, "ident")).signed("pids", &old);
    let ident = ident.signed("urs", &client.urs(1)?);
    client.send(&ident).await?.expect_success("rekey")?;
    Ok(())
}

fn previous(client: &RawClient) -> Result<SiteKey, Inconclusive> {
    client.previous().ok_or_else(|| Inconclusive::new("an identity without a previous one"))
}

/// Returns what has changed for the victim's identity.
async fn loss(
    trial: &Trial<'_>,
    victim: &Identity,
    before: IdentityState,
) -> Result<Option<String>, Inconclusive> {
    let after = trial.state(victim).await?;
    Ok((after != before).then(|| format!("the victim is {after:?} now")))
}

/// 2c: enables or removes a stolen identity.
pub(super) async fn enable_and_remove_without_urs(trial: &mut Trial<'_>) -> AttackResult {
    for before in [IdentityState::Live, IdentityState::Disabled] {
        let victim = trial.registered_identity().await?;
        if before == IdentityState::Disabled {
            trial.disable(&victim).await?;
        }
        for command in ["enable", "remove"] {
            // A server could verify a `urs` with the vuk of the request, so send one too.
            for (with_pair, (way, sign)) in
                [false, true].into_iter().flat_map(|with| WITHOUT_URS.map(|way| (with, way)))
            {
                let (pair, urs) = unlock_pair(&Identity::generate())?;
                let mut client = trial.visit().await?.client(&victim);
                let params = client.params(command);
                let params = if with_pair { params.with_pair(&pair) } else { params };
                let form = sign(client.signed(&params), &client, &urs);
                let answer = client.send(&form).await?;
                let pair = if with_pair { " and a new unlock pair" } else { "" };
                trial.record_answer(
                    &format!("{command} of a {before:?} identity with {way}{pair}"),
                    &answer,
                );
                let after = trial.state(&victim).await?;
                if after != before {
                    return worked(format!("{command} with {way}: the victim is {after:?} now"));
                }
            }
        }
    }
    refused(format!("{}; the victim's identity is unchanged", trial.answers()))
}

//! Attacks 2 and 3: what needs the rescue code, without it.

use super::error::Inconclusive;
use super::raw_client::RawClient;
use super::trial::{AttackResult, IdentityState, Trial, refused, worked};
use crate::base64url;
use crate::identity::Identity;
use crate::keys::{Idk, SiteKey, UnlockPair, UrsKey};
use crate::wire::{ClientParams, Form};

const REKEY_WITHOUT_PIDS: [&str; 6] = [
    "no pids",
    "no pids, and a urs for the attacker's vuk",
    "the attacker's pids",
    "the attacker's pids, and a urs for the attacker's vuk",
    "the attacker's pids and urs",
    "an invalid pids",
];

const REKEY_WITHOUT_URS: [&str; 4] =
    ["no urs", "a urs for the attacker's vuk", "the attacker's ids as urs", "an invalid urs"];

/// A request that names the victim's identity as the attacker's previous one.
struct Takeover {
    params: ClientParams,
    own_urs: UrsKey,
}

impl Takeover {
    fn new(client: &RawClient, command: &str, victim: Idk) -> Result<Self, Inconclusive> {
        let pair = UnlockPair::generate(client.identity.ilk());
        let iuk = client.identity.iuk(0).ok_or_else(|| Inconclusive::new("a locked identity"))?;
        let own_urs = UrsKey::derive(iuk, &pair.suk);
        let own_urs = own_urs.map_err(|error| Inconclusive::new(error.to_string()))?;
        let params = client.params(command).with_pair(&pair).with("pidk", &victim.to_string());
        Ok(Self { params, own_urs })
    }

    /// Signs without any of the victim's keys.
    fn without_pids(&self, client: &RawClient, way: &str) -> Form {
        let signed = client.signed(&self.params);
        match way {
            "no pids" => signed,
            "no pids, and a urs for the attacker's vuk" => signed.signed("urs", &self.own_urs),
            "the attacker's pids" => signed.signed("pids", &client.key),
            "the attacker's pids, and a urs for the attacker's vuk" => {
                signed.signed("pids", &client.key).signed("urs", &self.own_urs)
            }
            "the attacker's pids and urs" => {
                signed.signed("pids", &client.key).signed("urs", &client.key)
            }
            _ => signed.with("pids", &base64url::encode([7; 64])),
        }
    }

    /// Signs with the victim's identity, but without the rescue code.
    fn without_urs(&self, client: &RawClient, way: &str, stolen: &SiteKey) -> Form {
        let signed = client.signed(&self.params).signed("pids", stolen);
        match way {
            "no urs" => signed,
            "a urs for the attacker's vuk" => signed.signed("urs", &self.own_urs),
            "the attacker's ids as urs" => signed.signed("urs", &client.key),
            _ => signed.with("urs", &base64url::encode([7; 64])),
        }
    }
}

/// 2a: a rekey of the victim's identity without its key.
pub(super) async fn rekey_without_pids(trial: &mut Trial<'_>) -> AttackResult {
    let victim = trial.user().await?;
    for command in ["ident", "disable", "enable", "remove"] {
        for way in REKEY_WITHOUT_PIDS {
            let attacker = trial.new_identity();
            let visit = trial.visit().await?;
            let idk = visit.client(&victim.identity).idk();
            let mut client = visit.client(&attacker);
            let form = Takeover::new(&client, command, idk)?.without_pids(&client, way);
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
        for way in REKEY_WITHOUT_URS {
            let attacker = trial.rekeyed_identity(victim)?;
            let visit = trial.visit().await?;
            let mut client = visit.client(&attacker);
            let stolen = previous(&client)?;
            let form = Takeover::new(&client, command, stolen.idk())?;
            let form = form.without_urs(&client, way, &stolen);
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
        let form = Takeover::new(&client, command, stolen.idk())?;
        let form =
            client.signed(&form.params).signed("pids", &stolen).signed("urs", &client.urs(1)?);
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

const IN_PLACE: [&str; 5] = [
    "no urs",
    "no urs, and the attacker's unlock pair",
    "a urs for the attacker's vuk",
    "the attacker's ids as urs",
    "an invalid urs",
];

/// Signs with the victim's identity, but without the rescue code.
fn in_place_without_urs(
    client: &RawClient,
    command: &str,
    way: &str,
    attacker: &Identity,
) -> Result<Form, Inconclusive> {
    let params = client.params(command);
    let pair = UnlockPair::generate(attacker.ilk());
    let with_pair = params.clone().with_pair(&pair);
    Ok(match way {
        "no urs" => client.signed(&params),
        "no urs, and the attacker's unlock pair" => client.signed(&with_pair),
        "a urs for the attacker's vuk" => {
            let iuk = attacker.iuk(0).ok_or_else(|| Inconclusive::new("a locked identity"))?;
            let urs = UrsKey::derive(iuk, &pair.suk);
            let urs = urs.map_err(|error| Inconclusive::new(error.to_string()))?;
            client.signed(&with_pair).signed("urs", &urs)
        }
        "the attacker's ids as urs" => client.signed(&params).signed("urs", &client.key),
        _ => client.signed(&params).with("urs", &base64url::encode([7; 64])),
    })
}

/// 2c: enables or removes a stolen identity.
pub(super) async fn enable_and_remove_without_urs(trial: &mut Trial<'_>) -> AttackResult {
    for before in [IdentityState::Live, IdentityState::Disabled] {
        let victim = trial.registered_identity().await?;
        if before == IdentityState::Disabled {
            trial.disable(&victim).await?;
        }
        for command in ["enable", "remove"] {
            for way in IN_PLACE {
                let attacker = Identity::generate();
                let mut client = trial.visit().await?.client(&victim);
                let form = in_place_without_urs(&client, command, way, &attacker)?;
                let answer = client.send(&form).await?;
                trial.record_answer(
                    &format!("{command} of a {before:?} identity with {way}"),
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

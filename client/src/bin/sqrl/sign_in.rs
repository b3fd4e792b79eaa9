//! The commands that send requests to a site.

use tower_sqrl_client::keys::Iuk;
use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Error, Http, Identity, RescueCode};

use crate::args::Settings;
use crate::client::client;
use crate::failure::Failure;
use crate::landing::{follow, origin_hint};
use crate::target::{Target, TargetArgs};
use crate::{identity, output};

/// Sends one command to the target.
pub(crate) async fn command(
    settings: &Settings,
    identity: Identity,
    target: &TargetArgs,
    command: Command,
) -> Result<(), Failure> {
    let http = Http::default();
    let target = Target::open(&http, target).await?;
    let client = client(settings, identity, &http);
    let outcome = client.run(&target.sqrl_url, command).await?;
    println!("{}", output::describe(&target.sqrl_url, &outcome));
    Ok(())
}

/// Signs in at the target.
pub(crate) async fn login(settings: &Settings, target: &TargetArgs) -> Result<(), Failure> {
    if target.is_sqrl_url() {
        return sign_in(settings, identity::load_for_one_attempt(settings)?, target).await;
    }
    match sign_in(settings, identity::load_or_create(settings)?, target).await {
        // The site knows a previous identity, and replacing it needs the rescue code. The nut is
        // used up, so the page is opened again.
        Err(failure) if is_locked(&failure) => {
            eprintln!("sqrl: {failure}");
            sign_in(settings, identity::load_unlocked(settings)?, target).await
        }
        result => result,
    }
}

fn is_locked(failure: &Failure) -> bool {
    matches!(failure.downcast_ref(), Some(Error::Locked { .. }))
}

async fn sign_in(
    settings: &Settings,
    identity: Identity,
    target: &TargetArgs,
) -> Result<(), Failure> {
    let http = Http::default();
    let mut target = Target::open(&http, target).await?;
    if let (true, Some(page)) = (settings.cps, &target.page) {
        // The page's script adds `can` before it opens a client on the same device.
        let url = target.sqrl_url.with_can(page.url.as_str());
        target.sqrl_url = url.map_err(|error| {
            format!("{error}{}", origin_hint(&target, page).unwrap_or_default())
        })?;
    }
    let client = client(settings, identity, &http);
    let outcome = client.sign_in(&target.sqrl_url).await?;
    println!("{}", output::describe(&target.sqrl_url, &outcome));
    follow(&target, &outcome).await
}

/// Replaces the identity by a new one, and signs in with it if there is a target.
pub(crate) async fn rekey(settings: &Settings, target: Option<TargetArgs>) -> Result<(), Failure> {
    if settings.old > 0 {
        return Err("only the newest identity can be rekeyed; remove --old".into());
    }
    let old = identity::load_unlocked(settings)?;
    let iuk = Iuk::generate();
    let mut identity = old.rekey_to(iuk.clone())?;
    if settings.seed.is_empty() {
        let code = RescueCode::generate();
        identity.seal(&code)?;
        identity
            .save(&settings.file)
            .map_err(|error| format!("{}: {error}", settings.file.display()))?;
        println!("Saved the new identity in {}.", settings.file.display());
        identity::show_code(&code);
    } else {
        let words = iuk.as_bytes().as_chunks().0.iter().map(|word| u128::from_be_bytes(*word));
        let hex: Vec<_> = words.map(|word| format!("{word:032x}")).collect();
        println!("New identity: add --seed {} before the other seeds.", hex.concat());
    }
    match target {
        Some(target) => sign_in(settings, identity, &target).await,
        None => Ok(()),
    }
}

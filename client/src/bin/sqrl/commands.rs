//! What each command does.

use std::process::ExitCode;

use tower_sqrl_client::keys::Iuk;
use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Answer, Client, Error, Http, Identity, RescueCode};

use crate::args::{Action, Args, Settings};
use crate::arrive::{arrive, other_host};
use crate::target::{Aim, Target};
use crate::{Failure, attack, listen, load, person, words};

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let settings = &args.settings;
    let done: Result<(), Failure> = match args.action {
        Action::New => person::create(settings),
        Action::Login(aim) => login(settings, &aim).await,
        Action::Query(aim) => {
            let identity = person::identity(settings)?;
            command(settings, identity, &aim, Command::Query).await
        }
        Action::Disable(aim) => {
            let identity = person::identity(settings)?;
            command(settings, identity, &aim, Command::Disable).await
        }
        Action::Enable(aim) => {
            let identity = person::unlocked(settings)?;
            command(settings, identity, &aim, Command::Enable).await
        }
        Action::Remove(aim) => {
            let identity = person::unlocked(settings)?;
            command(settings, identity, &aim, Command::Remove).await
        }
        Action::Rekey { target, cookies } => {
            let aim = target.map(|target| Aim { target, cookies });
            rekey(settings, aim).await
        }
        Action::Listen { port, yes } => listen::run(settings, port, yes).await,
        Action::Load(args) => {
            // It has runtimes of its own, on threads of its own.
            let options = settings.options();
            tokio::task::spawn_blocking(move || load::run(options, args)).await?
        }
        Action::Attack(args) => return Ok(attack::run(args).await),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// A client that behaves as the command line says.
pub(crate) fn client(settings: &Settings, identity: Identity, http: &Http) -> Client {
    let mut client = Client::new(identity).with_http(http.clone()).with_options(settings.options());
    if let Some(button) = settings.button {
        client = client.with_answer(move |_| match button {
            0 => Answer::Ok,
            1 => Answer::First,
            _ => Answer::Second,
        });
    }
    if settings.verbose {
        client = client.with_observer(words::show);
    }
    client
}

async fn command(
    settings: &Settings,
    identity: Identity,
    aim: &Aim,
    command: Command,
) -> Result<(), Failure> {
    let http = Http::default();
    let target = Target::open(&http, aim).await?;
    let client = client(settings, identity, &http);
    let outcome = client.run(&target.link, command).await?;
    println!("{}", words::outcome(&target.link, &outcome));
    Ok(())
}

async fn login(settings: &Settings, aim: &Aim) -> Result<(), Failure> {
    if aim.is_link() {
        return sign_in(settings, person::unlocked_if_it_helps(settings)?, aim).await;
    }
    match sign_in(settings, person::identity_or_new(settings)?, aim).await {
        // The site knows a previous identity: moving it on takes the rescue code. The
        // link is spent by now, so the page is opened again.
        Err(failure) if is_locked(&failure) => {
            eprintln!("sqrl: {failure}");
            sign_in(settings, person::unlocked(settings)?, aim).await
        }
        result => result,
    }
}

fn is_locked(failure: &Failure) -> bool {
    matches!(failure.downcast_ref(), Some(Error::Locked { .. }))
}

async fn sign_in(settings: &Settings, identity: Identity, aim: &Aim) -> Result<(), Failure> {
    let http = Http::default();
    let mut target = Target::open(&http, aim).await?;
    if let (true, Some(page)) = (settings.cps, &target.page) {
        // As the page's script does before it jumps to a client on the same device.
        let link = target.link.with_can(page.url.as_str());
        target.link =
            link.map_err(|why| format!("{why}{}", other_host(&target, page).unwrap_or_default()))?;
    }
    let client = client(settings, identity, &http);
    let outcome = client.sign_in(&target.link).await?;
    println!("{}", words::outcome(&target.link, &outcome));
    arrive(&target, &outcome).await
}

async fn rekey(settings: &Settings, aim: Option<Aim>) -> Result<(), Failure> {
    if settings.old > 0 {
        return Err("only the newest identity can be replaced: leave out --old".into());
    }
    let old = person::unlocked(settings)?;
    let iuk = Iuk::generate();
    let mut identity = old.rekey_to(iuk.clone())?;
    if settings.seed.is_empty() {
        let code = RescueCode::generate();
        identity.seal(&code)?;
        identity
            .save(&settings.file)
            .map_err(|error| format!("{}: {error}", settings.file.display()))?;
        println!("{} holds a new identity now.", settings.file.display());
        person::show_code(&code);
    } else {
        let words = iuk.as_bytes().as_chunks().0.iter().map(|word| u128::from_be_bytes(*word));
        let hex: Vec<_> = words.map(|word| format!("{word:032x}")).collect();
        println!("The new identity: put --seed {} in front of the other seeds.", hex.concat());
    }
    match aim {
        Some(aim) => sign_in(settings, identity, &aim).await,
        None => Ok(()),
    }
}

//! What each command does.

use std::process::ExitCode;
use std::time::Duration;

use tower_sqrl_client::browser::{Browser, Page, Waiting};
use tower_sqrl_client::keys::Iuk;
use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Answer, Client, Error, Http, Identity, Link, Outcome, RescueCode};

use crate::args::{Action, Args, Settings};
use crate::{Failure, attack, listen, load, person, words};

/// How long a page waits for the sign-in that this very command has just done.
const PAGE_WAITS: Duration = Duration::from_secs(15);

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let settings = &args.settings;
    let done: Result<(), Failure> = match args.action {
        Action::New => {
            person::create(settings)?;
            Ok(())
        }
        Action::Login { target } => login(settings, &target).await,
        Action::Query { target } => {
            let identity = person::identity(settings)?;
            command(settings, identity, &target, Command::Query).await
        }
        Action::Disable { target } => {
            let identity = person::identity(settings)?;
            command(settings, identity, &target, Command::Disable).await
        }
        Action::Enable { target } => {
            let identity = person::unlocked(settings)?;
            command(settings, identity, &target, Command::Enable).await
        }
        Action::Remove { target } => {
            let identity = person::unlocked(settings)?;
            command(settings, identity, &target, Command::Remove).await
        }
        Action::Rekey { target } => rekey(settings, target.as_deref()).await,
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

/// What a command is aimed at: a page in a browser, or only a link.
struct Target {
    browser: Browser,
    page: Option<Page>,
    link: Link,
}

impl Target {
    async fn open(http: &Http, target: &str) -> Result<Self, Failure> {
        let browser = Browser::new(http.clone());
        let scheme = target.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        if matches!(scheme.as_deref(), Some("sqrl" | "qrl")) {
            let link = target.parse()?;
            return Ok(Self { browser, page: None, link });
        }
        let page = browser.open(target).await?;
        let link = page.sqrl_link()?;
        Ok(Self { browser, page: Some(page), link })
    }
}

async fn command(
    settings: &Settings,
    identity: Identity,
    target: &str,
    command: Command,
) -> Result<(), Failure> {
    let http = Http::default();
    let target = Target::open(&http, target).await?;
    let client = client(settings, identity, &http);
    let outcome = client.run(&target.link, command).await?;
    println!("{}", words::outcome(&target.link, &outcome));
    Ok(())
}

async fn login(settings: &Settings, target: &str) -> Result<(), Failure> {
    match sign_in(settings, person::identity_or_new(settings)?, target).await {
        // The site knows a previous identity: moving it on takes the rescue code. The
        // link is spent by now, so a page is opened again.
        Err(failure) if is_locked(&failure) && !is_link(target) => {
            eprintln!("sqrl: {failure}");
            sign_in(settings, person::unlocked(settings)?, target).await
        }
        result => result,
    }
}

fn is_locked(failure: &Failure) -> bool {
    matches!(failure.downcast_ref(), Some(Error::Locked { .. }))
}

fn is_link(target: &str) -> bool {
    target.parse::<Link>().is_ok()
}

async fn sign_in(settings: &Settings, identity: Identity, target: &str) -> Result<(), Failure> {
    let http = Http::default();
    let mut target = Target::open(&http, target).await?;
    if let (true, Some(page)) = (settings.cps, &target.page) {
        // As the page's script does before it jumps to a client on the same device.
        target.link = target.link.with_can(page.url.as_str())?;
    }
    let client = client(settings, identity, &http);
    let outcome = client.sign_in(&target.link).await?;
    println!("{}", words::outcome(&target.link, &outcome));
    arrive(&target, &outcome).await
}

/// What the browser does after the client is done.
async fn arrive(target: &Target, outcome: &Outcome) -> Result<(), Failure> {
    let Some(page) = &target.page else {
        match &outcome.url {
            Some(url) => println!("The signed-in session waits at {url}"),
            None => println!("The browser that shows this link is signed in now."),
        }
        return Ok(());
    };
    let address = match &outcome.url {
        Some(url) => url.clone(),
        None => match target.browser.wait(&page.url, &target.link, PAGE_WAITS).await? {
            Waiting::GoTo(url) => url.into(),
            Waiting::Gone(why) => return Err(format!("the page was told: {why}").into()),
            Waiting::Pending => return Err("the page still waits".into()),
        },
    };
    let page = target.browser.open(&address).await?;
    if !page.status.is_success() {
        return Err(format!("{} answered HTTP {}", page.url, page.status).into());
    }
    println!("Signed in; the browser is at {}", page.url);
    Ok(())
}

async fn rekey(settings: &Settings, target: Option<&str>) -> Result<(), Failure> {
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
    match target {
        Some(target) => sign_in(settings, identity, target).await,
        None => Ok(()),
    }
}

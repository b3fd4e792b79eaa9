//! Describes the steps of a history in words, for the report of a difference.

use crate::history::{Command, Options, Site};
use crate::observation::Observation;
use crate::spec::{NutParam, Reply, Request, ServerField};
use crate::step::Step;
use crate::values::{Key, LOCKS, Lock, Nut, Server};

fn key(key: Key) -> String {
    format!("{key:?}")
}

fn lock(lock: Lock) -> String {
    let owner = format!("{:?}", Key::of(lock.person(), 0));
    format!("{}'s lock {}", owner.trim_end_matches(" 0"), lock.0 % LOCKS)
}

fn nut(nut: Nut) -> String {
    format!("nut #{}", nut.0)
}

fn at(server: Server) -> String {
    format!("server {}", server.0 + 1)
}

pub(crate) fn site(site: Site) -> String {
    let Site { known_only, failures_per_minute, urls_per_minute, clocks_ahead } = site;
    let new = if known_only { "no new identities" } else { "new identities" };
    let limit = |limit: Option<u8>| limit.map_or("unlimited".to_owned(), |it| it.to_string());
    let (failures, urls) = (limit(failures_per_minute), limit(urls_per_minute));
    let [second, third] = clocks_ahead;
    format!(
        "A site that accepts {new}; {failures} failures and {urls} SQRL URLs per minute; the clocks \
         of servers 2 and 3 are {second} s and {third} s ahead."
    )
}

pub(crate) fn step(step: &Step) -> String {
    match step {
        Step::Visit(server, browser, address, purpose, only) => {
            let (server, only) = (at(*server), only.map(key));
            format!(
                "Browser {} at address {} requests a SQRL URL from {server}: {purpose:?} {}",
                browser.0,
                address.0,
                only.unwrap_or_default(),
            )
        }
        Step::Renew(server, browser, address, old) => format!(
            "Browser {} at address {} renews the SQRL URL of {} at {}",
            browser.0,
            address.0,
            nut(*old),
            at(*server),
        ),
        Step::Request(server, address, sent, replayed) => {
            let again =
                replayed.map_or(String::new(), |number| format!(" (request {number} again)"));
            format!("{} to {} from address {}{again}", request(sent), at(*server), address.0)
        }
        Step::Poll(server, browser, url) => {
            format!("Browser {} polls for {} at {}", browser.0, nut(*url), at(*server))
        }
        Step::Collect(server, browser, url) => {
            format!("Browser {} collects {} at {}", browser.0, nut(*url), at(*server))
        }
        Step::OpenCpsUrl(server, browser, url) => {
            format!("Browser {} opens CPS URL {} at {}", browser.0, url.0, at(*server))
        }
        Step::ShowQuestion(server, browser) => {
            format!("Browser {} shows the CPS question of {}", browser.0, at(*server))
        }
        Step::Confirm(server, browser, url, same_origin) => {
            let from = if *same_origin { "" } else { " from another site" };
            let url = url.map_or("(unissued)".to_owned(), |url| url.0.to_string());
            format!("Browser {} confirms CPS URL {url} at {}{from}", browser.0, at(*server))
        }
        Step::SignInByCps(server, browser) => {
            format!("Browser {} signs in by CPS at {}", browser.0, at(*server))
        }
        Step::Race(both, _) => {
            format!("Concurrently: {}; and: {}", self::step(&both[0]), self::step(&both[1]))
        }
        Step::Advance(seconds) => format!("{seconds} s pass"),
        Step::SetAccount(server, whose, user) => {
            let user = user.map_or("no account".to_owned(), |user| format!("account {}", user.0));
            format!("The application gives {} {user} at {}", key(*whose), at(*server))
        }
    }
}

fn request(request: &Request) -> String {
    let Request { command, idk, ids, pidk, pids, suk, vuk, urs, button, malformed, .. } = request;
    let command = match command {
        Command::Query => "query",
        Command::Ident => "ident",
        Command::Disable => "disable",
        Command::Enable => "enable",
        Command::Remove => "remove",
        Command::Other => "reset",
    };
    let mut text = format!("{} sends {command}", key(*idk));
    if ids != idk {
        text += &format!(", signed by {}", key(*ids));
    }
    if let Some(pidk) = pidk {
        text += &format!(", pidk {}", key(*pidk));
    }
    if pids != pidk {
        text +=
            &pids.map_or(" without pids".to_owned(), |pids| format!(" signed by {}", key(pids)));
    }
    text += &match (suk, vuk) {
        (None, None) => String::new(),
        (Some(suk), Some(_)) => format!(", {}", lock(*suk)),
        (Some(_), None) => ", suk alone".to_owned(),
        (None, Some(_)) => ", vuk alone".to_owned(),
    };
    if let Some(urs) = urs {
        text += &format!(", urs for {}", lock(*urs));
    }
    text += &options(request.options);
    if let Some(button) = button {
        text += &format!(", btn {button}");
    }
    if let Some(malformed) = malformed {
        text += &format!(", malformed ({malformed})");
    }
    text += &match request.nut {
        NutParam::Nut(it) => format!(", {}", nut(it)),
        NutParam::Unissued => ", an unissued nut".to_owned(),
        NutParam::Missing => ", no nut".to_owned(),
    };
    match (request.nut, request.server) {
        (NutParam::Nut(nut), ServerField::Exact(with)) if nut == with => {}
        (_, ServerField::Exact(with)) => text += &format!(", server of {}", nut(with)),
        (_, ServerField::WithCan(_)) => text += ", server with a can",
        (_, ServerField::EmptyCan(_)) => text += ", server with an empty can",
        (_, ServerField::Longer(_)) => text += ", server with more",
    }
    text
}

fn options(options: Options) -> String {
    let Options { suk, cps, noiptest, sqrlonly, hardlock } = options;
    let values = [
        (suk, "suk"),
        (cps, "cps"),
        (noiptest, "noiptest"),
        (sqrlonly, "sqrlonly"),
        (hardlock, "hardlock"),
    ];
    let set = values.into_iter().filter_map(|(on, word)| on.then_some([", ", word]));
    set.flatten().collect()
}

pub(crate) fn observation(observation: &Observation) -> String {
    match observation {
        Observation::Reply(Reply { tif, nut: it, suk, ask, cps_url }, live) => {
            let mut text =
                format!("tif {tif:x}, {}{}", nut(*it), if *live { "" } else { " (dead)" });
            if let Some(suk) = suk {
                text += &format!(", suk of {}", lock(*suk));
            }
            if *ask {
                text += ", the question";
            }
            if let Some(url) = cps_url {
                text += &format!(", CPS URL {}", url.0);
            }
            text
        }
        Observation::Nothing => String::new(),
        Observation::SignIn(Ok(sign_in)) => {
            format!("{} is signed in: {sign_in:?}", key(sign_in.key))
        }
        other => format!("{other:?}"),
    }
}

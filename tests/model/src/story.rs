//! A history in words, for whoever has to find out what went wrong.

use crate::director::Step;
use crate::history::{Command, Options, Site};
use crate::seen::Seen;
use crate::spec::{Asked, Reply, Request, Said};
use crate::words::{Key, LOCKS, Lock, Nut, Server};

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
    let Site { closed, failures, links, ahead } = site;
    let new = if closed { "no new identities" } else { "new identities" };
    let number = |limit: Option<u8>| limit.map_or("any number of".to_owned(), |it| it.to_string());
    let (failures, links) = (number(failures), number(links));
    let [second, third] = ahead;
    format!(
        "A site for {new}, {failures} refusals and {links} links a minute; servers 2 and 3 are \
         {second} s and {third} s ahead."
    )
}

/// What is about to be done.
pub(crate) fn step(step: &Step) -> String {
    match step {
        Step::Visit(server, browser, address, purpose, only) => {
            let (server, only) = (at(*server), only.map(key));
            format!(
                "Browser {} at address {} asks {server} for a link: {purpose:?} {}",
                browser.0,
                address.0,
                only.unwrap_or_default(),
            )
        }
        Step::Renew(server, browser, address, old) => format!(
            "Browser {} at address {} renews the link of {} at {}",
            browser.0,
            address.0,
            nut(*old),
            at(*server),
        ),
        Step::Client(server, address, request, replayed) => {
            let again =
                replayed.map_or(String::new(), |number| format!(" (request {number} again)"));
            format!("{} to {} from address {}{again}", said(request), at(*server), address.0)
        }
        Step::Poll(server, browser, link) => {
            format!("Browser {} asks {} about {}", browser.0, at(*server), nut(*link))
        }
        Step::Collect(server, browser, link) => {
            format!("Browser {} collects {} at {}", browser.0, nut(*link), at(*server))
        }
        Step::Follow(server, browser, url) => {
            format!("Browser {} follows CPS URL {} at {}", browser.0, url.0, at(*server))
        }
        Step::Question(server, browser) => {
            format!("Browser {} shows the CPS question of {}", browser.0, at(*server))
        }
        Step::Confirm(server, browser, url, same_origin) => {
            let from = if *same_origin { "" } else { " from another site" };
            let url = url.map_or("made up".to_owned(), |url| url.0.to_string());
            format!("Browser {} confirms CPS URL {url} at {}{from}", browser.0, at(*server))
        }
        Step::Land(server, browser) => {
            format!("Browser {} goes where a CPS URL signs in, at {}", browser.0, at(*server))
        }
        Step::Race(both, _) => {
            format!("At the same instant: {}; and: {}", self::step(&both[0]), self::step(&both[1]))
        }
        Step::Pass(seconds) => format!("{seconds} s pass"),
        Step::Account(server, whose, user) => {
            let user = user.map_or("no account".to_owned(), |user| format!("account {}", user.0));
            format!("The application gives {} {user} at {}", key(*whose), at(*server))
        }
    }
}

fn said(request: &Request) -> String {
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
        Asked::Nut(it) => format!(", {}", nut(it)),
        Asked::MadeUp => ", a made-up nut".to_owned(),
        Asked::Nothing => ", no nut".to_owned(),
    };
    match (request.nut, request.server) {
        (Asked::Nut(nut), Said::Sent(with)) if nut == with => {}
        (_, Said::Sent(with)) => text += &format!(", server of {}", nut(with)),
        (_, Said::WithCan(_)) => text += ", server with a can",
        (_, Said::EmptyCan(_)) => text += ", server with an empty can",
        (_, Said::Longer(_)) => text += ", server with more",
    }
    text
}

fn options(options: Options) -> String {
    let Options { suk, cps, noiptest, sqrlonly, hardlock } = options;
    let words = [
        (suk, "suk"),
        (cps, "cps"),
        (noiptest, "noiptest"),
        (sqrlonly, "sqrlonly"),
        (hardlock, "hardlock"),
    ];
    let on = words.into_iter().filter_map(|(on, word)| on.then_some([", ", word]));
    on.flatten().collect()
}

/// What is to be seen.
pub(crate) fn seen(seen: &Seen) -> String {
    match seen {
        Seen::Reply(Reply { tif, nut: it, suk, ask, url }, live) => {
            let mut text =
                format!("tif {tif:x}, {}{}", nut(*it), if *live { "" } else { " (dead)" });
            if let Some(suk) = suk {
                text += &format!(", suk of {}", lock(*suk));
            }
            if *ask {
                text += ", the question";
            }
            if let Some(url) = url {
                text += &format!(", CPS URL {}", url.0);
            }
            text
        }
        Seen::Nothing => String::new(),
        Seen::SignIn(Ok(sign_in)) => format!("{} is signed in: {sign_in:?}", key(sign_in.key)),
        other => format!("{other:?}"),
    }
}

/// Adds what was seen to the line that says what was done.
pub(crate) fn tell(story: &mut [String], seen: &str) {
    if let (Some(line), false) = (story.last_mut(), seen.is_empty()) {
        *line += &format!(" -> {seen}");
    }
}

//! The requests that the client sends, and how it handles replies.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Site, reply_text};
use tower_sqrl_client::base64url::encode;
use tower_sqrl_client::keys::{Iuk, Rlk, SiteKey, UnlockPair};
use tower_sqrl_client::wire::{Command, Options, ReplyError};
use tower_sqrl_client::{Answer, Client, Error, Identity, Outcome, Refusal, RescueCode, Standing};

fn alice() -> Identity {
    Identity::from_seed([1; 32])
}

/// Alice after three rekeys.
fn rekeyed() -> Identity {
    Identity::from_seed([9; 32]).with_previous([3, 2, 1].map(|n| Iuk::from_bytes([n; 32])))
}

/// Returns the keys that the site stored with the identity of a seed.
fn stored(seed: u8) -> UnlockPair {
    UnlockPair::from_rlk(&Iuk::from_bytes([seed; 32]).ilk(), &Rlk::from_bytes([0x55; 32]))
}

fn suk(seed: u8, tif: &str) -> String {
    format!("{tif} suk={}", stored(seed).suk)
}

/// Locks an identity.
fn locked(mut identity: Identity) -> Identity {
    identity.lock();
    identity
}

async fn run(client: &Client, site: &Site, command: Command) -> Result<Outcome, Error> {
    client.run(&site.sqrl_url(), command).await
}

fn refusal(result: Result<Outcome, Error>) -> Refusal {
    result.unwrap_err().refusal().unwrap().clone()
}

#[tokio::test]
async fn a_new_identity_sends_keys() {
    let site = Site::new(&["4", "5"]).await;
    let outcome = run(&Client::new(alice()), &site, Command::Ident).await.unwrap();
    assert_eq!(outcome.before, Standing::Unknown);
    assert_eq!(outcome.steps.len(), 2);

    let [query, ident] = &site.received()[..] else { panic!("two requests") };
    let idk = query.get("idk").unwrap();
    assert_eq!(
        idk,
        SiteKey::derive(&Iuk::from_bytes([1; 32]).imk(), site.sqrl_url().domain())
            .idk()
            .to_string()
    );
    assert_eq!(query.target, "/cli.sqrl?nut=first");
    assert_eq!(query.client.to_text(), format!("ver=1\r\ncmd=query\r\nidk={idk}\r\nopt=suk\r\n"));
    assert_eq!(query.server(), site.sqrl_url().as_str());
    assert!(query.verifies("ids", idk));
    assert_eq!((query.form.get("pids"), query.form.get("urs")), (None, None));

    assert_eq!(ident.target, "/next?nut=n1");
    assert_eq!((ident.get("cmd"), ident.get("idk")), (Some("ident"), Some(idk)));
    assert_eq!(ident.server(), reply_text(1, "4"));
    assert!(ident.verifies("ids", idk));
    assert!(ident.get("suk").is_some() && ident.get("vuk").is_some());
    assert_ne!(ident.get("suk"), ident.get("vuk"));
}

#[tokio::test]
async fn a_known_identity_sends_no_keys() {
    let site = Site::new(&["5", "5"]).await;
    let options =
        Options { noiptest: true, sqrlonly: true, hardlock: true, suk: false, cps: false };
    let client = Client::new(alice()).with_options(options);
    let outcome = run(&client, &site, Command::Ident).await.unwrap();
    assert_eq!(outcome.before, Standing::Current);
    let ident = &site.received()[1];
    assert_eq!((ident.get("suk"), ident.get("vuk")), (None, None));
    assert_eq!(ident.get("opt"), Some("noiptest~sqrlonly~hardlock"));
}

#[tokio::test]
async fn previous_identities_are_queried_in_turn_then_replaced() {
    let site = Site::new(&["4", "4", &suk(1, "6"), "5"]).await;
    let outcome = run(&Client::new(rekeyed()), &site, Command::Ident).await.unwrap();
    assert_eq!(outcome.before, Standing::Previous(3));

    let received = site.received();
    for (request, seed) in received.iter().zip([3, 2, 1, 1]) {
        let pidk =
            SiteKey::derive(&Iuk::from_bytes([seed; 32]).imk(), site.sqrl_url().domain()).idk();
        assert_eq!(request.get("pidk"), Some(pidk.to_string().as_str()));
        assert!(request.verifies("ids", request.get("idk").unwrap()));
        assert!(request.verifies("pids", &pidk.to_string()));
    }
    let ident = &received[3];
    assert!(ident.verifies("urs", &stored(1).vuk.to_string()));
    let (suk, vuk) = (ident.get("suk").unwrap(), ident.get("vuk").unwrap());
    assert_ne!(suk, stored(1).suk.to_string());
    assert!(!ident.verifies("urs", vuk), "the new vuk must not be the one that verifies");
}

#[tokio::test]
async fn an_unknown_identity_names_its_newest_previous_one() {
    let site = Site::new(&["4", "4", "4", "5"]).await;
    run(&Client::new(rekeyed()), &site, Command::Ident).await.unwrap();
    let received = site.received();
    assert_eq!(received[3].get("cmd"), Some("ident"));
    assert_eq!(received[3].get("pidk"), received[0].get("pidk"));
    assert!(received[3].get("suk").is_some() && received[3].form.get("urs").is_none());
}

#[tokio::test]
async fn replacing_an_identity_needs_the_unlock_keys() {
    let site = Site::new(&[&suk(3, "6")]).await;
    let result = run(&Client::new(locked(rekeyed())), &site, Command::Ident).await;
    assert!(matches!(result, Err(Error::Locked { .. })), "{result:?}");
    assert_eq!(site.received().len(), 1);
}

#[tokio::test]
async fn a_transient_error_is_retried_once() {
    let site = Site::new(&["64", "4", "60", "5"]).await;
    run(&Client::new(alice()), &site, Command::Ident).await.unwrap();
    let received = site.received();
    assert_eq!(received[1].server(), reply_text(1, "64"));
    assert_eq!(received[1].target, "/next?nut=n1");
    let commands: Vec<_> = received.iter().map(|r| r.get("cmd").unwrap()).collect();
    assert_eq!(commands, ["query", "query", "ident", "ident"]);

    let site = Site::new(&["60", "60", "5"]).await;
    assert_eq!(refusal(run(&Client::new(alice()), &site, Command::Ident).await), Refusal::Expired);
    assert_eq!(site.received().len(), 2);
}

#[tokio::test]
async fn a_retry_repeats_all_parameters() {
    let ask = format!("ask={}", encode("Sure?"));
    let first = format!("5 sin=secret {ask}");
    let site = Site::new(&[&first, "64", "5"]).await;
    let client = Client::new(rekeyed()).with_answer(|_| Answer::Ok);
    run(&client, &site, Command::Ident).await.unwrap();
    let received = site.received();
    for name in ["btn", "ins", "pins", "pidk"] {
        assert!(received[1].get(name).is_some(), "{name}");
        assert_eq!(received[1].get(name), received[2].get(name), "{name}");
    }

    let site = Site::new(&[&suk(3, "6"), "64", "5"]).await;
    run(&Client::new(rekeyed()), &site, Command::Ident).await.unwrap();
    let again = &site.received()[2];
    assert!(again.verifies("urs", &stored(3).vuk.to_string()));
    assert!(again.get("suk").is_some() && again.get("vuk").is_some());
}

#[tokio::test]
async fn an_indexed_secret_is_sent_once() {
    let site = Site::new(&["4 sin=a=b", "4", "4", "5"]).await;
    run(&Client::new(rekeyed()), &site, Command::Ident).await.unwrap();
    let received = site.received();
    let secret = |seed: u8| {
        let key = SiteKey::derive(&Iuk::from_bytes([seed; 32]).imk(), site.sqrl_url().domain());
        encode(key.index_secret("a=b"))
    };
    assert_eq!(received[0].get("ins"), None);
    assert_eq!(received[1].get("ins"), Some(secret(9).as_str()));
    assert_eq!(received[1].get("pins"), Some(secret(2).as_str()));
    assert_eq!((received[2].get("ins"), received[2].get("pins")), (None, None));
}

#[tokio::test]
async fn questions_are_answered_with_a_button() {
    let question = format!("5 ask={}~{}", encode("Pay 5?"), encode("Yes"));
    let site = Site::new(&[&question]).await;
    let error = run(&Client::new(alice()), &site, Command::Ident).await.unwrap_err();
    assert_eq!(error.to_string(), "the site asks: \"Pay 5?\"; answer with a button (1: Yes)");

    let site = Site::new(&[&question]).await;
    let client = Client::new(alice()).with_answer(|_| Answer::Cancel);
    assert!(matches!(run(&client, &site, Command::Ident).await, Err(Error::Cancelled)));
    assert_eq!(site.received().len(), 1);

    let site = Site::new(&[&question, "5"]).await;
    let client = Client::new(alice()).with_answer(|ask| {
        assert_eq!(ask.text, "Pay 5?");
        Answer::First
    });
    run(&client, &site, Command::Ident).await.unwrap();
    assert_eq!(site.received()[1].get("btn"), Some("1"));

    // A question counts only if the site knows the current identity.
    let site = Site::new(&[&question.replacen('5', "4", 1), "5"]).await;
    run(&Client::new(alice()), &site, Command::Ident).await.unwrap();
    assert_eq!(site.received()[1].get("btn"), None);
}

#[tokio::test]
async fn refusals_are_recognized_by_their_flags() {
    let cases = [
        ("204", Refusal::Superseded),
        ("240", Refusal::Superseded),
        ("d", Refusal::Disabled),
        ("40", Refusal::OtherAddress),
        ("1c4", Refusal::OtherIdentity),
        ("54", Refusal::Unsupported(Command::Query)),
        ("c0", Refusal::Rejected(tower_sqrl_client::wire::Tif(0xc0))),
        ("44", Refusal::Failed(Command::Query, tower_sqrl_client::wire::Tif(0x44))),
    ];
    for (tif, expected) in cases {
        let site = Site::new(&[tif]).await;
        let result = run(&Client::new(alice()), &site, Command::Ident).await;
        assert_eq!(refusal(result), expected, "{tif}");
        assert_eq!(site.received().len(), 1, "{tif}");
    }
    let site = Site::new(&["5", "4d"]).await;
    assert_eq!(refusal(run(&Client::new(alice()), &site, Command::Ident).await), Refusal::Disabled);
}

#[tokio::test]
async fn undefined_flags_end_the_session() {
    let site = Site::new(&["405", "5"]).await;
    let result = run(&Client::new(alice()), &site, Command::Ident).await;
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Reply { source: ReplyError::UndefinedTif(_), .. }), "{error}");
    assert!(error.to_string().contains("flags that SQRL 1 does not define (400)"), "{error}");
    assert_eq!(site.received().len(), 1);
}

#[tokio::test]
async fn responses_that_are_not_replies() {
    let site = Site::new(&[]).await;
    let error = run(&Client::new(alice()), &site, Command::Query).await.unwrap_err();
    let url = format!("http://{}/cli.sqrl", site.host);
    let said = error.to_string();
    assert!(said.starts_with(&format!("HTTP 500 Internal Server Error from {url}, and")), "{said}");
    assert!(said.contains("serves SQRL at this path") && !said.contains("CRLF"), "{said}");

    // A page with status 200.
    let url = format!("qrl://{}/page?nut=a-nut", site.host).parse().unwrap();
    let error = Client::new(alice()).run(&url, Command::Query).await.unwrap_err();
    let said = error.to_string();
    let page = format!("the response from http://{}/page is not a SQRL reply: ", site.host);
    assert!(said.starts_with(&page) && !said.contains("a-nut"), "{said}");
}

#[tokio::test]
async fn enable_and_remove_are_signed_with_the_unlock_key() {
    for command in [Command::Enable, Command::Remove] {
        let site = Site::new(&[&suk(1, "d"), "5"]).await;
        let outcome = run(&Client::new(alice()), &site, command.clone()).await.unwrap();
        assert!(outcome.was_disabled);
        let request = &site.received()[1];
        assert!(request.verifies("urs", &stored(1).vuk.to_string()));
        assert_eq!(request.get("suk"), None);

        let site = Site::new(&[&suk(1, "d")]).await;
        let result = run(&Client::new(locked(alice())), &site, command.clone()).await;
        assert!(matches!(result, Err(Error::Locked { .. })), "{result:?}");

        let site = Site::new(&["5"]).await;
        let result = run(&Client::new(alice()), &site, command.clone()).await;
        assert!(matches!(result, Err(Error::NoSuk)), "{result:?}");

        let zero = format!("5 suk={}", encode([0; 32]));
        let site = Site::new(&[&zero]).await;
        let result = run(&Client::new(alice()), &site, command.clone()).await;
        assert!(matches!(result, Err(Error::WeakSuk(_))), "{result:?}");

        let site = Site::new(&["4"]).await;
        let result = run(&Client::new(alice()), &site, command).await;
        assert_eq!(refusal(result), Refusal::Unknown);
        assert_eq!(site.received().len(), 1);
    }
}

#[tokio::test]
async fn commands_on_a_previous_identity() {
    // With the unlock keys, the command also replaces the identity.
    for command in [Command::Disable, Command::Enable, Command::Remove] {
        let site = Site::new(&[&suk(3, "6"), "5"]).await;
        run(&Client::new(rekeyed()), &site, command).await.unwrap();
        let request = &site.received()[1];
        assert!(request.verifies("urs", &stored(3).vuk.to_string()));
        assert!(request.get("suk").is_some() && request.get("vuk").is_some());
    }
    // Without them, it disables the previous identity itself.
    let site = Site::new(&[&suk(3, "6"), "e"]).await;
    run(&Client::new(locked(rekeyed())), &site, Command::Disable).await.unwrap();
    let request = &site.received()[1];
    assert_eq!((request.form.get("urs"), request.get("suk")), (None, None));
    assert!(request.form.get("pids").is_some());
}

#[tokio::test]
async fn a_client_provided_session() {
    let options = Options { cps: true, ..Options::default() };
    let client = Client::new(alice()).with_options(options);
    let site = Site::new(&["5", "5 url=https://example.com/cps?1"]).await;
    let outcome = run(&client, &site, Command::Ident).await.unwrap();
    assert_eq!(outcome.url.as_deref(), Some("https://example.com/cps?1"));
    assert_eq!(site.received()[1].get("opt"), Some("cps~suk"));

    for line in ["5", "5 url=javascript:alert(1)"] {
        let site = Site::new(&["5", line]).await;
        let result = run(&client, &site, Command::Ident).await;
        assert!(matches!(result, Err(Error::NoUrl)), "{result:?}");
    }
}

#[tokio::test]
async fn a_rewound_identity_is_the_old_one() {
    let site = Site::new(&["204"]).await;
    let old = rekeyed().rewind(1).unwrap();
    assert_eq!(refusal(run(&Client::new(old), &site, Command::Query).await), Refusal::Superseded);
    let idk = SiteKey::derive(&Iuk::from_bytes([3; 32]).imk(), site.sqrl_url().domain()).idk();
    assert_eq!(site.received()[0].get("idk"), Some(idk.to_string().as_str()));
}

#[tokio::test]
async fn invalid_requests_can_be_built() {
    let site = Site::new(&["c0", "c0"]).await;
    let mut session = Client::new(alice()).session(&site.sqrl_url());
    let params = session.params(&Command::Ident);
    let doubled = params.clone().with("cmd", "query").altered("idk", "AAAA");
    let form = session.sign(&params).altered("client", &doubled.encode()).with("ids", "x");
    let encoded = form.encode();
    assert_eq!(encoded.matches("ids=").count(), 2);
    assert_eq!(encoded.matches("client=").count(), 1);
    let other = SiteKey::from_seed(&[0; 32]);
    let form = session.sign(&params).without("ids").signed("ids", &other);
    session.post(form).await.unwrap();
    let received = &site.received()[0];
    assert!(received.verifies("ids", &other.idk().to_string()));
    assert!(!received.verifies("ids", received.get("idk").unwrap()));
}

#[test]
fn debug_hides_secrets() {
    let code = RescueCode::generate();
    let client = Client::new(alice());
    let url = "qrl://h/?nut=n".parse().unwrap();
    let text = format!("{client:?} {:?} {code:?}", client.session(&url));
    assert!(!text.contains("SigningKey") && !text.contains("0101"), "{text}");
}

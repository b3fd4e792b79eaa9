//! Section 1: every POST has a complete reply, and what released clients need works.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use proptest::collection::vec;
use proptest::prelude::*;
use tower_sqrl_client::base64url;
use tower_sqrl_client::keys::UnlockPair;
use tower_sqrl_client::wire::{Form, List};

use crate::common::{Chain, Site, alice, read};

#[tokio::test]
async fn whatever_is_posted_gets_a_complete_reply() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let chain = visit.chain(&alice());
    let good = chain.signed(&chain.params_with_keys("ident")).encode();
    let bodies: Vec<Vec<u8>> = vec![
        vec![],
        b"client".to_vec(),
        b"client=&server=&ids=".to_vec(),
        b"\xff\xfe\x00%zz%".to_vec(),
        b"client=%ff%fe&server=%00&ids=%".to_vec(),
        vec![b'A'; 8192],
        vec![b'&'; 100_000],
        format!("{good}&pad={}", "A".repeat(8192)).into_bytes(),
        good.replace("ids=", "id=").into_bytes(),
        good.as_bytes()[..good.len() / 2].to_vec(),
    ];
    for body in bodies {
        let start = body.len().min(40);
        let answer = chain.post(body.clone()).await;
        assert_eq!(read(&answer).tif.to_string(), "c0", "{:?}", &body[..start]);
    }
    // The nut is still live.
    assert_eq!(read(&chain.post(good).await).tif.to_string(), "5");
}

#[tokio::test]
async fn the_content_type_is_ignored() {
    let site = Site::new().await;
    for content_type in
        ["application/x-www-form-urlencoded; charset=utf-8", "text/plain", "multipart/form-data"]
    {
        let chain = site.visit().await.chain(&alice());
        let body = chain.signed(&chain.params("query")).encode();
        let headers = HeaderMap::from_iter([(
            axum::http::header::CONTENT_TYPE,
            content_type.parse().expect("a value"),
        )]);
        let answer = site.http().post_form(&chain.url, headers, body).await.expect("an answer");
        assert_eq!(read(&answer).tif.to_string(), "4", "{content_type}");
    }
}

#[tokio::test]
async fn a_body_may_come_in_chunks() {
    let site = Site::new().await;
    let chain = site.visit().await.chain(&alice());
    let body = chain.signed(&chain.params("query")).encode();
    let path = chain.url.strip_prefix(&site.socket_url).expect("ours");
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let (one, two) = body.split_at(100);
    let chunks = format!("64\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n", two.len());
    let answer = site.raw(&(head.clone() + &chunks)).await;
    let (_, reply) = answer.split_once("\r\n\r\n").expect("a body");
    let reply = tower_sqrl_client::wire::Reply::parse(reply).expect("a reply");
    assert_eq!(reply.tif.to_string(), "4");
    // Endless chunks are refused once they are too long.
    let chunk = format!("1000\r\n{}\r\n", "A".repeat(4096));
    let answer = site.raw(&(head + &chunk.repeat(3))).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let site = Site::new().await;
    let url = format!("{}/cli.sqrl?nut=a", site.socket_url);
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = site.http().send(method.clone(), &url, HeaderMap::new(), Bytes::new()).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 405, "{method}");
        assert_eq!(answer.headers()["allow"], "POST", "{method}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    for (name, allow) in
        [("nut", "GET"), ("png", "GET"), ("pag", "GET"), ("evt", "GET"), ("cps", "GET, POST")]
    {
        let url = format!("{}/{name}.sqrl", site.socket_url);
        let answer = site.http().send(Method::PUT, &url, HeaderMap::new(), Bytes::new()).await;
        let answer = answer.expect("an answer");
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["allow"].to_str().expect("text")),
            (405, allow)
        );
    }
}

#[tokio::test]
async fn a_reply_byte_by_byte() {
    let site = Site::new().await;
    let visit = site.visit().await;
    let mut chain = visit.chain(&alice()).with_opt("cps~suk");
    assert_eq!(chain.ident().await, "5");
    let reply = chain.reply();
    let text = String::from_utf8(base64url::decode(&reply.raw).expect("base64url")).expect("text");
    let (nut, url, suk) =
        (&reply.nut, reply.url.as_ref().expect("a URL"), reply.suk.expect("a suk"));
    let expected = format!(
        "ver=1\r\nnut={nut}\r\ntif=5\r\nqry=/cli.sqrl?nut={nut}\r\nurl={url}\r\nsuk={suk}\r\n"
    );
    assert_eq!(text, expected);
    assert_eq!(reply.raw, base64url::encode(expected), "unpadded, and no newline behind it");
    assert_eq!(nut.len(), 22, "128 bits");
}

/// The `tif` of a request whose parameters are any text, with a valid signature.
async fn with_list(site: &Site, list: impl FnOnce(&Chain) -> String) -> String {
    let mut chain = site.visit().await.chain(&alice());
    let form = Form::new(&base64url::encode(list(&chain)), &chain.server).signed("ids", &chain.key);
    chain.send(&form).await
}

#[tokio::test]
async fn requests_of_released_clients() {
    let site = Site::new().await;
    let idk = site.visit().await.chain(&alice()).idk();
    for list in [
        format!("cmd=query\r\nver=1\r\nidk={idk}\r\n"),
        format!("ver=1\r\ncmd=query\r\nidk={idk}"),
        format!("idk={idk}\r\nopt=suk\r\ncmd=query\r\nver=1"),
        format!("ver=1\r\ncmd=query\r\nidk={idk}\r\nnew=thing\r\nopt=a~suk~b\r\n"),
        format!("ver=1\r\ncmd=query\r\nidk={idk}=\r\n"),
        format!("ver=1\r\ncmd=query\r\nidk={idk}\r\nopt=\r\n"),
    ] {
        assert_eq!(with_list(&site, |_| list.clone()).await, "4", "{list}");
    }
    // A `urs` that is not needed, valid or not.
    let mut chain = site.visit().await.chain(&alice());
    let form = chain.signed(&chain.params("query")).with("urs", &"A".repeat(86));
    assert_eq!(chain.send(&form).await, "4");
    // `ident` as the first request, additional fields, padded signatures.
    let mut chain = site.visit().await.chain(&alice());
    let form = chain.signed(&chain.params_with_keys("ident")).with("other", "x");
    let ids = format!("{}==", form.get("ids").expect("ids"));
    assert_eq!(chain.send(&form.altered("ids", &ids)).await, "5");
}

#[tokio::test]
async fn versions() {
    let site = Site::new().await;
    let idk = site.visit().await.chain(&alice()).idk();
    for (ver, tif) in [
        ("1", "4"),
        ("1,2,5-9", "4"),
        ("2,1", "4"),
        ("1-2000000000", "4"),
        ("0-18446744073709551615", "4"),
        ("2", "c0"),
        ("2-9", "c0"),
        ("", "c0"),
        ("1,", "c0"),
        ("one", "c0"),
        ("9-1", "c0"),
        ("1,9-2", "c0"),
        ("+1", "c0"),
        ("-1", "c0"),
    ] {
        let list = format!("ver={ver}\r\ncmd=query\r\nidk={idk}\r\n");
        assert_eq!(with_list(&site, |_| list).await, tif, "{ver}");
    }
}

#[tokio::test]
async fn lists_that_are_malformed() {
    let site = Site::new().await;
    let idk = site.visit().await.chain(&alice()).idk();
    for list in [
        String::new(),
        format!("ver=1\r\nidk={idk}\r\n"),
        format!("cmd=query\r\nidk={idk}\r\n"),
        "ver=1\r\ncmd=query\r\n".to_owned(),
        format!("ver=1\r\ncmd=query\r\nidk={idk}\r\nidk={idk}\r\n"),
        format!("ver=1\r\ncmd=query\r\ncmd=ident\r\nidk={idk}\r\n"),
        format!("ver=1\r\ncmd=query\r\nidk={idk}\r\nnew=a\r\nnew=b\r\n"),
        format!("ver=1\r\ncmd=query\r\nidk={idk}\r\n\r\n"),
        format!("ver=1\ncmd=query\nidk={idk}\n"),
        format!("ver=1\r\ncmd=query\r\nidk={idk}\r\nnovalue\r\n"),
        format!("ver=1\r\ncmd=query\r\nidk={}\r\n", &idk[..42]),
        format!("ver=1\r\ncmd=query\r\nidk={idk}A\r\n"),
        format!("ver=1\r\ncmd=query\r\nidk= {idk}\r\n"),
        format!("ver=1\r\ncmd=query\r\nidk={idk}\r\nbtn=4\r\n"),
        format!("ver=1\r\ncmd=query\r\nidk={idk}\r\nbtn=01\r\n"),
        format!("ver=1\r\ncmd=query\r\nidk={idk}\r\nsuk=short\r\n"),
        format!("ver=1\r\ncmd=query\r\nidk={idk}\r\nins=short\r\n"),
    ] {
        assert_eq!(with_list(&site, |_| list.clone()).await, "c0", "{list}");
    }
}

#[tokio::test]
async fn a_repeated_field() {
    let site = Site::new().await;
    for field in ["client", "server", "ids", "pids", "urs"] {
        let mut chain = site.visit().await.chain(&alice());
        let form = chain.signed(&chain.params("query"));
        let value = form.get(field).unwrap_or("").to_owned();
        let form = form.with(field, &value);
        let form = if value.is_empty() { form.with(field, &value) } else { form };
        assert_eq!(chain.send(&form).await, "c0", "{field}");
    }
}

/// Signatures cover the received bytes, not a new encoding of the same values.
#[tokio::test]
async fn bytes_are_verified_as_received() {
    let site = Site::new().await;
    let mut chain = site.visit().await.chain(&alice());
    // A client may pad, and signs the padded text.
    let client = chain.params("query").encode();
    let padded = format!("{client}{}", "=".repeat((4 - client.len() % 4) % 4));
    let form = Form::new(&padded, &chain.server).signed("ids", &chain.key);
    assert_eq!(chain.send(&form).await, "4");
    // An altered value with the same meaning is not what was signed.
    let mut list = List::default();
    for (name, value) in [("ver", "1"), ("cmd", "query"), ("idk", &*chain.idk()), ("a", "b")] {
        list.push(name, value);
    }
    let form = Form::new(&list.encode(), &chain.server).signed("ids", &chain.key);
    let text = list.to_text();
    let without_end = base64url::encode(text.trim_end_matches("\r\n"));
    assert_eq!(chain.clone().send(&form.clone().altered("client", &without_end)).await, "c0");
    assert_eq!(chain.send(&form).await, "4");
}

#[tokio::test]
async fn the_longest_reply_fits_into_a_request() {
    // The smallest possible limit.
    let site = Site::with(|builder| builder.body_limit(4096)).await;
    site.sign_up(&alice()).await;
    let question = tower_sqrl::protocol::Ask::new(&"ä".repeat(760)).expect("a question");
    let question = question.button("Yes").expect("a button").button("No").expect("a button");
    let visit =
        site.visit_with_options(tower_sqrl::ChallengeOptions::default().ask(question)).await;
    let chain = visit.chain(&crate::common::new_alice());
    let pair = UnlockPair::generate(chain.identity.ilk());
    // The longest request: all keys, all signatures, and secrets.
    let mut known = visit.chain(&alice());
    assert_eq!(known.query().await, "5");
    assert_eq!(known.extra_names(), ["suk", "ask"]);
    let params = known.params("ident").with_pair(&pair).with("pidk", &chain.idk());
    let params = params.with("ins", &"A".repeat(43)).with("pins", &"A".repeat(43)).with("btn", "1");
    let form = known.signed(&params).signed("pids", &chain.key).signed("urs", &known.urs(0));
    assert_eq!(known.send(&form).await, "5");
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_bytes_get_a_complete_reply(bodies in vec(vec(any::<u8>(), 0..300), 8)) {
        run(async {
            let site = Site::new().await;
            let chain = site.visit().await.chain(&alice());
            for body in bodies {
                prop_assert_eq!(read(&chain.post(body).await).tif.to_string(), "c0");
            }
            Ok(())
        })?;
    }

    /// The signature is valid, so the request passes the first step.
    #[test]
    fn any_signed_list_gets_a_complete_reply(
        lines in vec(("[a-z]{0,4}|opt|suk|vuk|pidk|btn|ins", "=?", "\\PC{0,50}"), 0..6),
        command in "query|ident|enable|[a-z]{1,8}",
        nut in "\\PC{0,30}",
    ) {
        run(async {
            let site = Site::new().await;
            let mut chain = site.visit().await.chain(&alice());
            let mut list = format!("ver=1\r\ncmd={command}\r\nidk={}\r\n", chain.idk());
            for (name, equals, value) in lines {
                list += &format!("{name}{equals}{value}\r\n");
            }
            let form = Form::new(&base64url::encode(&list), &chain.server).signed("ids", &chain.key);
            // A panic would be answered with 60.
            assert_ne!(chain.send(&form).await, "60");
            let form = Form::new(&base64url::encode(&list), &chain.server).signed("ids", &chain.key);
            let nut = form_urlencoded(&nut);
            chain.url = format!("{}/cli.sqrl?nut={nut}", site.socket_url);
            chain.send(&form).await;
        });
    }
}

fn form_urlencoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

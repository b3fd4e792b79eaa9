//! The pages of the vulnerable server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tower_sqrl_client::base64url::{decode, encode};

use crate::vulnerable_server::Vulnerability::{
    AcceptsAnyCan, AnswersPrefetch, AnswersSubresources, AnyPollEndsWait, AnySiteConfirms,
    CommandPageNeedsNoCookie, CountsForms, CpsInAnyBrowser, CutsLongBodies, IgnoresNonAsciiCookies,
    LandingNeedsNoCookie, LandingPagePerUser, LimitsBursts, NamesNobody, PollsNeedNoCookie,
    RemoteCpsSignsIn, ReusesCps, SearchFormFirst, TrimsUnicodeSpace,
};
use crate::vulnerable_server::{Vulnerability, VulnerableServer, random};

#[derive(Clone, Default)]
struct Site(Arc<Mutex<(VulnerableServer, Browsers)>>);

#[derive(Default)]
struct Browsers {
    /// The secret of the cookie, and the wait, by the nut of a SQRL URL.
    waits: HashMap<String, (String, String)>,
    /// The account by session id.
    sessions: HashMap<String, String>,
    /// The body of the last request of a client.
    last: String,
}

/// Starts a server with vulnerabilities. It stops with the test's runtime. Returns its sign-in page.
pub(crate) async fn start(vulnerabilities: &[Vulnerability]) -> String {
    serve("127.0.0.1:0", vulnerabilities, None).await
}

/// Starts a server without vulnerabilities and with a public origin.
pub(crate) async fn start_at(origin: &str) -> String {
    serve("127.0.0.1:0", &[], Some(origin)).await
}

/// Starts a server for which this machine has only one address.
pub(crate) async fn start_on_one_address(vulnerabilities: &[Vulnerability]) -> String {
    serve("[::1]:0", vulnerabilities, None).await
}

async fn serve(address: &str, vulnerabilities: &[Vulnerability], public: Option<&str>) -> String {
    let listener = TcpListener::bind(address).await.expect("a free port");
    let here = format!("http://{}", listener.local_addr().expect("an address"));
    let origin = public.unwrap_or(&here);
    let site = Site::default();
    site.lock().0 = VulnerableServer::new(vulnerabilities, origin);
    let longest = if vulnerabilities.contains(&CutsLongBodies) { 8192 } else { 4 << 20 };
    let app = Router::new()
        .route("/login", get(login))
        .route("/nut.sqrl", get(new_url))
        .route("/link", get(linking_page))
        .route("/command", get(command_page))
        .route("/cli.sqrl", axum::routing::post(client))
        .route("/pag.sqrl", get(wait))
        .route("/landing", get(landing))
        .route("/cps", get(cps).post(confirm))
        .route("/home", get(home))
        .route("/people/{idk}", get(own_page))
        .layer(DefaultBodyLimit::max(longest))
        .with_state(site)
        .into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await.expect("a server") });
    format!("{here}/login")
}

impl Site {
    fn lock(&self) -> MutexGuard<'_, (VulnerableServer, Browsers)> {
        self.0.lock().expect("no panic with it in hand")
    }

    fn sign_in(&self, idk: &str) -> Response {
        let id = random();
        let mut site = self.lock();
        let account = site.0.account(idk);
        let own = format!("/people/{account}");
        let to = if site.0.has(LandingPagePerUser) { own } else { "/home".into() };
        site.1.sessions.insert(id.clone(), account);
        ([(header::SET_COOKIE, format!("session={id}; Path=/"))], Redirect::to(&to)).into_response()
    }
}

impl Browsers {
    /// Returns the wait of a nut, if the browser requested the SQRL URL.
    fn wait(&self, server: &VulnerableServer, headers: &HeaderMap, nut: &str) -> Option<String> {
        let (secret, wait) = self.waits.get(nut)?;
        let has = cookie(server, headers, &format!("wait-{nut}")).as_ref() == Some(secret);
        has.then(|| wait.clone())
    }

    /// Returns the account of the session.
    fn account(&self, server: &VulnerableServer, headers: &HeaderMap) -> Option<String> {
        self.sessions.get(&cookie(server, headers, "session")?).cloned()
    }
}

fn cookie(server: &VulnerableServer, headers: &HeaderMap, name: &str) -> Option<String> {
    let line = headers.get(header::COOKIE)?;
    if server.has(IgnoresNonAsciiCookies) {
        line.to_str().ok()?;
    }
    let line = String::from_utf8_lossy(line.as_bytes());
    line.split(';')
        .map(|pair| {
            if server.has(TrimsUnicodeSpace) { pair.trim() } else { pair.trim_matches([' ', '\t']) }
        })
        .find_map(|pair| pair.split_once('=').filter(|(n, _)| *n == name))
        .map(|(_, value)| value.to_owned())
}

fn nut(query: Option<String>) -> String {
    query.unwrap_or_default().trim_start_matches("nut=").to_owned()
}

/// Returns whether the user does not see what a request loads.
fn is_hidden(server: &VulnerableServer, headers: &HeaderMap) -> bool {
    let has = |name: &str, value: &str| headers.get(name).is_some_and(|found| found == value);
    let is_prefetch = headers.contains_key("sec-purpose") || headers.contains_key("purpose");
    let is_other = has("sec-fetch-site", "same-site") || has("sec-fetch-site", "cross-site");
    let loads_a_tab = has("sec-fetch-mode", "navigate") && has("sec-fetch-dest", "document");
    (is_prefetch && !server.has(AnswersPrefetch))
        || (is_other && !loads_a_tab && !server.has(AnswersSubresources))
}

/// Issues a SQRL URL to a browser, for a new wait or a given one. Returns the URL, its nut and a
/// cookie.
fn issue(
    site: &mut (VulnerableServer, Browsers),
    peer: SocketAddr,
    wait: Option<String>,
) -> (String, String, String) {
    let (url, nut) = site.0.sqrl_url(peer.ip(), wait.as_deref());
    let secret = random();
    let set = format!("wait-{nut}={secret}; Path=/; HttpOnly; Max-Age=600");
    let wait = wait.unwrap_or_else(|| nut.clone());
    site.1.waits.insert(nut.clone(), (secret, wait));
    (url, nut, set)
}

async fn login(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let mut site = site.lock();
    if is_hidden(&site.0, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let (url, _, set) = issue(&mut site, peer, None);
    ([(header::SET_COOKIE, set)], Html(format!("<a href=\"{url}\">Sign in</a>"))).into_response()
}

/// Returns a SQRL URL as JSON: a new one, or the next of a page that polls.
async fn new_url(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let mut site = site.lock();
    if is_hidden(&site.0, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let query = query.unwrap_or_default();
    let can = query.strip_prefix("can=").map(|can| decode(can).unwrap_or_default());
    let can = can.map(|can| String::from_utf8(can).unwrap_or_default());
    if can.as_ref().is_some_and(|can| !site.0.is_own(can)) && !site.0.has(AcceptsAnyCan) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let wait = match query.strip_prefix("renew=") {
        None => None,
        Some(old) => match site.1.wait(&site.0, &headers, old).filter(|_| site.0.is_open(old)) {
            Some(wait) => Some(wait),
            None => return StatusCode::GONE.into_response(),
        },
    };
    let (url, _, set) = issue(&mut site, peer, wait);
    let expires_in = site.0.lifetime().as_secs();
    let json = serde_json::json!({
        "link": url, "expires_in": expires_in, "can": can.map(encode),
    });
    ([(header::SET_COOKIE, set)], json.to_string()).into_response()
}

/// Shows a SQRL URL that links an identity to the account of the session.
async fn linking_page(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let mut site = site.lock();
    let Some(account) = site.1.account(&site.0, &headers) else {
        return Redirect::to("/login").into_response();
    };
    let (url, nut, set) = issue(&mut site, peer, None);
    site.0.linking.insert(nut, account);
    ([(header::SET_COOKIE, set)], Html(format!("<a href=\"{url}\">Add</a>"))).into_response()
}

/// Reports that an identity was disabled.
async fn command_page(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let site = site.lock();
    let has_been =
        cookie(&site.0, &headers, "command").is_some() || site.0.has(CommandPageNeedsNoCookie);
    if query.as_deref() != Some("disabled") || !has_been {
        return (StatusCode::GONE, "This page has expired").into_response();
    }
    "Your identity is disabled here. You need its rescue code".into_response()
}

async fn client(
    State(site): State<Site>,
    peer: ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: String,
) -> Response {
    let (server, browsers) = &mut *site.lock();
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    let page = origin.is_some_and(|origin| origin.starts_with(b"http") || origin == b"null");
    if page && !server.has(CountsForms) {
        return crate::vulnerable_server::uncounted_reply().into_response();
    }
    if server.has(LimitsBursts) && browsers.last == body {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    browsers.last.clone_from(&body);
    server.answer(&nut(query), peer.ip(), &body).into_response()
}

async fn wait(State(site): State<Site>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let nut = nut(query);
    let (server, browsers) = &mut *site.lock();
    let wait = browsers.wait(server, &headers, &nut);
    if wait.is_none() && !server.has(PollsNeedNoCookie) {
        if server.has(AnyPollEndsWait) {
            server.outcomes.remove(&nut);
        }
        return StatusCode::GONE.into_response();
    }
    let wait = wait.unwrap_or_else(|| nut.clone());
    if server.outcomes.contains_key(&wait) {
        format!("/landing?nut={nut}").into_response()
    } else if server.taken_over.contains(&wait) {
        (StatusCode::GONE, "taken-over").into_response()
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

async fn landing(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let nut = nut(query);
    let idk = {
        let (server, browsers) = &mut *site.lock();
        let any = server.has(LandingNeedsNoCookie).then(|| nut.clone());
        let wait = browsers.wait(server, &headers, &nut).or(any);
        wait.and_then(|wait| {
            let idk = server.outcomes.remove(&wait)?;
            if let Some(account) = server.linking.get(&wait).cloned() {
                server.accounts.insert(idk.clone(), account);
            }
            server.collected.insert(wait, Instant::now());
            Some(idk)
        })
    };
    idk.map_or(StatusCode::GONE.into_response(), |idk| site.sign_in(&idk))
}

async fn cps(State(site): State<Site>, RawQuery(id): RawQuery, headers: HeaderMap) -> Response {
    let id = id.unwrap_or_default();
    let idk = {
        let (server, browsers) = &mut *site.lock();
        let Some(url) = server.urls.get(&id).cloned() else {
            return StatusCode::GONE.into_response();
        };
        if url.reports {
            server.urls.remove(&id);
            let set = [(header::SET_COOKIE, "command=1; Path=/; Max-Age=60")];
            return (set, Redirect::to("/command?disabled")).into_response();
        }
        let own = browsers.wait(server, &headers, &url.wait).is_some();
        let own = own && (!url.remote || server.has(RemoteCpsSignsIn));
        if !own && !server.has(CpsInAnyBrowser) {
            let hidden = format!("<input type=hidden name=id value=\"{id}\">");
            let question = format!("Sign in as {}?", url.idk);
            let form = format!("<form method=post action=\"/cps\">{question}{hidden}</form>");
            let search = "<form action=\"/search\"><input name=q></form>";
            let before = if server.has(SearchFormFirst) { search } else { "" };
            return Html(format!("{before}{form}")).into_response();
        }
        if !server.has(ReusesCps) {
            server.urls.remove(&id);
        }
        url.idk
    };
    site.sign_in(&idk)
}

async fn confirm(State(site): State<Site>, headers: HeaderMap, body: String) -> Response {
    let same = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    if !same && !site.lock().0.has(AnySiteConfirms) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let found = site.lock().0.urls.remove(body.trim_start_matches("id="));
    found.map_or(StatusCode::GONE.into_response(), |url| site.sign_in(&url.idk))
}

async fn home(State(site): State<Site>, headers: HeaderMap) -> Html<String> {
    let site = site.lock();
    let Some(account) = site.1.account(&site.0, &headers) else {
        return Html("<p>Nobody".to_owned());
    };
    let add = "<a href=\"/link\">Add an identity</a>";
    if site.0.has(NamesNobody) {
        return Html(format!("<p>Welcome back. Log out {add}"));
    }
    Html(format!("<p>Hello, {account} {add}"))
}

async fn own_page(state: State<Site>, whose: Path<String>, headers: HeaderMap) -> Response {
    let account = {
        let site = state.0.lock();
        site.1.account(&site.0, &headers)
    };
    if account != Some(whose.0) {
        return StatusCode::FORBIDDEN.into_response();
    }
    home(state, headers).await.into_response()
}

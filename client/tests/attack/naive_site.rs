//! The naive server's pages, over HTTP.

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

use crate::naive::Hole::{
    AnswersParts, AnswersPrefetch, AnyBrowserEndsTheWait, AnySiteConfirms, CountsForms,
    CpsFromElsewhere, CpsInAnyBrowser, CutsLongBodies, DropsForeignCookies, HasASearchForm,
    LandsAnyBrowser, LandsPerUser, LimitsBursts, NamesNobody, ReusesCps, TakesAnyCan,
    TellsAnyBrowser, TellsByALink, TrimsWide,
};
use crate::naive::{Hole, Naive, random};

#[derive(Clone, Default)]
struct Site(Arc<Mutex<(Naive, Browsers)>>);

#[derive(Default)]
struct Browsers {
    /// The cookie that a link's browser has, and its wait, by the link's nut.
    waits: HashMap<String, (String, String)>,
    /// The account, by the session's id.
    sessions: HashMap<String, String>,
    /// The body that a client has sent last.
    last: String,
}

/// Starts one; it ends with the test's runtime. Returns its sign-in page.
pub(crate) async fn start(holes: &[Hole]) -> String {
    serve("127.0.0.1:0", holes, None).await
}

/// Starts one without holes that the world calls by another name.
pub(crate) async fn start_at(origin: &str) -> String {
    serve("127.0.0.1:0", &[], Some(origin)).await
}

/// Starts one to which this machine has one address.
pub(crate) async fn start_on_one_address(holes: &[Hole]) -> String {
    serve("[::1]:0", holes, None).await
}

async fn serve(address: &str, holes: &[Hole], public: Option<&str>) -> String {
    let listener = TcpListener::bind(address).await.expect("a free port");
    let here = format!("http://{}", listener.local_addr().expect("an address"));
    let origin = public.unwrap_or(&here);
    let site = Site::default();
    site.lock().0 = Naive::new(holes, origin);
    let longest = if holes.contains(&CutsLongBodies) { 8192 } else { 4 << 20 };
    let app = Router::new()
        .route("/login", get(login))
        .route("/nut.sqrl", get(new_link))
        .route("/link", get(linking_page))
        .route("/told", get(told))
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
    fn lock(&self) -> MutexGuard<'_, (Naive, Browsers)> {
        self.0.lock().expect("no panic with it in hand")
    }

    fn sign_in(&self, idk: &str) -> Response {
        let id = random();
        let mut site = self.lock();
        let account = site.0.account(idk);
        let own = format!("/people/{account}");
        let to = if site.0.has(LandsPerUser) { own } else { "/home".into() };
        site.1.sessions.insert(id.clone(), account);
        ([(header::SET_COOKIE, format!("session={id}; Path=/"))], Redirect::to(&to)).into_response()
    }
}

impl Browsers {
    /// The wait of a link's nut, if that browser asked for the link.
    fn wait(&self, naive: &Naive, headers: &HeaderMap, nut: &str) -> Option<String> {
        let (secret, wait) = self.waits.get(nut)?;
        let has = cookie(naive, headers, &format!("wait-{nut}")).as_ref() == Some(secret);
        has.then(|| wait.clone())
    }

    /// The account of the session.
    fn account(&self, naive: &Naive, headers: &HeaderMap) -> Option<String> {
        self.sessions.get(&cookie(naive, headers, "session")?).cloned()
    }
}

fn cookie(naive: &Naive, headers: &HeaderMap, name: &str) -> Option<String> {
    let line = headers.get(header::COOKIE)?;
    if naive.has(DropsForeignCookies) {
        line.to_str().ok()?;
    }
    let line = String::from_utf8_lossy(line.as_bytes());
    line.split(';')
        .map(|pair| if naive.has(TrimsWide) { pair.trim() } else { pair.trim_matches([' ', '\t']) })
        .find_map(|pair| pair.split_once('=').filter(|(n, _)| *n == name))
        .map(|(_, value)| value.to_owned())
}

fn nut(query: Option<String>) -> String {
    query.unwrap_or_default().trim_start_matches("nut=").to_owned()
}

/// Whether nobody sees what is asked for.
fn is_unseen(naive: &Naive, headers: &HeaderMap) -> bool {
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|said| said == value);
    let ahead = headers.contains_key("sec-purpose") || headers.contains_key("purpose");
    let other = says("sec-fetch-site", "same-site") || says("sec-fetch-site", "cross-site");
    let in_a_tab = says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document");
    (ahead && !naive.has(AnswersPrefetch)) || (other && !in_a_tab && !naive.has(AnswersParts))
}

/// A new link for that browser, in a wait of its own or in that one: the link, its nut, a cookie.
fn issue(
    site: &mut (Naive, Browsers),
    peer: SocketAddr,
    wait: Option<String>,
) -> (String, String, String) {
    let (link, nut) = site.0.link(peer.ip(), wait.as_deref());
    let secret = random();
    let set = format!("wait-{nut}={secret}; Path=/; HttpOnly; Max-Age=600");
    let wait = wait.unwrap_or_else(|| nut.clone());
    site.1.waits.insert(nut.clone(), (secret, wait));
    (link, nut, set)
}

async fn login(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let mut site = site.lock();
    if is_unseen(&site.0, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let (link, _, set) = issue(&mut site, peer, None);
    ([(header::SET_COOKIE, set)], Html(format!("<a href=\"{link}\">Sign in</a>"))).into_response()
}

/// A link as JSON: a new one, or the next of a page that waits.
async fn new_link(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let mut site = site.lock();
    if is_unseen(&site.0, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let query = query.unwrap_or_default();
    let can = query.strip_prefix("can=").map(|can| decode(can).unwrap_or_default());
    let can = can.map(|can| String::from_utf8(can).unwrap_or_default());
    if can.as_ref().is_some_and(|can| !site.0.is_own(can)) && !site.0.has(TakesAnyCan) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let wait = match query.strip_prefix("renew=") {
        None => None,
        Some(old) => match site.1.wait(&site.0, &headers, old).filter(|_| site.0.is_open(old)) {
            Some(wait) => Some(wait),
            None => return StatusCode::GONE.into_response(),
        },
    };
    let (link, _, set) = issue(&mut site, peer, wait);
    let expires_in = site.0.lifetime().as_secs();
    let json = serde_json::json!({
        "link": link, "expires_in": expires_in, "can": can.map(encode),
    });
    ([(header::SET_COOKIE, set)], json.to_string()).into_response()
}

/// A link that links an identity with the session's account.
async fn linking_page(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let mut site = site.lock();
    let Some(account) = site.1.account(&site.0, &headers) else {
        return Redirect::to("/login").into_response();
    };
    let (link, nut, set) = issue(&mut site, peer, None);
    site.0.linking.insert(nut, account);
    ([(header::SET_COOKIE, set)], Html(format!("<a href=\"{link}\">Add</a>"))).into_response()
}

async fn told(State(site): State<Site>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let site = site.lock();
    let has_been = cookie(&site.0, &headers, "told").is_some() || site.0.has(TellsByALink);
    if query.as_deref() != Some("disabled") || !has_been {
        return (StatusCode::GONE, "This link has expired").into_response();
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
    let (naive, browsers) = &mut *site.lock();
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    let page = origin.is_some_and(|origin| origin.starts_with(b"http") || origin == b"null");
    if page && !naive.has(CountsForms) {
        return crate::naive::dead_end().into_response();
    }
    if naive.has(LimitsBursts) && browsers.last == body {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    browsers.last.clone_from(&body);
    naive.answer(&nut(query), peer.ip(), &body).into_response()
}

async fn wait(State(site): State<Site>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let nut = nut(query);
    let (naive, browsers) = &mut *site.lock();
    let wait = browsers.wait(naive, &headers, &nut);
    if wait.is_none() && !naive.has(TellsAnyBrowser) {
        if naive.has(AnyBrowserEndsTheWait) {
            naive.outcomes.remove(&nut);
        }
        return StatusCode::GONE.into_response();
    }
    let wait = wait.unwrap_or_else(|| nut.clone());
    if naive.outcomes.contains_key(&wait) {
        format!("/landing?nut={nut}").into_response()
    } else if naive.taken_over.contains(&wait) {
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
        let (naive, browsers) = &mut *site.lock();
        let any = naive.has(LandsAnyBrowser).then(|| nut.clone());
        let wait = browsers.wait(naive, &headers, &nut).or(any);
        wait.and_then(|wait| {
            let idk = naive.outcomes.remove(&wait)?;
            if let Some(account) = naive.linking.get(&wait).cloned() {
                naive.accounts.insert(idk.clone(), account);
            }
            naive.collected.insert(wait, Instant::now());
            Some(idk)
        })
    };
    idk.map_or(StatusCode::GONE.into_response(), |idk| site.sign_in(&idk))
}

async fn cps(State(site): State<Site>, RawQuery(id): RawQuery, headers: HeaderMap) -> Response {
    let id = id.unwrap_or_default();
    let idk = {
        let (naive, browsers) = &mut *site.lock();
        let Some(url) = naive.urls.get(&id).cloned() else {
            return StatusCode::GONE.into_response();
        };
        if url.tells {
            naive.urls.remove(&id);
            let told = [(header::SET_COOKIE, "told=1; Path=/; Max-Age=60")];
            return (told, Redirect::to("/told?disabled")).into_response();
        }
        let own = browsers.wait(naive, &headers, &url.wait).is_some();
        let own = own && (!url.elsewhere || naive.has(CpsFromElsewhere));
        if !own && !naive.has(CpsInAnyBrowser) {
            let hidden = format!("<input type=hidden name=id value=\"{id}\">");
            let question = format!("Sign in as {}?", url.idk);
            let form = format!("<form method=post action=\"/cps\">{question}{hidden}</form>");
            let search = "<form action=\"/search\"><input name=q></form>";
            let before = if naive.has(HasASearchForm) { search } else { "" };
            return Html(format!("{before}{form}")).into_response();
        }
        if !naive.has(ReusesCps) {
            naive.urls.remove(&id);
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

//! The naive server's pages, over HTTP.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::naive::Hole::{
    AnyBrowserEndsTheWait, AnySiteConfirms, CpsInAnyBrowser, HasASearchForm, LandsAnyBrowser,
    LandsPerUser, LimitsBursts, NamesNobody, ReusesCps, TellsAnyBrowser,
};
use crate::naive::{Hole, Naive, random};

#[derive(Clone, Default)]
struct Site(Arc<Mutex<(Naive, Browsers)>>);

#[derive(Default)]
struct Browsers {
    /// The cookie that a link's browser has, by the link's nut.
    waits: HashMap<String, String>,
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
    let app = Router::new()
        .route("/login", get(login))
        .route("/cli.sqrl", axum::routing::post(client))
        .route("/pag.sqrl", get(wait))
        .route("/landing", get(landing))
        .route("/cps", get(cps).post(confirm))
        .route("/home", get(home))
        .route("/people/{idk}", get(own_page))
        .with_state(site)
        .into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await.expect("a server") });
    format!("{here}/login")
}

impl Site {
    fn lock(&self) -> MutexGuard<'_, (Naive, Browsers)> {
        self.0.lock().expect("no panic with it in hand")
    }

    fn sign_in(&self, idk: String) -> Response {
        let id = random();
        let mut site = self.lock();
        let to = if site.0.has(LandsPerUser) { format!("/people/{idk}") } else { "/home".into() };
        site.1.sessions.insert(id.clone(), idk);
        ([(header::SET_COOKIE, format!("session={id}; Path=/"))], Redirect::to(&to)).into_response()
    }
}

impl Browsers {
    fn waits(&self, headers: &HeaderMap, nut: &str) -> bool {
        let secret = self.waits.get(nut);
        secret.is_some() && cookie(headers, &format!("wait-{nut}")) == secret.map(String::as_str)
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies
        .split("; ")
        .find_map(|pair| pair.split_once('=').filter(|(n, _)| *n == name))
        .map(|(_, value)| value)
}

fn nut(query: Option<String>) -> String {
    query.unwrap_or_default().trim_start_matches("nut=").to_owned()
}

async fn login(State(site): State<Site>, peer: ConnectInfo<SocketAddr>) -> Response {
    let mut site = site.lock();
    let (link, nut) = site.0.link(peer.ip());
    let secret = random();
    let set = format!("wait-{nut}={secret}; Path=/; HttpOnly; Max-Age=600");
    site.1.waits.insert(nut, secret);
    ([(header::SET_COOKIE, set)], Html(format!("<a href=\"{link}\">Sign in</a>"))).into_response()
}

async fn client(
    State(site): State<Site>,
    peer: ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    body: String,
) -> Response {
    let (naive, browsers) = &mut *site.lock();
    if naive.has(LimitsBursts) && browsers.last == body {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    browsers.last.clone_from(&body);
    naive.answer(&nut(query), peer.ip(), &body).into_response()
}

async fn wait(State(site): State<Site>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let nut = nut(query);
    let (naive, browsers) = &mut *site.lock();
    if !browsers.waits(&headers, &nut) && !naive.has(TellsAnyBrowser) {
        if naive.has(AnyBrowserEndsTheWait) {
            naive.outcomes.remove(&nut);
        }
        return StatusCode::GONE.into_response();
    }
    if naive.outcomes.contains_key(&nut) {
        format!("/landing?nut={nut}").into_response()
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
        let may = browsers.waits(&headers, &nut) || naive.has(LandsAnyBrowser);
        may.then(|| naive.outcomes.remove(&nut)).flatten()
    };
    idk.map_or(StatusCode::GONE.into_response(), |idk| site.sign_in(idk))
}

async fn cps(State(site): State<Site>, RawQuery(id): RawQuery, headers: HeaderMap) -> Response {
    let id = id.unwrap_or_default();
    let idk = {
        let (naive, browsers) = &mut *site.lock();
        let Some((idk, link)) = naive.urls.get(&id).cloned() else {
            return StatusCode::GONE.into_response();
        };
        if !browsers.waits(&headers, &link) && !naive.has(CpsInAnyBrowser) {
            let hidden = format!("<input type=hidden name=id value=\"{id}\">");
            let form =
                format!("<form method=post action=\"/cps\">Sign in as {idk}?{hidden}</form>");
            let search = "<form action=\"/search\"><input name=q></form>";
            let before = if naive.has(HasASearchForm) { search } else { "" };
            return Html(format!("{before}{form}")).into_response();
        }
        if !naive.has(ReusesCps) {
            naive.urls.remove(&id);
        }
        idk
    };
    site.sign_in(idk)
}

async fn confirm(State(site): State<Site>, headers: HeaderMap, body: String) -> Response {
    let same = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    if !same && !site.lock().0.has(AnySiteConfirms) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let found = site.lock().0.urls.remove(body.trim_start_matches("id="));
    found.map_or(StatusCode::GONE.into_response(), |(idk, _)| site.sign_in(idk))
}

async fn home(State(site): State<Site>, headers: HeaderMap) -> Html<String> {
    let site = site.lock();
    let idk = cookie(&headers, "session").and_then(|id| site.1.sessions.get(id));
    if site.0.has(NamesNobody) {
        return Html(idk.map_or("<p>Nobody", |_| "<p>Welcome back. Log out").to_owned());
    }
    Html(idk.map_or("<p>Nobody".to_owned(), |idk| format!("<p>Hello, {idk}")))
}

async fn own_page(state: State<Site>, whose: Path<String>, headers: HeaderMap) -> Response {
    let idk = {
        let site = state.0.lock();
        cookie(&headers, "session").and_then(|id| site.1.sessions.get(id)).cloned()
    };
    if idk != Some(whose.0) {
        return StatusCode::FORBIDDEN.into_response();
    }
    home(state, headers).await.into_response()
}

//! The pages of the scripted site.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;

/// Returns a page. Polling returns a sign-in once the script is done; the nut chooses the landing
/// page.
pub(super) fn page<B>(request: &Request<B>, target: &str, done: bool) -> Response<Full<Bytes>> {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap());
    let cookies = header("cookie").unwrap_or_default();
    let waits = cookies.contains("wait=secret");
    let host = header("host").unwrap();
    let localhost = host.replace("127.0.0.1", "localhost");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let see_other = |to: &str, cookie: &str| {
        respond(303, &[("location", to), ("set-cookie", cookie)], String::new())
    };
    match (path, query) {
        ("/login", "no-cookie") => respond(200, &[], sqrl_link(host, "first")),
        ("/login", "localhost") => waiting(sqrl_link(&localhost, "localhost")),
        ("/login", "") => waiting(sqrl_link(host, "first")),
        ("/login", nut) => waiting(sqrl_link(host, nut)),
        ("/private", _) if cookies.contains("app=of-the-application") => {
            waiting(sqrl_link(host, "first"))
        }
        ("/private", _) => respond(302, &[("location", "/login")], String::new()),
        ("/to", url) => respond(302, &[("location", url)], String::new()),
        ("/pag.sqrl", _) if !waits => respond(410, &[], "no cookie".into()),
        ("/pag.sqrl", _) if !done => respond(404, &[], String::new()),
        ("/pag.sqrl", "nut=again") => respond(200, &[], "/login".into()),
        ("/pag.sqrl", "nut=forbidden") => respond(200, &[], "/nowhere?a-key".into()),
        ("/pag.sqrl", "nut=localhost") => respond(200, &[], format!("http://{localhost}/enter")),
        ("/pag.sqrl", _) => respond(200, &[], "/account".into()),
        ("/enter", _) => respond(200, &[], "Nobody is signed in".into()),
        ("/cps.sqrl", "") if cookies.contains("asked=1") => {
            respond(200, &[], "<form method=post>Sign in?</form>".into())
        }
        ("/cps.sqrl", "1") if !waits => see_other("/cps.sqrl", "asked=1; Path=/"),
        ("/account" | "/cps", _) | ("/cps.sqrl", "1") => see_other("home?a=b", "session=1; Path=/"),
        ("/home", "a=b") if cookies.contains("session=1") => respond(200, &[], "Welcome".into()),
        ("/circle", _) => respond(302, &[("location", "/circle")], String::new()),
        _ => respond(403, &[], String::new()),
    }
}

fn waiting(body: String) -> Response<Full<Bytes>> {
    respond(200, &[("set-cookie", "wait=secret; Path=/; HttpOnly; Max-Age=60")], body)
}

fn sqrl_link(host: &str, nut: &str) -> String {
    format!("<p><a href=\"qrl://{host}/cli.sqrl?x=0&amp;nut={nut}\">Sign in</a>")
}

/// Returns a response.
pub(super) fn respond(
    status: u16,
    headers: &[(&str, &str)],
    body: String,
) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::new(body.into())).unwrap()
}

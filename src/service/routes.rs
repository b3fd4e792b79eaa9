use http::Method;

/// The paths that the layer answers or looks at.
#[derive(Debug)]
pub(crate) struct Routes {
    /// Before every endpoint; empty, or `/…` without a slash at the end.
    pub(crate) prefix: Box<str>,
    /// The application's route that gets the sign-in.
    pub(crate) signed_in: Box<str>,
}

/// Who answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// Not ours: passed on as it is.
    Application,
    /// The application's route that gets the sign-in.
    SignedIn,
    /// Ours.
    Endpoint(Endpoint),
    /// Ours, by a method that it does not have.
    OtherMethod { allow: &'static str },
}

/// What the layer answers itself, by the field's standard names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `nut.sqrl`: a new SQRL URL, or a renewed one.
    Nut,
    /// `png.sqrl`: the QR code.
    Png,
    /// `svg.sqrl`: the QR code.
    Svg,
    /// `pag.sqrl`: has it happened?
    Page,
    /// `evt.sqrl`: tell me when it happens.
    Events,
    /// `cli.sqrl`: the client.
    Client,
    /// `cps.sqrl`: the browser that the client sends.
    Cps,
    /// `cps.sqrl` by POST: yes, that is me.
    ConfirmCps,
    /// `sqrl.js`, `sqrl-confirm.js` and `sqrl.css`.
    Asset(&'static str),
}

impl Routes {
    /// The one match of paths and methods.
    pub(crate) fn of(&self, method: &Method, path: &str) -> Route {
        if path == &*self.signed_in {
            return Route::SignedIn;
        }
        let Some(name) = path.strip_prefix(&*self.prefix) else { return Route::Application };
        let (endpoint, allowed) = match name {
            "/nut.sqrl" => (Endpoint::Nut, Method::GET),
            "/png.sqrl" => (Endpoint::Png, Method::GET),
            "/svg.sqrl" => (Endpoint::Svg, Method::GET),
            "/pag.sqrl" => (Endpoint::Page, Method::GET),
            "/evt.sqrl" => (Endpoint::Events, Method::GET),
            "/cli.sqrl" => (Endpoint::Client, Method::POST),
            "/cps.sqrl" if method == Method::POST => (Endpoint::ConfirmCps, Method::POST),
            "/cps.sqrl" if method == Method::GET => (Endpoint::Cps, Method::GET),
            "/cps.sqrl" => return Route::OtherMethod { allow: "GET, POST" },
            "/sqrl.js" => (Endpoint::Asset("sqrl.js"), Method::GET),
            "/sqrl-confirm.js" => (Endpoint::Asset("sqrl-confirm.js"), Method::GET),
            "/sqrl.css" => (Endpoint::Asset("sqrl.css"), Method::GET),
            _ => return Route::Application,
        };
        if *method == allowed {
            Route::Endpoint(endpoint)
        } else if allowed == Method::POST {
            Route::OtherMethod { allow: "POST" }
        } else {
            Route::OtherMethod { allow: "GET" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_ours() {
        let routes = Routes { prefix: "/auth".into(), signed_in: "/signed-in".into() };
        for (method, path, route) in [
            (Method::POST, "/auth/cli.sqrl", Route::Endpoint(Endpoint::Client)),
            (Method::GET, "/auth/cli.sqrl", Route::OtherMethod { allow: "POST" }),
            (Method::POST, "/auth/cps.sqrl", Route::Endpoint(Endpoint::ConfirmCps)),
            (Method::HEAD, "/auth/cps.sqrl", Route::OtherMethod { allow: "GET, POST" }),
            (Method::HEAD, "/auth/pag.sqrl", Route::OtherMethod { allow: "GET" }),
            (Method::GET, "/auth/sqrl.js", Route::Endpoint(Endpoint::Asset("sqrl.js"))),
            (Method::GET, "/login", Route::Application),
            (Method::GET, "/signed-in", Route::SignedIn),
            (Method::GET, "/cli.sqrl", Route::Application),
            (Method::POST, "/auth/cli.sqrl/", Route::Application),
            (Method::POST, "/auth/%63li.sqrl", Route::Application),
            (Method::POST, "/authcli.sqrl", Route::Application),
            (Method::GET, "/", Route::Application),
        ] {
            assert_eq!(routes.of(&method, path), route, "{method} {path}");
        }
    }
}

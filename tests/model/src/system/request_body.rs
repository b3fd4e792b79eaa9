//! Encodes the body of a client's request, valid or not.

use tower_sqrl_client::base64url;
use tower_sqrl_client::wire::{ClientParams, Command, Form, Options};

use super::key_ring::KeyRing;
use crate::history;
use crate::spec::{Request, ServerField};
use crate::values::Nut;

/// A valid `can`.
const CAN: &str = "&can=aHR0cHM6Ly9leGFtcGxlLmNvbS8";

/// Encodes a request. `sent` is what the server sent with each nut.
pub(super) fn encode(key_ring: &KeyRing, request: &Request, sent: &[String]) -> String {
    let params = malformed_list(params(key_ring, request), request);
    let text = |nut: Nut| sent[nut.0].clone();
    let with = |nut: Nut, more: &str| {
        let mut bytes = base64url::decode(text(nut)).expect("base64url from a server");
        bytes.extend_from_slice(more.as_bytes());
        base64url::encode(bytes)
    };
    let server = match request.server {
        ServerField::Exact(nut) => text(nut),
        ServerField::WithCan(nut) => with(nut, CAN),
        ServerField::EmptyCan(nut) => with(nut, "&can="),
        ServerField::Longer(nut) => with(nut, "x"),
    };
    let mut form = Form::new(&params.encode(), &server).signed("ids", key_ring.key(request.ids));
    if let Some(pids) = request.pids {
        form = form.signed("pids", key_ring.key(pids));
    }
    if let Some(urs) = request.urs {
        form = form.signed("urs", key_ring.urs(urs));
    }
    malformed_form(form, request)
}

fn params(key_ring: &KeyRing, request: &Request) -> ClientParams {
    let history::Options { suk, cps, noiptest, sqrlonly, hardlock } = request.options;
    let command = match request.command {
        history::Command::Query => Command::Query,
        history::Command::Ident => Command::Ident,
        history::Command::Disable => Command::Disable,
        history::Command::Enable => Command::Enable,
        history::Command::Remove => Command::Remove,
        history::Command::Other => Command::Other("reset".to_owned()),
    };
    let mut params = ClientParams::new(&command, key_ring.key(request.idk).idk());
    params = params.with_options(Options { cps, suk, noiptest, sqrlonly, hardlock });
    if let Some(pidk) = request.pidk {
        params = params.with("pidk", &key_ring.key(pidk).idk().to_string());
    }
    if let Some(suk) = request.suk {
        params = params.with("suk", &key_ring.pair(suk).suk.to_string());
    }
    if let Some(vuk) = request.vuk {
        params = params.with("vuk", &key_ring.pair(vuk).vuk.to_string());
    }
    match request.button {
        Some(button) => params.with("btn", &button.to_string()),
        None => params,
    }
}

/// Adds an error to the signed parameters.
fn malformed_list(params: ClientParams, request: &Request) -> ClientParams {
    let idk = params.get("idk").unwrap_or_default().to_owned();
    match request.malformed.map(|how| how % 14) {
        Some(0) => params.altered("ver", "2"),
        Some(1) => params.without("ver"),
        Some(2) => params.without("cmd"),
        Some(3) => params.with("idk", &idk),
        Some(4) => params.altered("btn", "4"),
        Some(5) => params.altered("vuk", &"A".repeat(43)),
        Some(6) => params.altered("idk", &idk[..42]),
        Some(7) => params.with("x", "1").with("x", "2"),
        _ => params,
    }
}

/// Adds an error to the form.
fn malformed_form(form: Form, request: &Request) -> String {
    let short = base64url::encode([7; 63]);
    match request.malformed.map(|how| how % 14) {
        Some(8) => form.without("ids").encode(),
        Some(9) => form.altered("ids", &short).encode(),
        Some(10) => form.without("urs").with("urs", &short).encode(),
        Some(11) => form.with("server", "").encode(),
        Some(12) => form.altered("client", "*").encode(),
        Some(13) => String::new(),
        _ => form.encode(),
    }
}

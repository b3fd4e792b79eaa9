//! The client, configured by the command line.

use tower_sqrl_client::{Answer, Client, Http, Identity};

use crate::args::Settings;
use crate::output;

pub(crate) fn client(settings: &Settings, identity: Identity, http: &Http) -> Client {
    let mut client = Client::new(identity).with_http(http.clone()).with_options(settings.options());
    if let Some(button) = settings.button {
        client = client.with_answer(move |_| match button {
            0 => Answer::Ok,
            1 => Answer::First,
            _ => Answer::Second,
        });
    }
    if settings.verbose {
        client = client.with_observer(output::show_step);
    }
    client
}

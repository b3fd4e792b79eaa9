//! The demo behind an nginx.

use http::{HeaderName, HeaderValue};
use test_servers::{Nginx, free_port};
use tower_sqrl_client::{Client, Http};

use crate::process::{Demo, command};
use crate::somebody;

/// A demo whose pages come through an nginx.
pub(crate) struct Front {
    pub(crate) demo: Demo,
    _nginx: Nginx,
}

impl Front {
    /// With this `http { … }` of nginx's, in which `{{demo}}` stands for the demo's address and
    /// `{{port}}` for nginx's port. People get there by this scheme and host.
    pub(crate) fn start(http: &str, scheme_and_host: &str) -> Self {
        let address = format!("127.0.0.1:{}", free_port().expect("a port"));
        let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {{{{dir}}}}/{name};\n"))
            .concat();
        let http = http.replace("{{demo}}", &address);
        let configuration = format!("worker_processes 1;\nevents {{}}\nhttp {{\n{paths}{http}}}\n");
        let nginx = Nginx::start(&configuration).expect("an nginx");
        let url = format!("{scheme_and_host}:{}", nginx.port());
        let arguments = ["--public-url", &url, "--trusted-proxy", "127.0.0.1"];
        let demo = Demo::in_memory_at(&address, command(), &arguments);
        Self { demo, _nginx: nginx }
    }

    /// Somebody's SQRL app, which sends what nginx would pass on.
    pub(crate) fn somebody(&self) -> Client {
        let header = HeaderName::from_static("x-forwarded-for");
        let http = Http::builder()
            .route(&self.demo.public_url, &format!("http://{}", self.demo.address))
            .header(header, HeaderValue::from_static("127.0.0.1"));
        somebody().with_http(http.build())
    }
}

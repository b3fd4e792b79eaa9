//! The demo behind nginx.

use http::{HeaderName, HeaderValue};
use test_servers::{Nginx, free_port};
use tower_sqrl_client::{Client, Http};

use crate::new_app;
use crate::process::{Demo, command};

/// A demo behind nginx.
pub(crate) struct Front {
    pub(crate) demo: Demo,
    _nginx: Nginx,
}

impl Front {
    /// Starts both. In `http`, the `http { … }` block of nginx, `{{demo}}` stands for the demo's address and
    /// `{{port}}` for nginx's port. The public URL has this scheme and host.
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

    /// Returns a SQRL app that sends the headers that nginx would add.
    pub(crate) fn new_app(&self) -> Client {
        let header = HeaderName::from_static("x-forwarded-for");
        let http = Http::builder()
            .route(&self.demo.public_url, &format!("http://{}", self.demo.address))
            .header(header, HeaderValue::from_static("127.0.0.1"));
        new_app().with_http(http.build())
    }
}

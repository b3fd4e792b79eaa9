//! The requests between the browser and the demo, and the browser's console.

use std::time::Instant;

use serde_json::{Value, json};

use crate::chromium::{Chromium, PATIENCE, PAUSE};

impl Chromium {
    /// Returns all network events so far: `method` and `params` of the `DevTools` protocol.
    pub(crate) async fn traffic(&mut self) -> &[Value] {
        for entry in self.log("performance").await {
            let entry = entry["message"].as_str().expect("a message");
            let mut entry: Value = serde_json::from_str(entry).expect("JSON");
            self.heard.push(entry["message"].take());
        }
        &self.heard
    }

    /// Waits until the page's event stream is open.
    pub(crate) async fn listens(&mut self) {
        self.is_answered("/evt.sqrl", 200, 1).await;
    }

    /// Waits until a path has given this status this many times.
    pub(crate) async fn is_answered(&mut self, path: &str, status: u16, times: usize) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let traffic = self.traffic().await.iter();
            let seen = traffic.filter(|event| answers(event, path, status)).count();
            if seen >= times {
                return;
            }
            assert!(Instant::now() < deadline, "{path}: {seen} times {status}, not {times}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Returns the messages of the console, except the expected ones: `pag.sqrl` answers a waiting page
    /// with 404 or 410, and no program here opens SQRL URLs.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let expected = |text: &str| {
            (text.contains("/pag.sqrl?") && ["404", "410"].iter().any(|code| text.contains(code)))
                || text.contains("does not have a registered handler")
        };
        let entries = self.log("browser").await.into_iter();
        let texts = entries.map(|entry| entry["message"].as_str().expect("a text").to_owned());
        texts.filter(|text| !expected(text)).collect()
    }

    /// Returns the new entries of a log.
    async fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.send("se/log", json!({ "type": kind })).await;
        entries.as_array().expect("entries").clone()
    }
}

/// Returns whether an event is a request for a path.
pub(crate) fn asks(event: &Value, path: &str) -> bool {
    let url = &event["params"]["request"]["url"];
    event["method"] == "Network.requestWillBeSent" && is_at(url, path)
}

/// Returns whether an event is the start of a response from a path.
pub(crate) fn answers(event: &Value, path: &str, status: u16) -> bool {
    let response = &event["params"]["response"];
    event["method"] == "Network.responseReceived"
        && is_at(&response["url"], path)
        && response["status"] == status
}

fn is_at(url: &Value, path: &str) -> bool {
    url.as_str().is_some_and(|url| url.contains(&format!("{path}?")))
}

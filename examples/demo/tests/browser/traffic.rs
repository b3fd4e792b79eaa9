//! What went between the browser and the demo, and what the browser's console says.

use std::time::Instant;

use serde_json::{Value, json};

use crate::chromium::{Chromium, PATIENCE, PAUSE};

impl Chromium {
    /// Everything that the network panel has seen so far: `method` and `params` of the `DevTools`
    /// protocol's events.
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

    /// Waits until a path has given this answer so often.
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

    /// What the console complains about, but for what has to be: a waiting page is told
    /// "pending" by a 404 and "over" by a 410, and no program here opens a link.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let expected = |text: &str| {
            (text.contains("/pag.sqrl?") && ["404", "410"].iter().any(|code| text.contains(code)))
                || text.contains("does not have a registered handler")
        };
        let entries = self.log("browser").await.into_iter();
        let texts = entries.map(|entry| entry["message"].as_str().expect("a text").to_owned());
        texts.filter(|text| !expected(text)).collect()
    }

    /// What has come into a log since it was read last.
    async fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.send("se/log", json!({ "type": kind })).await;
        entries.as_array().expect("entries").clone()
    }
}

/// Whether an event is a request for a path.
pub(crate) fn asks(event: &Value, path: &str) -> bool {
    let url = &event["params"]["request"]["url"];
    event["method"] == "Network.requestWillBeSent" && is_at(url, path)
}

/// Whether an event is the beginning of an answer from a path.
pub(crate) fn answers(event: &Value, path: &str, status: u16) -> bool {
    let response = &event["params"]["response"];
    event["method"] == "Network.responseReceived"
        && is_at(&response["url"], path)
        && response["status"] == status
}

fn is_at(url: &Value, path: &str) -> bool {
    url.as_str().is_some_and(|url| url.contains(&format!("{path}?")))
}

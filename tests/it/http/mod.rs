//! `docs/http.md`: the headers of every response, and the requirements for requests.

mod connection;
mod headers;
mod host;
mod paths;
mod row;
mod walk;

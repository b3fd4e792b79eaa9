//! `docs/http.md`: what every response carries, and what a request has to look like.

mod connection;
mod headers;
mod host;
mod paths;
mod row;
mod walk;

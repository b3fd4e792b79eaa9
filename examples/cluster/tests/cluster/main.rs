//! Several demo servers on one Redis and one Postgres, real processes all of them.
#![allow(clippy::unwrap_used)]

mod instants;
mod logins;
mod nginx;
mod people;
mod races;
mod site;

//! Several demo servers on one Redis and one Postgres, real processes all of them.
#![allow(clippy::unwrap_used)]

mod calls;
mod command;
mod failures;
mod instants;
mod limits;
mod logins;
mod nginx;
mod people;
mod pooler;
mod races;
mod site;
mod stream;
mod waiting;

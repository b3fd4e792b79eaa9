//! Several demo servers, one Redis and one Postgres, each a process.
#![allow(clippy::unwrap_used)]

mod command;
mod failures;
mod limits;
mod load;
mod logins;
mod nginx;
mod pooler;
mod races;
mod redis_cost;
mod simultaneous;
mod site;
mod visit;
mod waiting;

//! The table test: every command in every situation, with requests that are really signed,
//! against the rows of the situations' table.

mod effects;
mod limits;
mod requests;
mod rows;
mod sweep;
mod world;

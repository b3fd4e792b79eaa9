//! Attacks that have worked on other servers, with their numbers in `docs/protocol.md`, section 5.
//! Alice is the victim. Mallory is the attacker, with her own keys and everything that is public.

mod impersonation;
mod injection;
mod links;
mod memory;
mod named;
mod nuts;
mod races;
mod rekeying;
mod weak_keys;

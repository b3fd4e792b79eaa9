//! Attacks that have worked on other servers, by their numbers in `docs/protocol.md`, section
//! 5. Alice is attacked; Mallory attacks, with keys of her own and all that is public.

mod impersonation;
mod injection;
mod links;
mod memory;
mod named;
mod nuts;
mod races;
mod rekeying;
mod weak_keys;

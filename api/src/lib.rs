//! The program `portal`: every page and command of the product, through one bus and one table of routes.
//!
//! | module | is the one place for |
//! | --- | --- |
//! | [`ui`] | how it looks |
//! | `aside`, [`clock`], [`log`], [`metrics`], [`config`], [`http_client`], [`assets`] | what all of it stands on |
//! | [`web`] | HTTP itself: what is taken, what is answered, where everything is |
//! | [`bus`] | the way of every command, and who may send it |
//! | [`credentials`] | what keeps secrets and counts guesses |
//! | [`signer`] | signing checkpoints of the log |
//! | [`readiness`], [`maintenance`], [`audited`] | how this process is doing |
//! | [`app`] | what everybody shares |
//! | [`identity`] | who is asking, and whether it is still them |
//! | [`server`] | sockets, limits, headers, origins |
//! | [`access`] | the gate: who may ask for what |
//! | [`layout`] | what pages have in common: frames, names, moments, errors beside fields |
//! | [`resources`], [`health`] | what there is, by noun: what people, programs and machines ask and are told |
//! | [`reply`] | how refusals are told |
//! | [`jobs`] | what happens without anybody asking |
//! | [`witness`] | cosigning checkpoints of others, as a server of its own |
//! | [`routes`] | every URL, and who may ask for it |
//! | [`cli`] | subcommands |
//!
//! Each stands above those that it uses: none imports one that stands below it in this table.
//!
//! **Invariant:** no rule stands here. A handler parses, sends, redirects.

pub mod access;
pub mod app;
pub(crate) mod aside;
pub mod assets;
pub mod audited;
pub mod bus;
pub mod cli;
pub mod clock;
pub mod config;
pub mod credentials;
pub mod health;
pub mod http_client;
pub mod identity;
pub mod jobs;
pub mod layout;
pub mod log;
pub mod maintenance;
pub mod metrics;
pub mod readiness;
pub mod reply;
pub mod resources;
pub mod routes;
pub mod server;
pub mod signer;
pub mod ui;
pub mod web;
pub mod witness;

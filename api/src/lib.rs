//! The program `portal`: every page and command of the product, through one bus and one table of routes.
//!
//! | module | is the one place for |
//! | --- | --- |
//! | [`routes`] | every URL, and who may ask for it |
//! | [`access`] | who may do what, and the gate that asks |
//! | [`bus`] | the way of every command |
//! | [`reactor`] | what happens by itself, on time |
//! | [`beside`] | tasks that run beside the server |
//! | [`sealer`] | signing checkpoints of the log |
//! | [`witness`] | cosigning those of others, as a server of its own |
//! | [`session`], [`passwords`], [`links`], [`throttle`] | who is asking |
//! | [`second_factor`], [`passkeys`] | whether a password is enough, and whether it is needed |
//! | [`sudo`] | whether it is still them |
//! | [`pages`] | what people see |
//! | [`ui`] | how it looks |
//! | [`json`] | what other programs are told |
//! | [`server`], [`extract`], [`etag`], [`error`] | HTTP itself: limits, headers, parsing, statuses |
//! | [`http_client`] | asking others by HTTP |
//! | [`config`], [`cli`] | settings and subcommands |
//!
//! **Invariant:** no rule stands here. A handler parses, sends, redirects.

pub mod access;
pub mod account_log;
pub mod app;
pub mod assets;
pub mod auditor;
pub mod beside;
pub mod bus;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod error;
pub mod etag;
pub mod extract;
pub mod health;
pub mod http_client;
pub mod json;
pub mod links;
pub mod log;
pub mod metrics;
pub mod pages;
pub mod passkeys;
pub mod passwords;
pub mod paths;
pub mod reactor;
pub mod retention;
pub mod routes;
pub mod sealer;
pub mod second_factor;
pub mod secrets;
pub mod server;
pub mod session;
pub mod sudo;
pub mod throttle;
pub mod ui;
pub mod upkeep;
pub mod witness;

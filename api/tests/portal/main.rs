//! The whole system in one process, and the house rules.

#[macro_use]
mod world;

mod access;
mod account;
mod admin_actions;
mod admin_orgs;
mod as_of;
mod away;
mod bad_input;
mod bulk;
mod cli;
mod client;
mod commands;
mod crash;
mod disk;
mod grant_requests;
mod grant_terms;
mod history;
mod history_event;
mod history_export;
mod history_tail;
mod invitation;
mod json;
mod leaks;
mod login;
mod operator_access;
mod organisations;
mod passkeys;
mod process;
mod proof;
mod protection;
mod reference_data;
mod revert;
mod roles;
mod second_factor;
mod secrets;
mod server;
mod setup;
mod slow;
mod sudo;
mod superadmins;
mod tenant;
mod tidy;
mod two_processes;
mod wire;

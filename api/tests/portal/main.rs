//! The whole system in one process, and the house rules.

mod cli;
mod server;
mod tidy;

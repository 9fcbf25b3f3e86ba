//! The whole system in one process, and the house rules.

mod server;
mod tidy;

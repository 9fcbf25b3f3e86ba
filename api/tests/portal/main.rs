//! The whole system in one process, and the house rules.

mod cli;
mod crash;
mod disk;
mod process;
mod server;
mod tidy;
mod wire;

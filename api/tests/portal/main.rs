//! The whole system in process.

mod server;

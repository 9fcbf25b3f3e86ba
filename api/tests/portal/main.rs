//! The whole system in process.

mod tidy;

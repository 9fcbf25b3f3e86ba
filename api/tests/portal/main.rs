//! The system as its clients see it.

mod server;

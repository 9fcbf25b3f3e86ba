//! Jobs that run beside the server, each at its time, without a request.
//!
//! **Invariant:** only the command line starts jobs, and no page waits for one.

pub mod auditor;
pub mod beside;
pub mod consumers;
pub mod retention;
pub mod signing;
pub mod timers;

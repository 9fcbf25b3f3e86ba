//! What happens without anybody asking: at its time, again and again, beside the server.
//!
//! **Invariant:** nothing but the command line begins a job, and no page waits for one.

pub mod auditor;
pub mod beside;
pub mod retention;
pub mod signing;
pub mod timers;

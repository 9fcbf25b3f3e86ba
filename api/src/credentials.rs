//! Keeping secrets, and limiting guesses.
//!
//! **Invariant:** nothing here knows of requests.

pub mod passwords;
pub mod secrets;
pub mod throttle;

//! What keeps secrets and counts guesses.
//!
//! **Invariant:** nothing here knows of requests.

pub mod passwords;
pub mod secrets;
pub mod throttle;

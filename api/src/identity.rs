//! Who is asking, and whether it is really them.
//!
//! | module | is the one place for |
//! | --- | --- |
//! | [`client`] | where a request came from |
//! | [`session`] | who it is, by a cookie |
//! | [`second_factor`], [`passkeys`] | whether a password is enough, and whether it is needed |
//! | [`sudo`] | whether it is still them |
//! | [`home`] | where their work is |
//! | [`links`] | links that let somebody in once |
//! | [`account_log`] | what happened to accounts |
//!
//! **Invariant:** every proof of who somebody is is checked here, and nowhere else.

pub mod account_log;
pub mod client;
pub mod home;
pub mod links;
pub mod passkeys;
pub mod second_factor;
pub mod session;
pub mod sudo;

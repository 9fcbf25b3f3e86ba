//! How often somebody may try to sign in: per account and per address.
//!
//! **Invariant:** the answer is the same for accounts that exist and those that don't, and an attempt costs a few bytes
//! of memory, however long the address that was typed: an address that tries too much is refused before its accounts
//! are looked at.

use std::net::IpAddr;
use std::num::NonZeroU32;

use domain::values::PersonId;
use governor::clock::{Clock, DefaultClock, QuantaInstant};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::server::one_client;

pub struct Throttle {
    /// By the hash of the account's address.
    accounts: DefaultKeyedRateLimiter<[u8; 32]>,
    addresses: DefaultKeyedRateLimiter<Option<IpAddr>>,
    /// By person: of a million codes three are right at a time.
    codes: DefaultKeyedRateLimiter<PersonId>,
    clock: DefaultClock,
}

/// Tries at once, and then one every so many seconds.
const PER_ACCOUNT: (u32, u32) = (10, 6);
const PER_ADDRESS: (u32, u32) = (60, 30);
const PER_CODE: (u32, u32) = (10, 1);

impl Throttle {
    pub fn new() -> Self {
        Self {
            accounts: RateLimiter::keyed(quota(PER_ACCOUNT)),
            addresses: RateLimiter::keyed(quota(PER_ADDRESS)),
            codes: RateLimiter::keyed(quota(PER_CODE)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts one attempt to sign in to `account` from `address`, or says when to try again.
    pub fn attempt(&self, account: &str, address: Option<IpAddr>) -> Result<(), Error> {
        let account =
            || self.accounts.check_key(&<[u8; 32]>::from(Sha256::digest(account.trim().to_lowercase())));
        self.answer(self.addresses.check_key(&address.map(one_client)).and_then(|()| account()))
    }

    /// Counts one code that somebody typed whose password was right.
    pub fn code(&self, person: PersonId, address: Option<IpAddr>) -> Result<(), Error> {
        let code = || self.codes.check_key(&person);
        self.answer(self.addresses.check_key(&address.map(one_client)).and_then(|()| code()))
    }

    fn answer(&self, counted: Result<(), NotUntil<QuantaInstant>>) -> Result<(), Error> {
        let Err(refused) = counted else { return Ok(()) };
        let seconds = refused.wait_time_from(self.clock.now()).as_secs() + 1;
        Err(Error::TooManyRequests {
            retry_after_seconds: seconds,
            detail: format!("Too many attempts to sign in. Try again in {seconds} seconds."),
        })
    }

    /// Forgets what has long been quiet, so that memory stays small.
    pub fn forget_quiet(&self) {
        self.accounts.retain_recent();
        self.addresses.retain_recent();
        self.codes.retain_recent();
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new()
    }
}

/// `burst` at once, then `per_minute`.
fn quota((burst, per_minute): (u32, u32)) -> Quota {
    let some = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    Quota::per_minute(some(per_minute)).allow_burst(some(burst))
}

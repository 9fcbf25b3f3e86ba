//! How often somebody may try to sign in: per account and per address.
//!
//! **Invariant:** the answer is the same for accounts that exist and those that don't.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::Error;

pub struct Throttle {
    accounts: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<Option<IpAddr>>,
    clock: DefaultClock,
}

/// Tries at once, and then one every so many seconds.
const PER_ACCOUNT: (u32, u32) = (10, 6);
const PER_ADDRESS: (u32, u32) = (60, 30);

impl Throttle {
    pub fn new() -> Self {
        Self {
            accounts: RateLimiter::keyed(quota(PER_ACCOUNT)),
            addresses: RateLimiter::keyed(quota(PER_ADDRESS)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts one attempt to sign in to `account` from `address`, or says when to try again.
    pub fn attempt(&self, account: &str, address: Option<IpAddr>) -> Result<(), Error> {
        let account = self.accounts.check_key(&account.trim().to_lowercase());
        let address = self.addresses.check_key(&address);
        let Err(refused) = account.and(address) else { return Ok(()) };
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

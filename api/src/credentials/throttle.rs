//! How often somebody may try what could be guessed, or what costs us: one table of limits, counted in the database.
//!
//! Somebody who tries to sign in is counted three times: their network, the account from their network, and the account
//! from everywhere. In a browser where that account has signed in before they are counted by that browser alone, so that
//! strangers can't use up the attempts of whoever the account belongs to. When strangers have used up an account's
//! attempts, every network still has one, so that its owner gets in from a new place as well.
//!
//! **Invariant:** the answer is the same for accounts that exist and those that don't. What an attempt stores is a row of
//! some 50 bytes that is gone within minutes, and a refused attempt stores nothing; so what strangers make us store is
//! bounded by their networks.

use std::net::IpAddr;
use std::time::Duration;

use domain::values::{Email, PersonId};
use ipnet::IpNet;
use projections::throttle::{self, Limit};
use projections::{Db, StoreError};
use sha2::{Digest, Sha256};

use crate::clock;
use crate::web::error::Error;

/// What is counted.
#[derive(Clone, Copy, Debug)]
enum Counted {
    Network,
    WideNetwork,
    AccountFromNetwork,
    Account,
    LastResort,
    KnownDevice,
    Code,
    CodeOnKnownDevice,
    Confirmation,
    ConfirmationCode,
    Question,
    WideQuestion,
    LinkNetwork,
    WideLinkNetwork,
    LinkForm,
}

impl Counted {
    /// The table of limits: how many attempts at once, and then one more every so many milliseconds.
    fn limit(self) -> Limit {
        let (at_once, milliseconds) = match self {
            // Sign-ins from one IPv4 address or IPv6 /64. An office in the morning passes.
            Self::Network => (60, 2_000),
            // Sign-ins from one IPv6 /48. One customer of a provider has up to 65,536 networks of /64.
            Self::WideNetwork => (300, 400),
            // Sign-ins to one account from one network. Somebody who tries all their passwords passes.
            Self::AccountFromNetwork => (10, 10_000),
            // Sign-ins to one account from everywhere. The limit is more than three networks get, and less than four.
            Self::Account => (60, 3_000),
            // Sign-ins to one account from one network while the limit above is used up. The owner passes, and an attacker
            // has one attempt from each of their networks.
            Self::LastResort => (1, 600_000),
            // Sign-ins to one account from a browser where it has signed in before.
            Self::KnownDevice => (10, 10_000),
            // Codes of a second factor, counted for each person. Three out of a million codes are right at any time.
            Self::Code => (10, 60_000),
            // Codes of a second factor from a browser where that person has signed in before.
            Self::CodeOnKnownDevice => (10, 60_000),
            // Passwords by which a signed-in person confirms who they are. Each may cost three computations.
            Self::Confirmation => (10, 10_000),
            // Codes by which a signed-in person confirms who they are.
            Self::ConfirmationCode => (10, 60_000),
            // Questions to passkeys from one network. A sign-in needs one, and each is kept for five minutes.
            Self::Question => (20, 5_000),
            // Questions to passkeys from one IPv6 /48.
            Self::WideQuestion => (100, 1_000),
            // Requests to links from one IPv4 address or IPv6 /64. Nobody guesses 256 bits, so this limits only what the
            // requests cost. A hundred people who join from one building at the same moment pass.
            Self::LinkNetwork => (300, 500),
            // Requests to links from one IPv6 /48.
            Self::WideLinkNetwork => (1_500, 100),
            // Forms sent to one link. Each may make us judge and hash a password.
            Self::LinkForm => (20, 6_000),
        };
        Limit { at_once, then_every: Duration::from_millis(milliseconds) }
    }
}

/// A browser in which an account has signed in before, by the hash of its cookie.
pub type KnownDevice = [u8; 32];

#[derive(Clone, Debug)]
pub struct Throttle {
    db: Db,
}

impl Throttle {
    pub fn new(db: &Db) -> Self {
        Self { db: db.clone() }
    }

    /// Counts one attempt to sign in to `account`, or says when to try again. Without an account, what was typed is no
    /// address, and only the network counts.
    pub async fn sign_in(
        &self,
        account: Option<&Email>,
        address: Option<IpAddr>,
        device: Option<KnownDevice>,
    ) -> Result<(), Error> {
        if let (Some(account), Some(device)) = (account, device) {
            return self.count(Counted::KnownDevice, &format!("{account}\0{}", hex::encode(device))).await;
        }
        self.network(address).await?;
        let Some(account) = account.map(Email::as_str) else { return Ok(()) };
        let from_here = format!("{account}\0{}", network(address, NARROW));
        self.count(Counted::AccountFromNetwork, &from_here).await?;
        match self.count(Counted::Account, account).await {
            Err(Error::TooManyRequests { .. }) => self.count(Counted::LastResort, &from_here).await,
            counted => counted,
        }
    }

    /// Counts one code from somebody whose password was right.
    pub async fn code(
        &self,
        person: PersonId,
        address: Option<IpAddr>,
        device: Option<KnownDevice>,
    ) -> Result<(), Error> {
        if let Some(device) = device {
            let here = format!("{person}\0{}", hex::encode(device));
            return self.count(Counted::CodeOnKnownDevice, &here).await;
        }
        self.network(address).await?;
        self.count(Counted::Code, &person.to_string()).await
    }

    /// Counts one password that a signed-in person confirms with. Attempts to sign in as them don't count here.
    pub async fn confirmation(&self, person: PersonId) -> Result<(), Error> {
        self.count(Counted::Confirmation, &person.to_string()).await
    }

    /// Counts one code that a signed-in person confirms with.
    pub async fn confirmation_code(&self, person: PersonId) -> Result<(), Error> {
        self.count(Counted::ConfirmationCode, &person.to_string()).await
    }

    /// Counts one attempt from a network, by somebody who has not said who they are.
    pub async fn network(&self, address: Option<IpAddr>) -> Result<(), Error> {
        self.from(address, Counted::Network, Counted::WideNetwork).await
    }

    /// Counts one passkey question whose answer may come from any passkey.
    pub async fn question(&self, address: Option<IpAddr>) -> Result<(), Error> {
        self.from(address, Counted::Question, Counted::WideQuestion).await
    }

    /// Counts one request to a link, even if there is no such link.
    pub async fn link(&self, address: Option<IpAddr>) -> Result<(), Error> {
        self.from(address, Counted::LinkNetwork, Counted::WideLinkNetwork).await
    }

    /// Counts one form sent to a link that works.
    pub async fn link_form(&self, token: &str) -> Result<(), Error> {
        self.count(Counted::LinkForm, token).await
    }

    /// Removes attempts that no longer count.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        throttle::sweep(&self.db, clock::now()).await
    }

    /// Counts an attempt for the network, and for the wider IPv6 network around it.
    async fn from(&self, address: Option<IpAddr>, narrow: Counted, wide: Counted) -> Result<(), Error> {
        self.count(narrow, &network(address, NARROW)).await?;
        if matches!(address, Some(IpAddr::V6(_))) {
            self.count(wide, &network(address, WIDE)).await?;
        }
        Ok(())
    }

    async fn count(&self, counted: Counted, of: &str) -> Result<(), Error> {
        let bucket = Sha256::digest(format!("{counted:?}\0{of}")).into();
        let taken = throttle::take(&self.db, &bucket, counted.limit(), clock::now()).await?;
        let Err(wait) = taken else { return Ok(()) };
        let seconds = wait.as_secs() + 1;
        Err(Error::TooManyRequests {
            retry_after_seconds: seconds,
            detail: format!("Too many attempts. Try again in {seconds} seconds."),
        })
    }
}

/// The prefix that counts as one client: a client can have all the addresses behind it.
const NARROW: u8 = 64;
const WIDE: u8 = 48;

/// The IPv4 address, or the IPv6 network with a prefix of this many bits.
fn network(address: Option<IpAddr>, bits: u8) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(v6 @ IpAddr::V6(_)) => IpNet::new_assert(v6, bits).trunc().to_string(),
        Some(v4 @ IpAddr::V4(_)) => v4.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_what_one_client_has() {
        let of = |address: &str, bits| network(Some(address.parse().expect("an address")), bits);
        assert_eq!(of("203.0.113.7", NARROW), "203.0.113.7");
        assert_eq!(of("::ffff:203.0.113.7", NARROW), "203.0.113.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6", NARROW), "2001:db8:1:2::/64");
        assert_eq!(of("2001:db8:1:2:3:4:5:6", WIDE), "2001:db8:1::/48");
    }
}

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
    /// The table: so many at once, and then one every so many milliseconds.
    fn limit(self) -> Limit {
        let (at_once, milliseconds) = match self {
            // Sign-ins from one IPv4 address or IPv6 /64: an office in the morning passes.
            Self::Network => (60, 2_000),
            // From one IPv6 /48: one customer of a provider has up to 65,536 networks.
            Self::WideNetwork => (300, 400),
            // To one account from one network: somebody who tries all their passwords passes.
            Self::AccountFromNetwork => (10, 10_000),
            // To one account from everywhere: more than three networks get, less than four.
            Self::Account => (60, 3_000),
            // To one account from one network while the line above is used up: its owner passes, and so do as many of an
            // attacker's attempts as they have networks.
            Self::LastResort => (1, 600_000),
            // To one account from a browser where it has signed in.
            Self::KnownDevice => (10, 10_000),
            // Codes of a second factor, by person: of a million codes three are right at a time.
            Self::Code => (10, 60_000),
            // The same from a browser where they have signed in.
            Self::CodeOnKnownDevice => (10, 60_000),
            // Passwords by which somebody who is signed in confirms that it is them. Each may cost three computations.
            Self::Confirmation => (10, 10_000),
            // Codes by which they do.
            Self::ConfirmationCode => (10, 60_000),
            // Questions to passkeys from one network, each of which is kept for five minutes: a sign-in needs one.
            Self::Question => (20, 5_000),
            // The same from one IPv6 /48.
            Self::WideQuestion => (100, 1_000),
            // Requests to links from one IPv4 address or IPv6 /64: nobody guesses 256 bits, so it is about what they
            // cost. A hundred people who join from one building at the same moment pass.
            Self::LinkNetwork => (300, 500),
            // The same from one IPv6 /48.
            Self::WideLinkNetwork => (1_500, 100),
            // Forms sent to one link, which may make us judge and hash a password.
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

    /// Counts one attempt to sign in to `account`, or says when to try again. What is no address is nobody's account.
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

    /// Counts one code that somebody typed whose password was right.
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

    /// Counts one password of somebody who is signed in. Attempts to sign in as them don't count here.
    pub async fn confirmation(&self, person: PersonId) -> Result<(), Error> {
        self.count(Counted::Confirmation, &person.to_string()).await
    }

    /// The same for a code of their second factor.
    pub async fn confirmation_code(&self, person: PersonId) -> Result<(), Error> {
        self.count(Counted::ConfirmationCode, &person.to_string()).await
    }

    /// Counts one attempt of somebody who has not said who they are.
    pub async fn network(&self, address: Option<IpAddr>) -> Result<(), Error> {
        self.from(address, (Counted::Network, Counted::WideNetwork)).await
    }

    /// Counts one question to whatever passkey there is.
    pub async fn question(&self, address: Option<IpAddr>) -> Result<(), Error> {
        self.from(address, (Counted::Question, Counted::WideQuestion)).await
    }

    /// Counts one request to a link, whether there is such a link or not.
    pub async fn link(&self, address: Option<IpAddr>) -> Result<(), Error> {
        self.from(address, (Counted::LinkNetwork, Counted::WideLinkNetwork)).await
    }

    /// Counts one form that was sent to a link that opens something.
    pub async fn link_form(&self, token: &str) -> Result<(), Error> {
        self.count(Counted::LinkForm, token).await
    }

    /// Removes what counts for nothing any more.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        throttle::sweep(&self.db, clock::now()).await
    }

    /// Counts by the network, and by the wide one that it may be a part of.
    async fn from(&self, address: Option<IpAddr>, (narrow, wide): (Counted, Counted)) -> Result<(), Error> {
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

/// What one client can have many of counts as one.
const NARROW: u8 = 64;
const WIDE: u8 = 48;

/// The IPv4 address, or the IPv6 network whose prefix has so many bits.
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

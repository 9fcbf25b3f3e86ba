//! Counts open connections, in all and per address.
//!
//! **Invariant:** each count is exactly the number of living [`Place`]s, so that a connection which ends in whatever way
//! gives its place back.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Limits;

pub(super) struct Gate {
    max: usize,
    max_per_address: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One open connection's place; dropping it frees the place.
pub(super) struct Place {
    gate: Arc<Gate>,
    address: IpAddr,
}

impl Gate {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        let (max, max_per_address) = (limits.max_connections, limits.max_connections_per_address);
        Arc::new(Self { max, max_per_address, open: Mutex::default() })
    }

    /// A place for one more connection, or which limit stands against it.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Place, &'static str> {
        let address = one_client(address);
        let mut open = self.open();
        if open.values().sum::<usize>() >= self.max {
            return Err("all");
        }
        let from_here = open.entry(address).or_default();
        if *from_here >= self.max_per_address {
            return Err("address");
        }
        *from_here += 1;
        Ok(Place { gate: Arc::clone(self), address })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.gate.open();
        if let Some(from_here) = open.get_mut(&self.address) {
            *from_here -= 1;
            if *from_here == 0 {
                open.remove(&self.address);
            }
        }
    }
}

/// What one client can have many of counts as one: the addresses of an IPv6 /64.
pub fn one_client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

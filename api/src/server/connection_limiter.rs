//! How many connections are open, in all and per address, and which of them makes room for the next.
//!
//! A connection *waits* while there is nothing to do for it until its client sends something, or takes what was written:
//! before a request, in the middle of one, and once nothing of an answer was taken for a while. Where an address has reached
//! its limit, that one of its own is closed that has waited longest since something went on; where all have, one of whichever
//! network has the most that wait, and in it of whichever address. Whoever opens many and does little then only pushes their
//! own ones out.
//!
//! **Invariant:** a connection whose request is being handled, or whose answer is being taken, is never closed here. Once
//! one was told to close, no request of it is handled any more.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::Limits;

pub(super) struct ConnectionLimiter {
    max: usize,
    max_per_address: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    connections: HashMap<u64, Connection>,
    /// The number of the next connection.
    next: u64,
}

struct Connection {
    address: IpAddr,
    waits: bool,
    /// True once its client has stopped taking the answer.
    is_stuck: bool,
    /// The moment it was opened, something last came or was last taken, or its last answer ended; whichever was latest.
    since: Instant,
    closed: Arc<Notify>,
}

/// How long an answer that nobody takes still counts as being on its way.
const STUCK: Duration = Duration::from_secs(2);

/// One open connection's place. Dropping it frees the place.
pub(super) struct ConnectionPlace {
    limiter: Arc<ConnectionLimiter>,
    number: u64,
    closed: Arc<Notify>,
}

/// Says what a connection is doing, for as long as it has its place.
#[derive(Clone)]
pub(super) struct ConnectionProgress {
    limiter: Arc<ConnectionLimiter>,
    number: u64,
}

impl ConnectionLimiter {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        let (max, max_per_address) = (limits.max_connections, limits.max_connections_per_address);
        Arc::new(Self { max, max_per_address, open: Mutex::default() })
    }

    /// Gives a place for one more connection, and says if another one had to close for it. If no connection waits that could
    /// close, says which limit is reached.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<(ConnectionPlace, bool), &'static str> {
        let address = one_client(address);
        let mut open = self.open();
        let from_here = open.connections.values().filter(|other| other.address == address).count();
        let is_full = from_here >= self.max_per_address;
        let made_room = is_full || open.connections.len() >= self.max;
        if is_full && !open.close_longest_waiting(|other| other.address == address) {
            return Err("address");
        }
        if open.connections.len() >= self.max && !open.make_room() {
            return Err("all");
        }
        let (number, closed) = (open.next, Arc::new(Notify::new()));
        open.next += 1;
        let connection = Connection {
            address,
            waits: true,
            is_stuck: false,
            since: Instant::now(),
            closed: Arc::clone(&closed),
        };
        open.connections.insert(number, connection);
        Ok((ConnectionPlace { limiter: Arc::clone(self), number, closed }, made_room))
    }

    /// Closes a connection of the network and address with the most that wait, if there is one.
    pub(super) fn make_room(&self) -> bool {
        self.open().make_room()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn make_room(&mut self) -> bool {
        let (mut networks, mut addresses) =
            (HashMap::<IpAddr, usize>::new(), HashMap::<IpAddr, usize>::new());
        for Connection { address, .. } in self.connections.values().filter(|it| it.waits()) {
            *networks.entry(network(*address)).or_default() += 1;
            *addresses.entry(*address).or_default() += 1;
        }
        let rank = |address: &IpAddr| (networks.get(&network(*address)), addresses.get(address));
        let most = addresses.keys().map(rank).max();
        self.close_longest_waiting(|connection| Some(rank(&connection.address)) == most)
    }

    /// Closes the connection that has waited longest among the candidates, and frees its place.
    fn close_longest_waiting(&mut self, is_candidate: impl Fn(&Connection) -> bool) -> bool {
        let waiting = self.connections.iter().filter(|(_, other)| other.waits() && is_candidate(other));
        let longest =
            waiting.min_by_key(|(number, other)| (other.since, **number)).map(|(number, _)| *number);
        let Some(connection) = longest.and_then(|number| self.connections.remove(&number)) else {
            return false;
        };
        connection.closed.notify_one();
        true
    }
}

impl Connection {
    fn waits(&self) -> bool {
        self.waits || (self.is_stuck && self.since.elapsed() >= STUCK)
    }

    fn goes_on(&mut self) {
        (self.waits, self.is_stuck, self.since) = (false, false, Instant::now());
    }
}

impl ConnectionPlace {
    pub(super) fn progress(&self) -> ConnectionProgress {
        ConnectionProgress { limiter: Arc::clone(&self.limiter), number: self.number }
    }

    /// Returns when the connection was told to make room for another one.
    pub(super) async fn closed(&self) {
        self.closed.notified().await;
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.limiter.open().connections.remove(&self.number);
    }
}

impl ConnectionProgress {
    /// Notes that the head of a request has come. False for a connection that was told to close.
    pub(super) fn request_begins(&self) -> bool {
        self.note(Connection::goes_on)
    }

    /// Notes that more of the request's body has to come.
    pub(super) fn waits(&self) {
        self.note(|connection| connection.waits = true);
    }

    /// Notes that more of the answer has to be taken.
    pub(super) fn is_stuck(&self) {
        self.note(|connection| connection.is_stuck = true);
    }

    /// Notes that more of the request came, or more of the answer was taken. False for a connection that was told to close.
    pub(super) fn goes_on(&self) -> bool {
        self.note(Connection::goes_on)
    }

    /// Notes that the whole answer was handed to the system.
    pub(super) fn answer_ended(&self) {
        self.note(|connection| {
            connection.goes_on();
            connection.waits = true;
        });
    }

    /// Changes what is noted of the connection. False if it has no place any more.
    fn note(&self, what: impl FnOnce(&mut Connection)) -> bool {
        self.limiter.open().connections.get_mut(&self.number).map(what).is_some()
    }
}

/// The address that a client counts as. All addresses of an IPv6 /64 count as one.
pub fn one_client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The network that is easily in one hand: an IPv6 /48 or an IPv4 /24.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80)).into(),
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & (u32::MAX << 8)).into(),
    }
}

//! Puts request bodies together before anything is done about them. A client that sends slowly, or never ends, takes up
//! nothing but its own connection.
//!
//! **Invariant:** a short body always has room. When long bodies have taken all the room for them, one of the address with
//! the most of them gives way to the next: the one of which least has come lately. So honest senders get through.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::one_client;
use crate::web::error::Error;
use crate::web::extract;
use crate::web::request::PeerAddr;

/// Puts bodies together; `patience` is how long a whole body may take.
#[derive(Clone)]
pub(super) struct Gathering {
    patience: Duration,
    /// The room for long bodies, in units of [`UNIT`].
    room: Arc<Semaphore>,
    long: Arc<Long>,
}

/// The long bodies that are still coming, by number.
#[derive(Default)]
struct Long {
    next: AtomicU64,
    waiting: Mutex<HashMap<u64, LongBody>>,
}

/// A long body that is still coming: from which address, and how fast.
struct LongBody {
    address: IpAddr,
    give_way: Arc<Notify>,
    /// The bytes that came lately. With each [`MOMENT`] half of them are forgotten.
    lately: usize,
    /// The moment up to which bytes were forgotten.
    at: Instant,
}

/// The place of one body among the long ones.
struct LongBodyPlace {
    long: Arc<Long>,
    number: u64,
    give_way: Arc<Notify>,
}

/// The room that the body of every request has, whatever others take. Connections are limited, so all of these together are
/// limited too.
const SHORT: usize = 16 * 1024;

/// The room for all longer bodies together.
const ROOM: usize = 64 * 1024 * 1024;
const UNIT: usize = 16 * 1024;

/// After this time a byte counts half.
const MOMENT: Duration = Duration::from_millis(250);

/// How long a body waits for the room of those that give way.
const GIVING_WAY: Duration = Duration::from_secs(2);

impl Gathering {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, room: Arc::new(Semaphore::new(ROOM / UNIT)), long: Arc::default() }
    }

    /// Reads the whole body, and gives it with the room that it takes.
    async fn whole(
        &self,
        address: IpAddr,
        mut body: Body,
    ) -> Result<(Vec<u8>, Vec<OwnedSemaphorePermit>), Error> {
        let (mut whole, mut taken, mut place) = (vec![], vec![], None);
        while let Some(frame) = next(&mut body, place.as_ref()).await? {
            let frame = frame.map_err(|failure| extract::cut_short(&failure))?;
            let Ok(data) = frame.into_data() else { continue };
            if let Some(place) = &place {
                place.goes_on(data.len());
            }
            while whole.len() + data.len() > SHORT + UNIT * taken.len() {
                let place = place.get_or_insert_with(|| self.long.enter(address, data.len()));
                taken.push(self.take(place).await?);
            }
            whole.extend_from_slice(&data);
        }
        Ok((whole, taken))
    }

    /// Takes one unit of room. If there is none, another body has to give way.
    async fn take(&self, place: &LongBodyPlace) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(unit) = self.room.clone().try_acquire_owned() {
            return Ok(unit);
        }
        if !self.long.make_room(place) {
            return Err(Error::Unavailable);
        }
        match tokio::time::timeout(GIVING_WAY, self.room.clone().acquire_owned()).await {
            Ok(Ok(unit)) => Ok(unit),
            Ok(Err(_)) | Err(_) => Err(Error::Unavailable),
        }
    }
}

/// The next part of a body; an error if this body has to give way to others.
async fn next(
    body: &mut Body,
    place: Option<&LongBodyPlace>,
) -> Result<Option<Result<hyper::body::Frame<axum::body::Bytes>, axum::Error>>, Error> {
    let Some(place) = place else { return Ok(body.frame().await) };
    tokio::select! {
        frame = body.frame() => Ok(frame),
        () = place.give_way.notified() => Err(Error::RequestTimeout),
    }
}

impl Long {
    fn enter(self: &Arc<Self>, address: IpAddr, came: usize) -> LongBodyPlace {
        let give_way = Arc::<Notify>::default();
        let new = LongBody { address, give_way: give_way.clone(), lately: came, at: Instant::now() };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.waiting().insert(number, new);
        LongBodyPlace { long: self.clone(), number, give_way }
    }

    /// Makes another body give way: the slowest one of the address that has the most. False if there is none.
    fn make_room(&self, place: &LongBodyPlace) -> bool {
        let mut waiting = self.waiting();
        let mut held = HashMap::<IpAddr, usize>::new();
        for one in waiting.values() {
            *held.entry(one.address).or_default() += 1;
        }
        let others = waiting.iter_mut().filter(|(number, _)| **number != place.number);
        let rank = |(number, other): (&u64, &mut LongBody)| {
            (Reverse(held.get(&other.address).copied()), other.lately(), *number)
        };
        let slowest = others.map(rank).min();
        let slowest = slowest.and_then(|(.., number)| waiting.remove(&number));
        slowest.is_some_and(|slowest| {
            slowest.give_way.notify_one();
            true
        })
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, LongBody>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LongBody {
    fn lately(&mut self) -> usize {
        while self.lately > 0 && self.at.elapsed() >= MOMENT {
            self.at += MOMENT;
            self.lately /= 2;
        }
        self.lately
    }
}

impl LongBodyPlace {
    fn goes_on(&self, came: usize) {
        if let Some(waiting) = self.long.waiting().get_mut(&self.number) {
            if waiting.lately() == 0 {
                waiting.at = Instant::now();
            }
            waiting.lately = waiting.lately.saturating_add(came);
        }
    }
}

impl Drop for LongBodyPlace {
    fn drop(&mut self) {
        self.long.waiting().remove(&self.number);
    }
}

/// Waits for the whole body of a form before anything is done about it.
pub(super) async fn gather(
    State(gathering): State<Gathering>,
    request: Request,
    next: Next,
) -> Result<Response, Error> {
    let (parts, body) = request.into_parts();
    let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let address = parts.extensions.get::<PeerAddr>().map_or(nowhere, |PeerAddr(peer)| one_client(peer.ip()));
    let whole = tokio::time::timeout(gathering.patience, gathering.whole(address, body));
    let (whole, _taken_until_answered) = whole.await.or(Err(Error::RequestTimeout))??;
    Ok(next.run(Request::from_parts(parts, whole.into())).await)
}

//! Bodies, put together before anything is done about them: whoever sends slowly, or never ends, takes nobody's place but
//! their own connection's.
//!
//! **Invariant:** a short body always has room. Where long ones have taken all that there is for them, the one of which nothing
//! has come for the longest time gives way to the next: what is sent honestly goes on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::error::Error;
use crate::extract;

/// Where bodies are put together, and how long one is waited for.
#[derive(Clone)]
pub(super) struct Gathering {
    patience: Duration,
    /// For what is long, in units of [`UNIT`].
    room: Arc<Semaphore>,
    long: Arc<Long>,
}

/// The long bodies that are not whole yet, in the order in which something of them came last.
#[derive(Default)]
struct Long {
    next: AtomicU64,
    waiting: Mutex<BTreeMap<u64, Arc<Notify>>>,
}

/// A place among them.
struct Place {
    long: Arc<Long>,
    number: u64,
    give_way: Arc<Notify>,
}

/// What the body of every request may take, whatever others take. Connections are counted, so all of these have an end.
const SHORT: usize = 16 * 1024;

/// What all bodies together may take that are longer.
const ROOM: usize = 64 * 1024 * 1024;
const UNIT: usize = 16 * 1024;

/// How long somebody waits for the room of those who give way.
const GIVING_WAY: Duration = Duration::from_secs(2);

impl Gathering {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, room: Arc::new(Semaphore::new(ROOM / UNIT)), long: Arc::default() }
    }

    /// The whole body, with the room that it takes.
    async fn whole(&self, mut body: Body) -> Result<(Vec<u8>, Vec<OwnedSemaphorePermit>), Error> {
        let (mut whole, mut taken, mut place) = (vec![], vec![], None);
        while let Some(frame) = next(&mut body, place.as_ref()).await? {
            let frame = frame.map_err(|failure| extract::cut_short(&failure))?;
            if let Some(place) = &mut place {
                place.goes_on();
            }
            let Ok(data) = frame.into_data() else { continue };
            while whole.len() + data.len() > SHORT + UNIT * taken.len() {
                let place = place.get_or_insert_with(|| self.long.enter());
                taken.push(self.take(place).await?);
            }
            whole.extend_from_slice(&data);
        }
        Ok((whole, taken))
    }

    /// One unit of room, if need be that of the body of which nothing has come for the longest time.
    async fn take(&self, place: &Place) -> Result<OwnedSemaphorePermit, Error> {
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

/// The next part of a body; an error where it has to give way to others.
async fn next(
    body: &mut Body,
    place: Option<&Place>,
) -> Result<Option<Result<hyper::body::Frame<axum::body::Bytes>, axum::Error>>, Error> {
    let Some(place) = place else { return Ok(body.frame().await) };
    tokio::select! {
        frame = body.frame() => Ok(frame),
        () = place.give_way.notified() => Err(Error::RequestTimeout),
    }
}

impl Long {
    fn enter(self: &Arc<Self>) -> Place {
        let (number, give_way) = (self.next.fetch_add(1, Ordering::Relaxed), Arc::<Notify>::default());
        self.waiting().insert(number, give_way.clone());
        Place { long: self.clone(), number, give_way }
    }

    /// Lets the first but this one give way; false where there is none.
    fn make_room(&self, place: &Place) -> bool {
        let mut waiting = self.waiting();
        let first = waiting.keys().find(|number| **number != place.number).copied();
        let first = first.and_then(|first| waiting.remove(&first));
        first.is_some_and(|first| {
            first.notify_one();
            true
        })
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Notify>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Something came: to the end of the line.
    fn goes_on(&mut self) {
        let mut waiting = self.long.waiting();
        if let Some(give_way) = waiting.remove(&self.number) {
            self.number = self.long.next.fetch_add(1, Ordering::Relaxed);
            waiting.insert(self.number, give_way);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.long.waiting().remove(&self.number);
    }
}

/// Waits for what a form says before anything is done about it.
pub(super) async fn gather(
    State(gathering): State<Gathering>,
    request: Request,
    next: Next,
) -> Result<Response, Error> {
    let (parts, body) = request.into_parts();
    let whole = tokio::time::timeout(gathering.patience, gathering.whole(body));
    let (whole, _taken_until_answered) = whole.await.or(Err(Error::RequestTimeout))??;
    Ok(next.run(Request::from_parts(parts, whole.into())).await)
}

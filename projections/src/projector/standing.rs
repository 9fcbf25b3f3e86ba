//! Watches whether decisions may rely on the read models: their position, how long they have stood still, and what they
//! leave out.
//!
//! ```text
//! every second, ─► where the log ends, where the checkpoints stand, what is parked ─► here ─► whoever decides
//! every batch   ─► what is parked                                                     (memory)
//! ```
//!
//! **Invariant:** asking costs nothing: on the way of a request nothing is read from the store.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use metrics::gauge;

use super::{POLL, Parked};
use crate::event_log::StreamId;
use crate::processes;

/// If the read models are behind the log or stand still for longer than this, nobody relies on them. A usual batch takes
/// much less.
const PATIENCE: Duration = Duration::from_secs(2);

/// The read models from which authorization is decided.
const DECIDED_FROM: [&str; 3] = ["grants", "memberships", "org_detail"];

/// What this process knows of the read models. Cheap to clone; all clones share it.
#[derive(Clone, Debug)]
pub(super) struct ReadModelStanding(Arc<RwLock<ReadModelState>>);

#[derive(Debug)]
struct ReadModelState {
    parked: HashMap<StreamId, Vec<Parked>>,
    lag: i64,
    /// The moment at which the read models were first seen to be behind the log, and the end of the log at that moment.
    behind: Option<(Instant, i64)>,
    /// The last known position of the read models, and since when they have been there.
    stands: (i64, Instant),
}

impl super::Projector {
    /// How long the read models have stood still although the log went on, if that is too long. A single event that can't be
    /// folded does not stop them.
    pub fn stalled(&self) -> Option<Duration> {
        self.standing.stalled()
    }

    /// The streams of one kind of aggregate that are parked until a newer version runs.
    pub fn streams_left_to_newer(&self, kind: &str) -> Vec<StreamId> {
        self.standing.newer().into_iter().filter(|stream| stream.kind == kind).collect()
    }

    /// Asks the store for the read models that have not reached a position, each with the position that it has.
    pub async fn behind(&self, end: i64) -> Result<Vec<String>, sqlx::Error> {
        let behind = self.all_checkpoints().await?.into_iter().filter(|it| it.position < end);
        Ok(behind.map(|it| format!("{} at #{}", it.name, it.position)).collect())
    }

    /// Says whether decisions about this stream may rely on the read models: they are near the end of the log, and leave out
    /// nothing of this stream.
    pub fn is_sound(&self, stream: &StreamId) -> bool {
        self.standing.is_sound(stream)
    }

    /// Says whether a read model has parked a stream, for good or until a newer version runs.
    pub fn leaves_out(&self, stream: &StreamId) -> bool {
        self.standing.ask(|known| known.parked.contains_key(stream))
    }

    /// Says whether a read model has parked any stream of one kind of aggregate.
    pub fn leaves_out_any(&self, kind: &str) -> bool {
        self.standing.ask(|known| known.parked.keys().any(|stream| stream.kind == kind))
    }

    /// The first event of a stream that read models leave out because only a newer version can read it.
    pub fn left_to_newer(&self, stream: &StreamId) -> Option<i64> {
        self.standing.left(stream, true)
    }

    /// The first event of a stream that read models leave out because nobody can fold it.
    pub fn left_for_good(&self, stream: &StreamId) -> Option<i64> {
        self.standing.left(stream, false)
    }

    /// Observes every second how far the read models are behind the log, whichever process folds or appends.
    pub(super) async fn watch(self) {
        let mut said = Instant::now();
        loop {
            tokio::time::sleep(POLL).await;
            if said.elapsed() >= processes::PACE {
                said = Instant::now();
                if let Err(error) = processes::beat(&self.db, self.process).await {
                    tracing::warn!(%error, "the other processes could not be told that this one runs");
                }
            }
            match self.observe().await {
                Err(_) if self.db.is_closed() => return,
                Err(error) => tracing::warn!(%error, "can't read how far the read models are"),
                Ok(()) => {}
            }
        }
    }

    pub(super) async fn observe(&self) -> Result<(), sqlx::Error> {
        let head = self.log.last_position().await?;
        let position = self.position().await?;
        self.refresh_parked().await?;
        self.standing.observe(head, position);
        self.reached(position);
        let number = |count: i64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        gauge!("portal_projection_lag").set(number(self.standing.lag()));
        gauge!("portal_projection_parked").set(f64::from(self.standing.parked_streams()));
        Ok(())
    }

    pub(super) async fn refresh_parked(&self) -> Result<(), sqlx::Error> {
        self.standing.set_parked(self.parked().await?);
        Ok(())
    }
}

impl ReadModelStanding {
    pub(super) fn new() -> Self {
        let known =
            ReadModelState { parked: HashMap::new(), lag: 0, behind: None, stands: (0, Instant::now()) };
        Self(Arc::new(RwLock::new(known)))
    }

    /// Notes the end of the log and the position of the read models. If they have reached the end that they were behind,
    /// they count as behind only from now on, however many events came meanwhile.
    pub(super) fn observe(&self, head: i64, position: i64) {
        let (mut known, now) = (self.0.write().unwrap_or_else(PoisonError::into_inner), Instant::now());
        known.lag = (head - position).max(0);
        let still_behind = known.behind.filter(|(_, end)| position < *end);
        known.behind = still_behind.or((position < head).then_some((now, head)));
        if known.stands.0 != position || known.behind.is_none() {
            known.stands = (position, now);
        }
    }

    pub(super) fn set_parked(&self, parked: Vec<Parked>) {
        let mut by_stream: HashMap<StreamId, Vec<Parked>> = HashMap::new();
        for parked in parked {
            by_stream.entry(parked.stream()).or_default().push(parked);
        }
        self.0.write().unwrap_or_else(PoisonError::into_inner).parked = by_stream;
    }

    pub(super) fn has_parked(&self) -> bool {
        self.ask(|known| !known.parked.is_empty())
    }

    /// Streams with events that only a newer version can read.
    pub(super) fn newer(&self) -> Vec<StreamId> {
        self.ask(|known| {
            let streams = known.parked.iter().filter(|(_, rows)| rows.iter().any(|row| row.newer));
            streams.map(|(stream, _)| stream.clone()).collect()
        })
    }

    /// The streams that no version can fold, each with the first event that was left out.
    pub(super) fn damaged(&self) -> Vec<(StreamId, i64)> {
        self.ask(|known| {
            let first =
                |rows: &Vec<Parked>| rows.iter().filter(|row| !row.newer).map(|row| row.from_position).min();
            known.parked.iter().filter_map(|(stream, rows)| Some((stream.clone(), first(rows)?))).collect()
        })
    }

    pub(super) fn parked_streams(&self) -> u32 {
        self.ask(|known| u32::try_from(known.parked.len()).unwrap_or(u32::MAX))
    }

    pub(super) fn lag(&self) -> i64 {
        self.ask(|known| known.lag)
    }

    /// The first event of a stream that some read model leaves out: until a newer version runs if `to_newer`, else for good.
    pub(super) fn left(&self, stream: &StreamId, to_newer: bool) -> Option<i64> {
        self.ask(|known| {
            let rows = known.parked.get(stream)?;
            rows.iter().filter(|row| row.newer == to_newer).map(|row| row.from_position).min()
        })
    }

    /// Says whether decisions about this stream may rely on the read models.
    pub(super) fn is_sound(&self, stream: &StreamId) -> bool {
        self.ask(|known| {
            let decides = |row: &Parked| DECIDED_FROM.contains(&row.name.as_str());
            known.behind.is_none_or(|(since, _)| since.elapsed() < PATIENCE)
                && !known.parked.get(stream).is_some_and(|rows| rows.iter().any(decides))
        })
    }

    /// How long nothing has been folded although there was something to fold, if that is too long.
    pub(super) fn stalled(&self) -> Option<Duration> {
        self.ask(|known| {
            let stood = known.behind.map(|(since, _)| since.max(known.stands.1).elapsed());
            stood.filter(|stood| *stood >= PATIENCE)
        })
    }

    fn ask<T>(&self, question: impl FnOnce(&ReadModelState) -> T) -> T {
        question(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_ago(standing: &ReadModelStanding) {
        let mut known = standing.0.write().expect("one thread");
        let earlier = |at: Instant| at.checked_sub(PATIENCE).expect("the machine runs longer than that");
        known.behind = known.behind.map(|(since, end)| (earlier(since), end));
        known.stands.1 = earlier(known.stands.1);
    }

    fn stream() -> StreamId {
        StreamId { kind: "grant".to_owned(), id: "somebody".to_owned() }
    }

    #[test]
    fn a_moment_behind_the_log_is_the_usual_way() {
        let standing = ReadModelStanding::new();
        assert!(standing.is_sound(&stream()));
        standing.observe(9, 7);
        assert_eq!((standing.is_sound(&stream()), standing.stalled(), standing.lag()), (true, None, 2));
    }

    #[test]
    fn what_stands_still_in_front_of_the_end_is_stalled() {
        let standing = ReadModelStanding::new();
        standing.observe(9, 7);
        long_ago(&standing);
        standing.observe(11, 7);
        assert!(!standing.is_sound(&stream()) && standing.stalled().is_some());
        standing.observe(11, 9);
        assert!(standing.is_sound(&stream()), "what was behind then is folded");
        assert_eq!(standing.stalled(), None);
    }

    #[test]
    fn whoever_is_behind_and_folds_is_busy() {
        let standing = ReadModelStanding::new();
        standing.observe(99, 7);
        long_ago(&standing);
        standing.observe(99, 8);
        assert!(!standing.is_sound(&stream()), "an end of a grant may not be folded yet");
        assert_eq!(standing.stalled(), None);
    }
}

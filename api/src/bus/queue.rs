//! Commands to one stream, one after the other: whoever comes first is decided first.
//!
//! Two commands that are decided at once on the same state can't both be appended, and the loser has done its work for
//! nothing. So they wait here instead. Other processes do not see this queue: against them the bus tries again.
//!
//! **Invariant:** commands to different streams never wait for each other, and a stream that nobody waits for takes no
//! memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use projections::event_log::StreamId;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

type Line = Arc<tokio::sync::Mutex<()>>;

/// The streams that somebody waits for or has a turn at.
#[derive(Clone, Default)]
pub(super) struct StreamQueue(Arc<Mutex<HashMap<StreamId, Line>>>);

/// A place in the line of one stream, and then the turn, until it is dropped.
pub(super) struct Turn {
    queue: StreamQueue,
    stream: StreamId,
    /// Empty once the place is dropped.
    line: Option<Line>,
    held: Option<OwnedMutexGuard<()>>,
}

impl StreamQueue {
    /// Waits for a turn at the stream. Gives none if the turn does not come in time.
    pub(super) async fn turn(&self, stream: &StreamId, until: Instant) -> Option<Turn> {
        let line = self.lines().entry(stream.clone()).or_default().clone();
        let mut turn =
            Turn { queue: self.clone(), stream: stream.clone(), line: Some(line.clone()), held: None };
        turn.held = Some(tokio::time::timeout_at(until, line.lock_owned()).await.ok()?);
        Some(turn)
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, HashMap<StreamId, Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.held.take());
        let mut lines = self.queue.lines();
        drop(self.line.take());
        // A count above one means that somebody waits: lines are only given out while the map is locked.
        if lines.get(&self.stream).is_some_and(|line| Arc::strong_count(line) == 1) {
            lines.remove(&self.stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stream(id: &str) -> StreamId {
        StreamId { kind: "org".to_owned(), id: id.to_owned() }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    #[tokio::test]
    async fn turns_come_in_the_order_of_asking() {
        let (queue, order) = (StreamQueue::default(), Arc::new(Mutex::new(vec![])));
        let first = queue.turn(&stream("one"), soon()).await.expect("nobody is there");
        let mut waiting = vec![];
        for number in 0..5 {
            let (queue, order) = (queue.clone(), order.clone());
            waiting.push(tokio::spawn(async move {
                let _turn = queue.turn(&stream("one"), soon()).await.expect("in time");
                order.lock().expect("not poisoned").push(number);
            }));
            tokio::task::yield_now().await;
        }
        assert!(queue.turn(&stream("other"), soon()).await.is_some(), "other streams do not wait");
        drop(first);
        for task in waiting {
            task.await.expect("it ends");
        }
        assert_eq!(*order.lock().expect("not poisoned"), [0, 1, 2, 3, 4]);
        assert!(queue.lines().is_empty(), "nothing is kept");
    }

    #[tokio::test]
    async fn whoever_waits_too_long_is_told_so_and_leaves_nothing_behind() {
        let queue = StreamQueue::default();
        let first = queue.turn(&stream("one"), soon()).await;
        assert!(queue.turn(&stream("one"), Instant::now()).await.is_none());
        assert_eq!(queue.lines().len(), 1);
        drop(first);
        assert!(queue.lines().is_empty());
    }
}

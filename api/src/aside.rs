//! Work that waits for a disk, on a thread of its own.
//!
//! **Invariant:** a disk that hangs, such as a lost network share, blocks one thread for each user of this, and neither the
//! rest nor the end of the process.

use std::sync::mpsc;
use std::time::Duration;

use anyhow::anyhow;
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::time::timeout;

/// The longest that anything waits for a file that may hang.
pub(crate) const LONGEST: Duration = Duration::from_secs(5);

/// One kind of work. One piece of it runs at a time.
#[derive(Debug)]
pub(crate) struct Aside<T> {
    /// A piece of work that did not end in time.
    hanging: Option<oneshot::Receiver<T>>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Late {
    #[error("it takes longer than {} seconds", .0.as_secs())]
    Hangs(Duration),
    #[error("it took too long the last time")]
    LastTime,
}

impl<T> Default for Aside<T> {
    fn default() -> Self {
        Self { hanging: None }
    }
}

impl<T: Send + 'static> Aside<T> {
    /// True while an earlier piece of work hangs. Then whoever can't wait need not.
    pub(crate) fn hangs(&mut self) -> bool {
        let under_way = |done: &mut oneshot::Receiver<T>| matches!(done.try_recv(), Err(TryRecvError::Empty));
        self.hanging = self.hanging.take().and_then(|mut done| under_way(&mut done).then_some(done));
        self.hanging.is_some()
    }

    /// Runs the work and gives its result, if it ends in time. No other piece begins as long as an earlier one hangs, not even
    /// where whoever waited for that one went away.
    pub(crate) async fn within(
        &mut self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Late> {
        let is_earlier = self.hanging.is_some();
        let done = self.hanging.get_or_insert_with(|| {
            let (say, done) = oneshot::channel();
            std::thread::spawn(move || say.send(work()).map_err(drop));
            done
        });
        let Ok(done) = timeout(patience, done).await else { return Err(Late::Hangs(patience)) };
        self.hanging = None;
        done.ok().filter(|_| !is_earlier).ok_or(Late::LastTime)
    }
}

/// Reads or writes a file at a start, or for a command, where nothing else goes on meanwhile. If its disk hangs, the error
/// begins with the name.
pub(crate) fn in_time<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let (say, done) = mpsc::channel();
    std::thread::spawn(move || say.send(work()).map_err(drop));
    done.recv_timeout(LONGEST).map_err(|_late| {
        anyhow!("{name}: it gives no answer within {} seconds: is its disk there?", LONGEST.as_secs())
    })?
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc};

    use super::*;

    #[tokio::test]
    async fn what_hangs_is_begun_once() {
        let (begun, (go_on, waits)) = (Arc::new(AtomicUsize::new(0)), mpsc::channel::<()>());
        let (mut aside, count) = (Aside::default(), begun.clone());
        let short = Duration::from_millis(20);
        let first = move || {
            count.fetch_add(1, Ordering::SeqCst);
            waits.recv().is_ok()
        };
        assert_eq!(aside.within(short, first).await, Err(Late::Hangs(short)));
        let count = begun.clone();
        let again = aside.within(short, move || count.fetch_add(1, Ordering::SeqCst) > 0).await;
        assert_eq!((again, begun.load(Ordering::SeqCst)), (Err(Late::Hangs(short)), 1));
        go_on.send(()).expect("it waits");
        let long = Duration::from_secs(20);
        assert_eq!(aside.within(long, || false).await, Err(Late::LastTime));
        assert_eq!(aside.within(long, || true).await, Ok(true));
    }

    #[tokio::test]
    async fn what_hangs_is_known_without_waiting_even_where_nobody_waits_any_more() {
        let (begun, (go_on, waits)) = (Arc::new(AtomicUsize::new(0)), mpsc::channel::<()>());
        let (mut aside, count) = (Aside::default(), begun.clone());
        assert!(!aside.hangs());
        let first = move || {
            count.fetch_add(1, Ordering::SeqCst);
            waits.recv().is_ok()
        };
        let gone = timeout(Duration::from_millis(20), aside.within(Duration::from_secs(20), first)).await;
        assert!(gone.is_err(), "whoever asked went away");
        assert!(aside.hangs());
        let short = Duration::from_millis(20);
        assert_eq!(aside.within(short, || true).await, Err(Late::Hangs(short)));
        go_on.send(()).expect("it waits");
        while aside.hangs() {
            tokio::task::yield_now().await;
        }
        assert_eq!(aside.within(Duration::from_secs(20), || true).await, Ok(true));
        assert_eq!(begun.load(Ordering::SeqCst), 1);
    }
}

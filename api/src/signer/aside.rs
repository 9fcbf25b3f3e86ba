//! Work that waits for a disk, on a thread of its own.
//!
//! **Invariant:** a disk that hangs, such as a lost network share, blocks one thread for each user of this, and neither the
//! rest nor the end of the process.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

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
    /// Runs the work and gives its result, if it ends in time. No other piece begins as long as an earlier one hangs.
    pub(crate) async fn within(
        &mut self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Late> {
        let is_earlier = self.hanging.is_some();
        let mut done = self.hanging.take().unwrap_or_else(|| {
            let (say, done) = oneshot::channel();
            std::thread::spawn(move || say.send(work()).map_err(drop));
            done
        });
        match timeout(patience, &mut done).await {
            Ok(Ok(done)) if !is_earlier => Ok(done),
            Ok(_) => Err(Late::LastTime),
            Err(_late) => {
                self.hanging = Some(done);
                Err(Late::Hangs(patience))
            }
        }
    }
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
}

//! The threads that compute what takes long: hashing a password and judging a new one take tens of milliseconds each,
//! which no other request may wait for.
//!
//! ```text
//! handler ─► two queues (bounded) ─► 2 threads, each with memory of its own
//!    ▲                                  │
//!    └─────────── answer ◄──────────────┘
//! ```
//!
//! Known askers come first. Strangers, however many, keep only each other waiting.
//!
//! **Invariant:** a thread is busy until its work is done, whether or not the asker still waits, so abandoned requests
//! can't drive up memory. Work whose asker has left before it starts is never started.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use argon2::Block;
use tokio::sync::oneshot;

use crate::web::error::Error;
use crate::web::request;

/// The number of hashes that run at the same time. Each thread keeps 19 MiB.
const THREADS: usize = 2;

/// The longest that each queue may become: about three seconds of hashing. When it is full, the next one is asked to come
/// again.
const LONGEST_QUEUE: usize = 128;

/// The memory that argon2 works in. It grows to what the first hash needs and is used again by every later one.
pub(super) type Memory = Vec<Block>;

pub(super) struct Pool(Arc<PoolState>);

struct PoolState {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

/// Who asks for the work, and so which queue it waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// They hold a session, a link, or a device that somebody signed in with before. There are only so many of these.
    Known,
    Stranger,
}

#[derive(Default)]
struct Queue {
    known: VecDeque<PasswordJob>,
    strangers: VecDeque<PasswordJob>,
    closed: bool,
}

impl Queue {
    fn of(&mut self, asker: Asker) -> &mut VecDeque<PasswordJob> {
        match asker {
            Asker::Known => &mut self.known,
            Asker::Stranger => &mut self.strangers,
        }
    }
}

struct PasswordJob {
    /// Alive as long as somebody waits for the answer.
    waits: Weak<()>,
    work: Box<dyn FnOnce(&mut Memory) + Send>,
}

impl Pool {
    pub(super) fn start() -> std::io::Result<Self> {
        let shared = Arc::new(PoolState { queue: Mutex::default(), arrived: Condvar::new() });
        let pool = Self(Arc::clone(&shared));
        for number in 1..=THREADS {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name(format!("passwords-{number}"));
            thread.spawn(move || serve(&shared))?;
        }
        Ok(pool)
    }

    /// Runs `work` once a thread is free for it, and gives what it computes. A full queue is [`Error::Unavailable`], and so
    /// is a client who left before the work began.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        asker: Asker,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let here = Arc::new(());
        let waits = request::client().unwrap_or_else(|| Arc::downgrade(&here));
        let work = Box::new(move |memory: &mut Memory| {
            let _left_meanwhile = answer.send(work(memory));
        });
        self.add(asker, PasswordJob { waits: waits.clone(), work })?;
        answered.await.map_err(|_no_answer| match waits.strong_count() {
            0 => Error::Unavailable,
            _ => anyhow::anyhow!("the work of a password panicked").into(),
        })
    }

    fn add(&self, asker: Asker, job: PasswordJob) -> Result<(), Error> {
        let mut queues = self.0.queue();
        let queue = queues.of(asker);
        if queue.len() >= LONGEST_QUEUE {
            queue.retain(PasswordJob::is_wanted);
        }
        if queue.len() >= LONGEST_QUEUE {
            return Err(Error::Unavailable);
        }
        queue.push_back(job);
        drop(queues);
        self.0.arrived.notify_one();
        Ok(())
    }
}

/// Lets the threads end after the job that each of them has.
impl Drop for Pool {
    fn drop(&mut self) {
        self.0.queue().closed = true;
        self.0.arrived.notify_all();
    }
}

impl PoolState {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job that somebody still waits for; none once the pool is gone.
    fn next(&self) -> Option<PasswordJob> {
        let mut queue = self.queue();
        loop {
            if queue.closed {
                return None;
            }
            match queue.known.pop_front().or_else(|| queue.strangers.pop_front()) {
                Some(job) if job.is_wanted() => return Some(job),
                Some(_abandoned) => {}
                None => queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl PasswordJob {
    fn is_wanted(&self) -> bool {
        self.waits.strong_count() > 0
    }
}

fn serve(shared: &PoolState) {
    let mut memory = Memory::new();
    while let Some(job) = shared.next() {
        // The panic is in the log, from the hook, and its asker sees that the answer will not come.
        let _panicked = catch_unwind(AssertUnwindSafe(|| (job.work)(&mut memory)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use futures::future::{join_all, poll_immediate};

    use super::*;

    /// Keeps every thread busy until the sender is dropped.
    async fn occupied(pool: &Arc<Pool>) -> mpsc::Sender<()> {
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(Mutex::new(released));
        let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
        for _ in 0..THREADS {
            let (pool, released, begun) = (Arc::clone(pool), Arc::clone(&released), begun.clone());
            tokio::spawn(async move {
                let wait = move |_: &mut Memory| {
                    begun.send(()).expect("the test waits for it");
                    let _ends = released.lock().unwrap_or_else(PoisonError::into_inner).recv();
                };
                pool.run(Asker::Stranger, wait).await
            });
        }
        for _ in 0..THREADS {
            has_begun.recv().await.expect("a thread takes it");
        }
        release
    }

    #[tokio::test]
    async fn work_whose_asker_left_is_never_started_and_holds_no_place() {
        let pool = Arc::new(Pool::start().expect("threads"));
        let release = occupied(&pool).await;
        let started = Arc::new(AtomicUsize::new(0));
        let count = || {
            let started = Arc::clone(&started);
            pool.run(Asker::Stranger, move |_| started.fetch_add(1, Ordering::SeqCst))
        };
        for _ in 0..10 * LONGEST_QUEUE {
            let mut asked = Box::pin(count());
            assert!(poll_immediate(&mut asked).await.is_none(), "it waits");
        }
        let mut last = Box::pin(count());
        assert!(poll_immediate(&mut last).await.is_none(), "there is a place");
        drop(release);
        assert!(matches!(last.await, Ok(0)), "nothing was started before");
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_is_worked_off() {
        let pool = Arc::new(Pool::start().expect("threads"));
        let release = occupied(&pool).await;
        let mut waiting: Vec<_> =
            (0..LONGEST_QUEUE).map(|n| Box::pin(pool.run(Asker::Stranger, move |_| n))).collect();
        for asked in &mut waiting {
            assert!(poll_immediate(asked).await.is_none(), "it waits");
        }
        assert!(matches!(pool.run(Asker::Stranger, |_| ()).await, Err(Error::Unavailable)));
        drop(release);
        assert!(join_all(waiting).await.iter().all(Result::is_ok));
        assert!(pool.run(Asker::Stranger, |_| ()).await.is_ok());
    }

    #[tokio::test]
    async fn whoever_is_known_comes_before_strangers() {
        let pool = Arc::new(Pool::start().expect("threads"));
        let release = occupied(&pool).await;
        let order = Arc::new(Mutex::new(vec![]));
        let ask = |asker| {
            let order = Arc::clone(&order);
            Box::pin(pool.run(asker, move |_| order.lock().expect("nobody panicked").push(asker)))
        };
        let mut strangers: Vec<_> = (0..LONGEST_QUEUE).map(|_| ask(Asker::Stranger)).collect();
        for asked in &mut strangers {
            assert!(poll_immediate(asked).await.is_none(), "it waits");
        }
        let mut known = ask(Asker::Known);
        assert!(poll_immediate(&mut known).await.is_none(), "there is a place");
        drop(release);
        assert!(known.await.is_ok() && join_all(strangers).await.iter().all(Result::is_ok));
        let order = order.lock().expect("nobody panicked");
        assert!(order[..THREADS].contains(&Asker::Known), "the first that were free took it");
    }

    #[tokio::test]
    async fn a_panic_costs_its_asker_an_answer_and_nobody_else_anything() {
        let pool = Pool::start().expect("threads");
        for _ in 0..2 * THREADS {
            assert!(pool.run::<()>(Asker::Stranger, |_| panic!("on purpose")).await.is_err());
        }
        assert!(matches!(pool.run(Asker::Stranger, |_| 7).await, Ok(7)));
    }
}

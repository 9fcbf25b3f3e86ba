//! Checks if this process can record anything.
//!
//! **Invariant:** the store is asked once a second at most, however often somebody wants to know.

use std::time::Duration;

use projections::EventLog;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Remembers if a write to the store worked, and tries again when the answer is old.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Probe>);

#[derive(Debug, Default)]
struct Probe {
    /// The probe under way, with the moment it began. It goes on when nobody waits for it any more.
    running: Option<(Instant, JoinHandle<Result<(), String>>)>,
    last: Option<(Instant, Result<(), String>)>,
}

/// How long an answer holds.
const HOLDS: Duration = Duration::from_secs(1);

/// How long the store is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

impl Readiness {
    pub async fn ask(&self, log: &EventLog) -> Result<(), String> {
        let mut probe = self.0.lock().await;
        if let Some((at, answer)) = &probe.last
            && at.elapsed() < HOLDS
        {
            return answer.clone();
        }
        let log = log.clone();
        let write = async move { log.probe().await.map_err(|why| why.to_string()) };
        // A probe that ended after everybody had stopped waiting says nothing about now.
        probe.running.take_if(|(began, running)| running.is_finished() && began.elapsed() > HOLDS);
        let (_, running) = probe.running.get_or_insert_with(|| (Instant::now(), tokio::spawn(write)));
        let answer = match tokio::time::timeout(PATIENCE, &mut *running).await {
            Ok(ended) => {
                probe.running = None;
                ended.unwrap_or_else(|broken| Err(broken.to_string()))
            }
            Err(_elapsed) => Err("the database gives no answer".to_owned()),
        };
        probe.last = Some((Instant::now(), answer.clone()));
        answer
    }
}

//! Signs checkpoints as time goes by, and has them cosigned and copied.
//!
//! **Invariant:** slow witnesses and slow copies never hold up the signing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use projections::Db;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::metrics;
use crate::signer::{CheckpointSigner, SealOutcome};

/// How long a new process waits before it signs anything, so that other running processes can tell it what was signed. Each
/// of them looks every second.
const PATIENCE: Duration = Duration::from_secs(3);

/// The pause after a failure, and before the same one is logged again.
const RETRY: Duration = Duration::from_mins(1);

/// How often to check if there is something to seal.
const PACE: Duration = Duration::from_millis(500);

/// Runs as long as the process does.
pub async fn run(app: App, sealer: Arc<CheckpointSigner>) {
    let (mut up_to, mut at, mut again) = (0, None::<Instant>, earliest(&app.db));
    let mut handing_out = HandingOut::default();
    let window = Duration::from_secs(app.settings.seal_seconds);
    let mut failures = Failures::default();
    if let Err(error) = sealer.begin(&app.db).await {
        failures.tell(&error);
    }
    loop {
        tokio::time::sleep(PACE).await;
        if let Err(error) = sealer.compare(&app.db).await
            && failures.tell(&error)
        {
            again = Instant::now() + RETRY;
        }
        handing_out.go_on(&sealer, &app.db).await;
        let stands = app.log.last_position().await.unwrap_or(up_to);
        let is_due = at.is_none_or(|at| at.elapsed() >= window);
        let failed_last = sealer.last_attempt().is_some_and(|attempt| attempt.failure.is_some());
        if (stands == up_to && !failed_last) || !is_due || Instant::now() < again || *app.stopping.borrow() {
            continue;
        }
        match sealer.seal(&app.db).await {
            Ok(SealOutcome::Signed(size) | SealOutcome::AlreadySo(size)) => metrics::sealed(size),
            Ok(SealOutcome::Taken) => continue,
            // Stopping closes the database. What is not sealed by then is sealed at the next start.
            Err(_) if *app.stopping.borrow() => return,
            Err(error) => {
                failures.tell(&error);
                again = Instant::now() + RETRY;
                continue;
            }
        }
        (up_to, at) = (stands, Some(Instant::now()));
    }
}

/// Has checkpoints cosigned and copied beside the signing, which waits for nobody.
#[derive(Default)]
struct HandingOut {
    under_way: Option<JoinHandle<anyhow::Result<()>>>,
    not_before: Option<Instant>,
}

impl HandingOut {
    async fn go_on(&mut self, sealer: &Arc<CheckpointSigner>, db: &Db) {
        if let Some(ended) = self.under_way.take_if(|under_way| under_way.is_finished())
            && let Err(error) = ended.await.unwrap_or_else(|broken| Err(broken.into()))
        {
            tracing::error!(error = format!("{error:#}"), "the last checkpoint goes nowhere");
            self.not_before = Some(Instant::now() + RETRY);
        }
        if self.under_way.is_none() && self.not_before.is_none_or(|at| at <= Instant::now()) {
            let (sealer, db) = (sealer.clone(), db.clone());
            self.under_way = Some(tokio::spawn(async move { sealer.hand_out(&db).await }));
        }
    }
}

/// The moment from which a new process may sign. Only on Postgres can other processes share this database.
pub fn earliest(db: &Db) -> Instant {
    Instant::now() + if db.engine() == "postgres" { PATIENCE } else { Duration::ZERO }
}

/// The failures of the last minute, each logged once. The same failure may come each second.
#[derive(Default)]
struct Failures(Vec<(String, Instant)>);

impl Failures {
    /// Tells a failure, unless it was told in the last minute. True if it was told now.
    fn tell(&mut self, error: &anyhow::Error) -> bool {
        let error = format!("{error:#}");
        self.0.retain(|(_, at)| at.elapsed() < RETRY);
        if self.0.iter().any(|(told, _)| *told == error) {
            return false;
        }
        metrics::seal_failed();
        tracing::error!(error, "the log is not sealed");
        self.0.push((error, Instant::now()));
        true
    }
}

//! Jobs on all read models while they serve: comparing them with the log, and folding them again.
//!
//! **Invariant:** a process runs one job at a time. It goes on even if nobody watches, and it only reads the log.

use projections::projector::{Finding, FoldError, Progress};
use projections::{Projector, Timestamp};
use tokio::sync::watch;

use crate::clock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaintenanceJob {
    Verify,
    Rebuild,
}

/// A job, under way or done.
#[derive(Clone, Debug)]
pub struct Run {
    pub job: MaintenanceJob,
    pub progress: Progress,
    /// When the job ended, with its result or why it was given up.
    pub ended: Option<(Timestamp, Result<MaintenanceOutcome, String>)>,
}

#[derive(Clone, Debug)]
pub struct MaintenanceOutcome {
    /// Position of the last event that was read.
    pub position: i64,
    /// How many events only a newer version can read.
    pub newer: usize,
    /// Everything that the job found to be wrong.
    pub findings: Vec<Finding>,
}

#[derive(Clone, Debug, Default)]
pub struct Maintenance(watch::Sender<Option<Run>>);

impl Run {
    fn new(job: MaintenanceJob) -> Self {
        Self { job, progress: Progress { done: 0, of: 0 }, ended: None }
    }

    pub fn goes_on(&self) -> bool {
        self.ended.is_none()
    }
}

impl Maintenance {
    /// The job under way, or the last one since this process began.
    pub fn last(&self) -> Option<Run> {
        self.0.borrow().clone()
    }

    /// Begins a job, unless one is under way.
    pub fn begin(&self, projector: &Projector, job: MaintenanceJob) {
        let begun = self.0.send_if_modified(|run| {
            let is_idle = !run.as_ref().is_some_and(Run::goes_on);
            if is_idle {
                *run = Some(Run::new(job));
            }
            is_idle
        });
        if begun {
            tokio::spawn(self.clone().see_through(projector.clone(), job));
        }
    }

    async fn see_through(self, projector: Projector, job: MaintenanceJob) {
        let watched = self.clone();
        let progress = move |at| watched.change(|run| run.progress = at);
        let done = tokio::spawn(async move { carry_out(&projector, job, progress).await }).await;
        let result = match done {
            Ok(done) => done.map_err(|why| why.to_string()),
            Err(broken) => Err(broken.to_string()),
        };
        if let Err(why) = &result {
            tracing::error!(why, ?job, "the read models were not seen through");
        }
        self.change(|run| run.ended = Some((clock::now(), result)));
    }

    fn change(&self, change: impl FnOnce(&mut Run)) {
        self.0.send_modify(|run| {
            if let Some(run) = run {
                change(run);
            }
        });
    }
}

async fn carry_out(
    projector: &Projector,
    job: MaintenanceJob,
    progress: impl Fn(Progress) + Sync,
) -> Result<MaintenanceOutcome, FoldError> {
    Ok(match job {
        MaintenanceJob::Verify => {
            let report = projector.verify(progress).await?;
            MaintenanceOutcome { position: report.events, newer: report.newer, findings: report.findings }
        }
        MaintenanceJob::Rebuild => {
            MaintenanceOutcome { position: projector.rebuild(progress).await?, newer: 0, findings: vec![] }
        }
    })
}

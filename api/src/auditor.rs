//! The auditor beside the server: a turn each minute (`PORTAL_AUDIT_SECONDS`), and once a day everything that was folded.
//!
//! **Invariant:** it changes nothing and keeps nobody waiting; what it finds is for people to decide.

use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use projections::Timestamp;
use projections::auditor::{Auditor, State};
use projections::projector::Finding;

use crate::app::App;
use crate::{clock, metrics};

/// After a start, at most, so that it is up first.
const FIRST: Duration = Duration::from_secs(5);

/// Until everything is compared that was folded: an hour after a start, then each day.
const FIRST_WHOLE: Duration = Duration::from_hours(1);
const WHOLE: Duration = Duration::from_hours(24);

/// What the auditor of this process knows, for whoever asks.
#[derive(Debug, Default)]
pub struct Audited(RwLock<Known>);

#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Of the events and the walls; none before the first turn.
    pub log: Option<State>,
    /// When read models, claims and counts were compared last, and what was found.
    pub folded: Option<(Timestamp, Vec<Finding>)>,
    /// Why the last turn could not be made.
    pub failure: Option<String>,
}

impl Audited {
    pub fn known(&self) -> Known {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, what: impl FnOnce(&mut Known)) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        what(&mut known);
        let last = known.log.as_ref().and_then(|state| state.last);
        metrics::audited(known.findings().count(), last.map(|round| round.at.timestamp()));
    }
}

impl Known {
    /// Everything that is not as it must be.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let log = self.log.iter().flat_map(|state| &state.findings);
        log.chain(self.folded.iter().flat_map(|(_, findings)| findings))
    }
}

/// Goes on until the server is told to stop.
pub async fn run(app: App) {
    let key = app.sealer.as_ref().map(|sealer| sealer.key.public());
    let mut auditor = Auditor::new(app.db.clone(), key);
    let (mut stopping, mut next_whole) = (app.stopping.subscribe(), Instant::now() + FIRST_WHOLE);
    let pace = Duration::from_secs(app.settings.audit_seconds);
    let mut pause = FIRST.min(pace);
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        pause = pace;
        let kept = match &app.sealer {
            Some(sealer) => sealer.kept().await,
            None => vec![],
        };
        match auditor.turn(kept, clock::now()).await {
            Ok(state) => told(&app, state.clone()),
            Err(error) => app.audited.note(|known| known.failure = Some(error.to_string())),
        }
        if Instant::now() >= next_whole {
            next_whole = Instant::now() + WHOLE;
            compare_folded(&app).await;
        }
    }
}

fn told(app: &App, state: State) {
    let before = app.audited.known().log.unwrap_or_default();
    for finding in state.findings.iter().filter(|finding| !before.findings.contains(finding)) {
        tracing::error!("the continuous audit has found: {finding}");
    }
    app.audited.note(|known| (known.log, known.failure) = (Some(state), None));
}

async fn compare_folded(app: &App) {
    match app.projector.verify(|_| ()).await {
        Ok(report) => {
            let of_tables = |finding: &Finding| matches!(finding, Finding::Table { .. });
            let findings: Vec<Finding> = report.findings.into_iter().filter(of_tables).collect();
            for finding in &findings {
                tracing::error!("the continuous audit has found: {finding}");
            }
            app.audited.note(|known| known.folded = Some((clock::now(), findings)));
        }
        Err(error) => tracing::warn!(%error, "the continuous audit could not compare what was folded"),
    }
}

//! The auditor beside the server. It makes a turn each minute (`PORTAL_AUDIT_SECONDS`), and once a day it does all that
//! `portal verify` does.
//!
//! **Invariant:** it changes nothing and keeps nobody waiting; what it finds is for people to decide.

use std::time::{Duration, Instant};

use projections::auditor::{AuditState, Auditor};
use projections::projector::Finding;
use projections::seal::{Attested, Checkpoint, PublicKey};

use crate::app::App;
use crate::clock;

/// The longest pause before the first turn, so that the server is up first.
const FIRST: Duration = Duration::from_secs(5);

/// Time until everything is verified: first an hour after the start, then once a day.
const FIRST_WHOLE: Duration = Duration::from_hours(1);
const WHOLE: Duration = Duration::from_hours(24);

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
        match auditor.turn(kept.clone(), clock::now()).await {
            Ok(state) => told(&app, state.clone()),
            Err(error) => {
                tracing::warn!(%error, "the continuous audit could not look");
                told(&app, auditor.state().clone());
                app.audited.note(|known| known.failure = Some(error.to_string()));
            }
        }
        if Instant::now() >= next_whole {
            next_whole = Instant::now() + WHOLE;
            verify(&app, kept).await;
        }
    }
}

fn told(app: &App, state: AuditState) {
    let before = app.audited.known().log.unwrap_or_default();
    for finding in state.findings.iter().filter(|finding| !before.findings.contains(finding)) {
        tracing::error!("the continuous audit has found: {finding}");
    }
    app.audited.note(|known| (known.log, known.failure) = (Some(state), None));
}

/// Verifies everything that `portal verify` does, with the checkpoints that this process remembers.
pub async fn verify(app: &App, kept: Vec<Checkpoint>) {
    let key = app.sealer.as_ref().map(|sealer| sealer.key.public());
    match everything(app, kept, key).await {
        Ok(findings) => {
            for finding in &findings {
                tracing::error!("the continuous audit has found: {finding}");
            }
            app.audited.note(|known| known.verified = Some((clock::now(), findings)));
        }
        Err(error) => {
            let error = format!("{error:#}");
            tracing::warn!(error, "the continuous audit could not verify everything");
        }
    }
}

/// Reads what is signed before it reads the log; otherwise a checkpoint that is signed meanwhile would seem to cover
/// events that are missing. Findings about the walls of the database are left out, since every turn looks at those.
async fn everything(
    app: &App,
    kept: Vec<Checkpoint>,
    key: Option<PublicKey>,
) -> anyhow::Result<Vec<Finding>> {
    let attested = Attested::read(&app.db, kept, key).await?;
    let report = app.projector.verify(|_| ()).await?;
    let (_, of_tree) = attested.compare(&app.db, report.events).await?;
    let all = report.findings.into_iter().chain(of_tree);
    Ok(all.filter(|finding| !matches!(finding, Finding::Wall { .. })).collect())
}

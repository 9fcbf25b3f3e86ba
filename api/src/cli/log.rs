//! `portal migrate`, `rebuild`, `verify`: the log and what is folded from it.

use std::process::ExitCode;

use projections::{Db, EventLog, Projector};

use crate::cli::{advance, bar, say};
use crate::config::Settings;

async fn open(settings: &Settings) -> anyhow::Result<Projector> {
    crate::log::init(settings.log)?;
    let log = EventLog::open(Db::open(&settings.database_url).await?).await?;
    Ok(Projector::start(log).await?)
}

/// Brings schema and read models up to date.
pub async fn migrate(settings: Settings) -> anyhow::Result<ExitCode> {
    let projector = open(&settings).await?;
    say(&format!("Up to date; the read models stand at #{}.", projector.position().await?));
    Ok(ExitCode::SUCCESS)
}

/// Folds everything again.
pub async fn rebuild(settings: Settings) -> anyhow::Result<ExitCode> {
    let projector = open(&settings).await?;
    let bar = bar("Folding");
    let position = projector.rebuild(|at| advance(&bar, at)).await?;
    bar.finish_and_clear();
    say(&format!("Every read model was folded again, from the first event to #{position}."));
    Ok(ExitCode::SUCCESS)
}

/// Checks everything; the exit code is 1 where something is not as it must be.
pub async fn verify(settings: Settings) -> anyhow::Result<ExitCode> {
    let projector = open(&settings).await?;
    let bar = bar("Verifying");
    let report = projector.verify(|at| advance(&bar, at)).await?;
    bar.finish_and_clear();
    for finding in &report.findings {
        say(&format!("✗ {finding}"));
    }
    let (events, tables) = (report.events, report.tables.join(", "));
    if report.findings.is_empty() {
        say(&format!("✓ {events} events, each as it was written, in order, without a gap."));
        say(&format!("✓ Claims, counts and commands, and {tables}, are what they say."));
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("{} findings in {events} events.", report.findings.len()));
    Ok(ExitCode::FAILURE)
}

//! `portal migrate`, `rebuild`: what is folded from the log.

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

//! `portal migrate`, `portal rebuild`: the schema, and the read models that are folded from the log.

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::Args;
use projections::{EventLog, Projector, as_of, transfer};

use super::{advance, bar, database, existing, say};
use crate::clock;
use crate::config::Settings;
use crate::layout::moment::{Moment, Present};

async fn open(settings: &Settings) -> anyhow::Result<Projector> {
    crate::log::init(settings.log)?;
    let log = EventLog::open(database(&settings.database_url).await?).await?;
    Ok(Projector::start(log).await?)
}

/// Brings schema and read models up to date.
pub async fn migrate(settings: Settings) -> anyhow::Result<ExitCode> {
    let projector = open(&settings).await?;
    say(&format!("Up to date; the read models stand at #{}.", projector.position().await?));
    Ok(ExitCode::SUCCESS)
}

#[derive(Args, Debug)]
pub struct RebuildArguments {
    /// Leave this portal alone, and make another as it was: right after a position, or at a time (UTC)
    #[arg(long, value_name = "MOMENT", requires = "into")]
    as_of: Option<String>,
    /// The other one's database, which has to be empty
    #[arg(long, value_name = "URL", requires = "as_of")]
    into: Option<String>,
}

/// Folds every read model again from the first event on.
pub async fn rebuild(settings: Settings, rebuild: RebuildArguments) -> anyhow::Result<ExitCode> {
    if let (Some(moment), Some(url)) = (rebuild.as_of, rebuild.into) {
        return rebuild_as_of(settings, &moment, &url).await;
    }
    let projector = open(&settings).await?;
    let bar = bar("Folding");
    let position = projector.rebuild(|at| advance(&bar, at)).await?;
    bar.finish_and_clear();
    say(&format!("Every read model was folded again, from the first event to #{position}."));
    Ok(ExitCode::SUCCESS)
}

/// Copies the log up to a moment into an empty database, and folds it there.
async fn rebuild_as_of(settings: Settings, moment: &str, url: &str) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let log = EventLog::open(existing(&settings.database_url).await?).await?;
    let present = Present { position: log.last_position().await?, at: clock::now() };
    let up_to = match Moment::parse(moment, present).map_err(|why| anyhow!("--as-of: {why}"))? {
        Moment::Now => present.position,
        Moment::Position(position) => position,
        Moment::Time(at) => as_of::position(&log, at).await?,
    };
    let then = EventLog::open(database(url).await?).await?;
    if then.last_position().await? > 0 {
        bail!("--into: this database has a history of its own; name an empty one");
    }
    let bar = bar("Copying");
    transfer::copy(&log, &then, up_to, |at| advance(&bar, at)).await?;
    bar.finish_and_clear();
    let position = Projector::start(then).await?.position().await?;
    say(&format!(
        "The other database is the portal as it was right after #{position}; people are called as now."
    ));
    say("Serve it under another address to look around. Nobody can sign in there before `portal grant`.");
    Ok(ExitCode::SUCCESS)
}

//! `portal evidence`: one event, for somebody who has no reason to trust us.

use std::process::ExitCode;

use projections::{EventLog, seal};

use crate::cli::{database, say};
use crate::config::Settings;

pub async fn run(settings: Settings, position: i64) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let log = EventLog::open(database(&settings.database_url).await?).await?;
    let evidence = seal::evidence(&log, position).await?;
    say(&serde_json::to_string(&evidence)?);
    Ok(ExitCode::SUCCESS)
}

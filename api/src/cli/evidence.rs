//! `portal evidence`: one event, for somebody who has no reason to trust us.

use std::process::ExitCode;

use anyhow::Context;
use projections::{EventLog, seal};

use crate::cli::{existing, hand_over};
use crate::config::Settings;
use crate::signer::CheckpointLog;

pub async fn run(settings: Settings, position: i64) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let log = EventLog::open(existing(&settings.database_url).await?).await?;
    let filed = match &settings.seal_log {
        Some(file) => {
            let newest = CheckpointLog::new(file.clone()).newest().await;
            newest.with_context(|| format!("PORTAL_SEAL_LOG: {}", file.display()))?
        }
        None => None,
    };
    let evidence = seal::evidence(&log, position, filed).await?;
    hand_over(&serde_json::to_string(&evidence)?)?;
    Ok(ExitCode::SUCCESS)
}

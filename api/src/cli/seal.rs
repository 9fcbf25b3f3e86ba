//! `portal seal`: a checkpoint now.

use std::process::ExitCode;

use anyhow::Context;

use crate::cli::{database, say};
use crate::config::Settings;
use crate::sealer::{self, Done, Sealer};

pub async fn run(settings: Settings, trust: Option<String>) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let sealer = Sealer::of(&settings)?.context("PORTAL_SEAL_KEY: name the file that `portal keys` wrote")?;
    let db = database(&settings.database_url).await?;
    match &trust {
        None => sealer.begin(&db).await?,
        Some(named) => sealer.trust(&db, named).await?,
    }
    tokio::time::sleep_until(sealer::earliest(&db).into()).await;
    say(&match sealer.seal(&db).await? {
        Done::AlreadySo(0) => "There is no event to seal yet.".to_owned(),
        Done::AlreadySo(size) if trust.is_none() => {
            format!("A checkpoint of all {size} events is there already.")
        }
        Done::Signed(size) | Done::AlreadySo(size) => format!("A checkpoint of {size} events was signed."),
        Done::Taken => "Another process is sealing at this moment.".to_owned(),
    });
    Ok(ExitCode::SUCCESS)
}

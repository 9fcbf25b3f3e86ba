//! `portal export`, `portal import`: the log as a file.

use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use indicatif::ProgressBar;
use projections::{EventLog, Projector, private, transfer};

use crate::cli::{advance, bar, database, say};
use crate::clock;
use crate::config::Settings;

pub async fn export(settings: Settings, to: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let log = EventLog::open(database(&settings.database_url).await?).await?;
    let Some(path) = to else {
        transfer::export(&log, &mut BufWriter::new(io::stdout()), |_| ()).await?;
        return Ok(ExitCode::SUCCESS);
    };
    let file = private::file()
        .create(true)
        .truncate(true)
        .open(&path)
        .with_context(|| path.display().to_string())?;
    let bar = bar("Exporting");
    let events = transfer::export(&log, &mut BufWriter::new(file), |at| advance(&bar, at)).await?;
    bar.finish_and_clear();
    say(&format!("{events} events were written to {}.", path.display()));
    Ok(ExitCode::SUCCESS)
}

pub async fn import(settings: Settings, from: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let log = EventLog::open(database(&settings.database_url).await?).await?;
    let bar = ProgressBar::new_spinner().with_message("events taken in");
    let progress = |taken: i64| bar.set_position(u64::try_from(taken).unwrap_or(0));
    let taken = match from {
        Some(path) => {
            let file = File::open(&path).with_context(|| path.display().to_string())?;
            transfer::import(&log, BufReader::new(file), progress).await?
        }
        None => transfer::import(&log, BufReader::new(io::stdin()), progress).await?,
    };
    bar.finish_and_clear();
    let position = Projector::start(log).await?.position().await?;
    let today = clock::now().date_naive();
    say(&format!(
        "{taken} events were taken in; the read models stand at #{position}. Today is {today} (UTC)."
    ));
    Ok(ExitCode::SUCCESS)
}

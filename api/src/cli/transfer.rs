//! `portal export`, `portal import`: the log as a file.

use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use indicatif::ProgressBar;
use projections::transfer::{self, Exported};
use projections::{EventLog, Projector};

use crate::cli::whole_file::WholeFile;
use crate::cli::{advance, bar, complain, database, existing, say};
use crate::clock;
use crate::config::Settings;

pub async fn export(settings: Settings, to: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let log = EventLog::open(existing(&settings.database_url).await?).await?;
    let Some(path) = to else {
        let exported = transfer::export(&log, &mut BufWriter::new(io::stdout()), |_| ()).await?;
        return Ok(told(&exported.changed));
    };
    let file = WholeFile::begin(&path).with_context(|| path.display().to_string())?;
    let bar = bar("Exporting");
    let Exported { events, changed } =
        transfer::export(&log, &mut BufWriter::new(file.writer()), |at| advance(&bar, at)).await?;
    bar.finish_and_clear();
    file.end().with_context(|| path.display().to_string())?;
    say(&format!("{events} events were written to {}.", path.display()));
    Ok(told(&changed))
}

/// Reports events that were changed. A backup with such an event is no backup, and somebody should know before they need it.
fn told(changed: &[i64]) -> ExitCode {
    for position in changed.iter().take(20) {
        complain(&anyhow!(
            "#{position} was changed after it was written: no import takes it, nor anything behind it"
        ));
    }
    if changed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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

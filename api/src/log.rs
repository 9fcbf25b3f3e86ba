//! What the process says about itself, on stderr; stdout belongs to the output of commands.
//!
//! **Invariant:** one event is one record, panics as well, so that a collector never has to guess where a line belongs.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

/// Who reads the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// People, at a terminal.
    #[default]
    Pretty,
    /// Programs: one JSON object per line.
    Json,
}

/// Starts logging for the whole process, filtered by `RUST_LOG`. Fails if that can't be read, or if it ran before.
pub fn init(format: LogFormat) -> anyhow::Result<()> {
    start(format, "info,sqlx=warn")
}

/// Starts logging with warnings only, for commands whose output shares the screen with it.
pub fn init_quietly(format: LogFormat) -> anyhow::Result<()> {
    start(format, "warn")
}

fn start(format: LogFormat, usual: &str) -> anyhow::Result<()> {
    let log = tracing_subscriber::fmt().with_env_filter(filter(usual)?).with_writer(std::io::stderr);
    // If nobody reads stderr, the logger would report that on stderr as well, and panic.
    let log = log.log_internal_errors(false);
    match format {
        LogFormat::Pretty => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).try_init(),
    }
    .map_err(anyhow::Error::from_boxed)?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked: {}", panic.payload_as_str().unwrap_or("without words"));
    }));
    Ok(())
}

fn filter(usual: &str) -> anyhow::Result<EnvFilter> {
    match std::env::var("RUST_LOG") {
        Ok(wanted) if !wanted.is_empty() => {
            EnvFilter::try_new(&wanted).with_context(|| format!("RUST_LOG: {wanted:?} is no filter"))
        }
        _ => Ok(EnvFilter::new(usual)),
    }
}

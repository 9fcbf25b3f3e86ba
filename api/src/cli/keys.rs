//! `portal keys`: the pair of keys that seals the log.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use projections::seal::SigningKey;

use crate::cli::say;
use crate::config::Settings;

/// Only whoever runs the portal may read or change it.
const PRIVATE: u32 = 0o600;

pub fn run(settings: &Settings, file: &Path, origin: Option<String>) -> anyhow::Result<ExitCode> {
    let origin = origin.unwrap_or_else(|| settings.seal_origin());
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let key = SigningKey::new(&origin, &seed)?;
    let mut private = match OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} is there already, and a key is never overwritten", file.display())
        }
        opened => opened.with_context(|| file.display().to_string())?,
    };
    writeln!(private, "{}", key.text())?;
    private.sync_all()?;
    say(&key.public().to_string());
    Ok(ExitCode::SUCCESS)
}

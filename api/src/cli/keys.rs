//! `portal keys`: the pair of keys that seals the log, that of a witness, or the key that seals secrets in the database.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use projections::private;
use projections::seal::{Cosigner, SigningKey};

use crate::aside::in_time;
use crate::cli::{hand_over, say};
use crate::config::Settings;
use crate::credentials::secrets::EncryptionKey;

/// Makes a signing key. The private half goes to the file, the public half to the standard output.
pub fn run(settings: &Settings, file: &Path, origin: Option<String>) -> anyhow::Result<ExitCode> {
    let key = SigningKey::new(&origin.unwrap_or_else(|| settings.seal_origin()), &seed()?)?;
    write(file, &key.text())?;
    hand_over(&key.public().to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Makes the key of a witness in the same way.
pub fn witness(settings: &Settings, file: &Path, name: Option<String>) -> anyhow::Result<ExitCode> {
    let key = Cosigner::new(&name.unwrap_or_else(|| settings.host()), &seed()?)?;
    write(file, &key.text())?;
    hand_over(&key.public().to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the public half of a key of either kind.
pub fn public(file: &Path) -> anyhow::Result<ExitCode> {
    let (name, read) = (file.display().to_string(), file.to_owned());
    let text = in_time(&name, move || Ok(fs::read_to_string(read)))?.context(name)?;
    let public = match (text.parse::<SigningKey>(), text.parse::<Cosigner>()) {
        (Ok(key), _) => key.public().to_string(),
        (_, Ok(key)) => key.public().to_string(),
        (Err(why), _) => bail!("{}: {why}", file.display()),
    };
    hand_over(&public)?;
    Ok(ExitCode::SUCCESS)
}

fn seed() -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(seed)
}

/// Makes a key for the secrets of second factors.
pub fn secrets(file: &Path) -> anyhow::Result<ExitCode> {
    let key = EncryptionKey::new()?;
    write(file, &key.text())?;
    let (id, file) = (key.id(), file.display());
    say(&format!(
        "The key {id} is in {file}. Name that file first in PORTAL_SECRETS_KEY, and keep a copy of it apart from backups of \
         the database."
    ));
    Ok(ExitCode::SUCCESS)
}

fn write(file: &Path, key: &str) -> anyhow::Result<()> {
    let (file, key) = (file.to_owned(), key.to_owned());
    in_time(&file.display().to_string(), move || write_new(&file, &key))
}

fn write_new(file: &Path, key: &str) -> anyhow::Result<()> {
    let mut private = match private::file().create_new(true).open(file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} is there already, and a key is never overwritten", file.display())
        }
        opened => opened.with_context(|| file.display().to_string())?,
    };
    writeln!(private, "{key}")?;
    Ok(private.sync_all()?)
}

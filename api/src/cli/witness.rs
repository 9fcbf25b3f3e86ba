//! `portal witness`: cosigns checkpoints, on a machine of somebody else.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;
use projections::seal::{Cosigner, PublicKey};

use crate::aside::in_time;
use crate::cli::say;
use crate::cli::serve::{listen, stop};
use crate::cli::signed::public_key;
use crate::config::Settings;
use crate::routes;
use crate::server::{self, Limits};
use crate::signer::warn_of_readers;
use crate::witness::{WitnessMemory, WitnessServer};

#[derive(Args, Debug)]
pub struct WitnessArguments {
    /// The private key of this witness, made by portal keys --witness
    #[arg(long, env = "PORTAL_WITNESS_KEY", value_name = "FILE")]
    key: PathBuf,
    /// Public keys of the logs whose checkpoints it cosigns, separated by commas
    #[arg(long, env = "PORTAL_WITNESS_LOGS", value_delimiter = ',', required = true, value_name = "FILE")]
    logs: Vec<PathBuf>,
    /// Folder where it remembers what it cosigned; keep it, and give it to no other witness
    #[arg(long, env = "PORTAL_WITNESS_MEMORY", value_name = "FOLDER")]
    memory: PathBuf,
    /// Begin with logs that it has never seen
    #[arg(long)]
    begin: bool,
}

pub async fn run(settings: Settings, arguments: WitnessArguments) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let WitnessArguments { key, logs, memory, begin } = arguments;
    let name = format!("PORTAL_WITNESS_KEY: {}", key.display());
    let key = in_time(&name.clone(), move || own_key(&key, &name))?;
    let logs = logs.into_iter().map(|file| in_time(&file.display().to_string(), move || public_key(&file)));
    let logs = logs.collect::<anyhow::Result<Vec<PublicKey>>>()?;
    let (key, logs, memory) = in_time(&memory.display().to_string(), move || {
        let memory = WitnessMemory::open(&memory, &key, &logs, begin)?;
        Ok((key, logs, memory))
    })?;
    let listener = listen("PORTAL_LISTEN", settings.listen).await?;
    let at = listener.local_addr()?;
    say(&format!("{} is at http://{at}", key.public().name()));
    let limits =
        Limits { max_connections_per_address: settings.connections_per_address, ..Limits::default() };
    let router = routes::witness(WitnessServer::new(key, logs, memory), &limits);
    server::serve(listener, router, limits, stop()?).await?;
    Ok(ExitCode::SUCCESS)
}

fn own_key(file: &Path, name: &str) -> anyhow::Result<Cosigner> {
    let text = std::fs::read_to_string(file).with_context(|| name.to_owned())?;
    warn_of_readers("PORTAL_WITNESS_KEY", file).with_context(|| name.to_owned())?;
    text.parse().map_err(|why| anyhow!("{name}: {why}"))
}

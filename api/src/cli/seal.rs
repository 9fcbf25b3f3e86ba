//! `portal seal`: signs a checkpoint now.

use std::process::ExitCode;

use anyhow::Context;

use crate::cli::{database, say};
use crate::config::Settings;
use crate::jobs::signing;
use crate::signer::{CheckpointSigner, Copied, SealOutcome, Told, WitnessFailure};

pub async fn run(settings: Settings, trust: Option<String>) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let sealer = CheckpointSigner::of(&settings)?
        .context("PORTAL_SEAL_KEY: name the file that `portal keys` wrote")?;
    let db = database(&settings.database_url).await?;
    match &trust {
        None => sealer.begin(&db).await?,
        Some(named) => sealer.trust(&db, named).await?,
    }
    tokio::time::sleep_until(signing::earliest(&db).into()).await;
    let done = sealer.seal(&db).await?;
    sealer.hand_out(&db).await?;
    say(&match done {
        SealOutcome::AlreadySo(0) => "There is no event to seal yet.".to_owned(),
        SealOutcome::AlreadySo(size) if trust.is_none() => {
            format!("A checkpoint of all {size} events is there already.")
        }
        SealOutcome::Signed(size) | SealOutcome::AlreadySo(size) => {
            format!("A checkpoint of {size} events was signed.")
        }
        SealOutcome::Taken => "Another process is sealing at this moment.".to_owned(),
    });
    Ok(if say_handed_out(&sealer) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says which witnesses and copies have the checkpoint now. False if a witness saw another history.
fn say_handed_out(sealer: &CheckpointSigner) -> bool {
    let witnesses = sealer.witnesses();
    for Told { name, cosigned, failure } in &witnesses {
        match (failure, cosigned) {
            (Some(why), _) => say(&format!("✗ {name} did not cosign it: {why}.")),
            (None, Some((size, _))) => say(&format!("✓ {name} has cosigned {size} events.")),
            (None, None) => {}
        }
    }
    for Copied { place, last, failure } in sealer.copies() {
        match (failure, last) {
            (Some(why), _) => say(&format!("✗ There is no copy in {place}: {why}.")),
            (None, Some(_)) => say(&format!("✓ A copy is in {place}.")),
            (None, None) => {}
        }
    }
    !witnesses.iter().any(|told| told.failure.as_ref().is_some_and(WitnessFailure::contradicts))
}

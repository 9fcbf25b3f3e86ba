//! `portal audit`: the continuous audit from another machine, with nothing but the right to read.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use projections::Db;
use projections::auditor::Auditor;

use crate::cli::{keep, say, signed};
use crate::clock;
use crate::config::Settings;

#[expect(clippy::doc_markdown, reason = "these are the words of --help, which knows no markdown")]
#[derive(Args, Debug)]
pub struct Arguments {
    /// Go on for ever: a round after the other, and what is new each PORTAL_AUDIT_SECONDS
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    signed: signed::Named,
}

pub async fn run(settings: Settings, arguments: Arguments) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let Arguments { watch, signed } = arguments;
    let signed = signed.read(&settings)?;
    if let Some(why) = &signed.refusal {
        say(&format!("✗ {why}"));
        return Ok(ExitCode::FAILURE);
    }
    let db = keep(Db::open_to_read(&settings.database_url).await?);
    let mut is_in_time = true;
    let (mut auditor, mut told, mut rounds) = (Auditor::new(db, signed.key.clone()), vec![], None);
    loop {
        let state = match auditor.turn(signed.checkpoints.clone(), clock::now()).await {
            Ok(state) => state,
            Err(why) if watch => {
                say(&format!("✗ Nothing could be looked at: {why}"));
                tokio::time::sleep(Duration::from_secs(settings.audit_seconds)).await;
                continue;
            }
            Err(why) => return Err(why.into()),
        };
        for finding in state.findings.iter().filter(|finding| !told.contains(*finding)) {
            say(&format!("✗ {finding}"));
        }
        told.clone_from(&state.findings);
        if state.last != rounds
            && let Some(last) = state.last
        {
            rounds = Some(last);
            if state.behind > 0 {
                say(&format!(
                    "This standby has {} events less than were signed: it is behind.",
                    state.behind
                ));
            }
            is_in_time = signed.say_cosigned(last.events);
            let at = last.at.format("%Y-%m-%d %H:%M:%S");
            let (events, sealed) = (last.events, last.sealed);
            if told.is_empty() && sealed == 0 {
                say(&format!("✓ {at} UTC: {events} events, and nothing is sealed."));
            } else if told.is_empty() {
                say(&format!(
                    "✓ {at} UTC: {events} events, of which the first {sealed} are what was signed."
                ));
            } else {
                say(&format!("✗ {at} UTC: {} findings in {events} events.", told.len()));
            }
        }
        match (watch, rounds) {
            (true, _) => tokio::time::sleep(Duration::from_secs(settings.audit_seconds)).await,
            (false, None) => {}
            (false, Some(_)) if told.is_empty() && is_in_time => return Ok(ExitCode::SUCCESS),
            (false, Some(_)) => return Ok(ExitCode::FAILURE),
        }
    }
}

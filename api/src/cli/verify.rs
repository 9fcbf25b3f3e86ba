//! `portal verify`: checks everything that can be proven of the database, of an exported file, or of one event.
//!
//! **Invariant:** the exit code is 0 only where everything is as it must be.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use projections::projector::Finding;
use projections::seal::{Attested, Evidence, Manifest, PublicKey, export, manifest};
use projections::{EventLog, Projector};

use crate::cli::signed::{self, SignedCheckpoints, public_key, text};
use crate::cli::{advance, bar, existing, say};
use crate::config::Settings;

#[derive(Args, Debug)]
pub struct VerifyArguments {
    /// Verify an exported file instead of the database
    #[arg(long, value_name = "FILE", requires = "checkpoint")]
    from: Option<PathBuf>,
    /// Verify an export (NDJSON) of a part of the history that the console made, instead of the database
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with_all = ["from", "checkpoint", "policy"])]
    export: Option<PathBuf>,
    /// Verify an event that portal evidence wrote, instead of the database
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with_all = ["from", "export"])]
    evidence: Option<PathBuf>,
    #[command(flatten)]
    signed: signed::CheckpointArguments,
}

pub async fn run(settings: Settings, arguments: VerifyArguments) -> anyhow::Result<ExitCode> {
    let VerifyArguments { from, export, evidence, signed } = arguments;
    let files = [("--from", &from), ("--export", &export), ("--evidence", &evidence)];
    files.into_iter().try_for_each(|(name, file)| signed::answers(name, file))?;
    signed.answer()?;
    let key = signed.key.as_deref().map(public_key).transpose()?;
    match (evidence, export, from, key) {
        (Some(file), _, _, Some(key)) => of_evidence(&file, &key, signed),
        (None, Some(file), _, Some(key)) => of_export(&file, &key),
        (None, None, Some(file), Some(_)) => of_file(&file, signed.of_file()?),
        _ => of_database(settings, signed).await,
    }
}

fn of_evidence(
    file: &Path,
    key: &PublicKey,
    signed: signed::CheckpointArguments,
) -> anyhow::Result<ExitCode> {
    let evidence = Evidence::read(&text(file)?);
    if let Some(policy) = signed.policy()? {
        let checkpoint = evidence.as_ref().map_err(Clone::clone).and_then(Evidence::checkpoint);
        let judged = checkpoint.and_then(|it| policy.judge(&it).map_err(|forged| forged.to_string()));
        match judged {
            Ok(judged) if judged.is_enough => {}
            Ok(_) => return Ok(refused(file, "its checkpoint is not cosigned as the policy wants it")),
            Err(why) => return Ok(refused(file, &why)),
        }
    }
    Ok(match evidence.and_then(|evidence| evidence.check(key)) {
        Ok((position, size)) => {
            let origin = key.origin();
            say(&format!(
                "✓ #{position} is one of the {size} events that {origin} signed, as it stands here."
            ));
            ExitCode::SUCCESS
        }
        Err(why) => refused(file, &why),
    })
}

fn of_export(file: &Path, key: &PublicKey) -> anyhow::Result<ExitCode> {
    let checked = manifest::check(open(file)?, key).with_context(|| file.display().to_string())?;
    Ok(match checked {
        Ok(Manifest { filter, events, as_of, .. }) => {
            say(&format!("✓ {events} events, each as it was written, in order."));
            let (origin, asked) = (key.origin(), asked(&filter)?);
            say(&format!("✓ {origin} signed that these are all events up to #{as_of}{asked}."));
            ExitCode::SUCCESS
        }
        Err(findings) => {
            for why in &findings {
                say(&format!("✗ {}: {why}", file.display()));
            }
            ExitCode::FAILURE
        }
    })
}

/// The filter that was asked for, as words after "all events".
fn asked(filter: &str) -> anyhow::Result<String> {
    let fields: Vec<(String, String)> = serde_html_form::from_str(filter)?;
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name} is {value:?}")).collect();
    let wanted = fields.join(" and ");
    Ok(if wanted.is_empty() { wanted } else { format!(" for which the question was: {wanted}") })
}

fn of_file(file: &Path, mut signed: SignedCheckpoints) -> anyhow::Result<ExitCode> {
    if let Some(why) = &signed.refusal {
        say(&format!("✗ {why}"));
        return Ok(ExitCode::FAILURE);
    }
    let checkpoints = std::mem::take(&mut signed.checkpoints);
    let report = export::check(open(file)?, checkpoints).with_context(|| file.display().to_string())?;
    say_all(&report.findings);
    if report.number_of_findings > 0 {
        return Ok(found(report.number_of_findings, report.events));
    }
    whole(report.events);
    sealed(report.events, report.sealed, signed.key.as_ref());
    let is_in_time = signed.say_cosigned(report.events);
    if report.people > 0 {
        say(&format!("{} people stand in the file as well; no checkpoint covers them.", report.people));
    }
    Ok(code(is_in_time))
}

async fn of_database(settings: Settings, signed: signed::CheckpointArguments) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    signed.settings_answer(&settings)?;
    let mut signed = signed.read(&settings)?;
    let checkpoints = std::mem::take(&mut signed.checkpoints);
    let log = EventLog::open(existing(&settings.database_url).await?).await?;
    let attested = Attested::read(log.db(), checkpoints, signed.key.clone()).await?;
    let (projector, stopped) = Projector::start_to_verify(log.clone()).await?;
    let bar = bar("Verifying");
    let report = projector.verify(|at| advance(&bar, at)).await?;
    bar.finish_and_clear();
    let mut findings = report.findings;
    let (agreed, more) = attested.compare(log.db(), report.events).await?;
    findings.extend(more);
    say_all(&findings);
    // Where nothing explains it, nobody knows what else is wrong.
    if let Some(why) = stopped
        && !findings.iter().any(|finding| matches!(finding, Finding::Event { .. }))
    {
        return Err(why.into());
    }
    if let Some(why) = &signed.refusal {
        say(&format!("✗ {why}"));
    }
    let number = findings.len() + signed.refusal.iter().len();
    if number > 0 {
        return Ok(found(number, report.events));
    }
    whole(report.events);
    if report.newer > 0 {
        say(&format!(
            "{} of them only a newer version of portal can read: what they say was not checked.",
            report.newer
        ));
    }
    say(&format!("✓ Claims, counts and commands, and {}, are what they say.", report.tables.join(", ")));
    sealed(report.events, agreed, signed.key.as_ref());
    Ok(code(signed.say_cosigned(report.events)))
}

fn code(is_well: bool) -> ExitCode {
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn whole(events: i64) {
    say(&format!("✓ {events} events, each as it was written, in order, without a gap."));
}

fn sealed(events: i64, sealed: i64, key: Option<&PublicKey>) {
    match (sealed, key) {
        (0, _) => say("Nothing is sealed: no checkpoint says that these are the events that were written."),
        (_, Some(key)) => say(&format!("✓ The first {sealed} are those that {} signed.", key.origin())),
        (_, None) => say(&format!(
            "✓ The first {sealed} are those of the checkpoints here; whose signature these bear only a key can tell."
        )),
    }
    if sealed > 0 && events > sealed {
        say(&format!("The {} behind them are not sealed yet.", events - sealed));
    }
}

fn say_all(findings: &[Finding]) {
    for finding in findings {
        say(&format!("✗ {finding}"));
    }
}

fn found(number: usize, events: i64) -> ExitCode {
    say(&format!("{number} findings in {events} events."));
    ExitCode::FAILURE
}

fn refused(file: &Path, why: &str) -> ExitCode {
    say(&format!("✗ {}: {why}", file.display()));
    ExitCode::FAILURE
}

fn open(file: &Path) -> anyhow::Result<BufReader<File>> {
    let file = File::open(file).with_context(|| file.display().to_string())?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

//! `portal audit`: the continuous audit from another machine, with nothing but the right to read.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use projections::Db;
use projections::auditor::{Auditor, Ended};

use crate::aside::{Aside, LONGEST};
use crate::cli::signed::SignedCheckpoints;
use crate::cli::{be_there, keep, say, signed};
use crate::clock;
use crate::config::Settings;
use crate::signer::HANGING;

#[expect(clippy::doc_markdown, reason = "these are the words of --help, which knows no markdown")]
#[derive(Args, Debug)]
pub struct AuditArguments {
    /// Go on for ever: a round after the other, and what is new each PORTAL_AUDIT_SECONDS
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    signed: signed::CheckpointArguments,
}

pub async fn run(settings: Settings, arguments: AuditArguments) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let AuditArguments { watch, signed: named } = arguments;
    let mut files = NamedFiles::default();
    let signed = files.read(&settings, &named).await?;
    be_there(&settings.database_url)?;
    let db = keep(Db::open_to_read(&settings.database_url).await?);
    let auditor = Auditor::new(db, signed.key.clone());
    let mut audit = Audit { auditor, files, signed, told: vec![], last: None, is_in_time: true };
    loop {
        match audit.turn(&settings, &named).await {
            Ok(()) if !watch && audit.last.is_some() => break,
            Err(why) if !watch => return Err(why),
            Err(why) => say(&format!("✗ Nothing could be looked at: {why:#}")),
            Ok(()) => {}
        }
        if watch {
            tokio::time::sleep(Duration::from_secs(settings.audit_seconds)).await;
        }
    }
    let is_clean = audit.told.is_empty() && audit.is_in_time;
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads the files that the arguments name, as they are at this moment.
#[derive(Default)]
struct NamedFiles(Aside<anyhow::Result<SignedCheckpoints>>);

impl NamedFiles {
    /// Gives what is in the files; an error where one can't be read or hangs.
    async fn read(
        &mut self,
        settings: &Settings,
        named: &signed::CheckpointArguments,
    ) -> anyhow::Result<SignedCheckpoints> {
        let (settings, named) = (settings.clone(), named.clone());
        let read = self.0.within(LONGEST, move || named.read(&settings)).await;
        read.map_err(|_late| anyhow!(HANGING))?
    }
}

struct Audit {
    auditor: Auditor,
    files: NamedFiles,
    /// Everything that was signed, as far as it could be read.
    signed: SignedCheckpoints,
    /// The findings that were reported last.
    told: Vec<String>,
    /// The last complete round.
    last: Option<Ended>,
    is_in_time: bool,
}

impl Audit {
    /// Makes one turn. It reads the named files anew, since new checkpoints are added to them; if they can't be read, the
    /// turn checks everything else.
    async fn turn(&mut self, settings: &Settings, named: &signed::CheckpointArguments) -> anyhow::Result<()> {
        let unread = match self.files.read(settings, named).await {
            Ok(signed) => {
                self.signed = signed;
                None
            }
            Err(why) => Some(format!("{why:#}")),
        };
        let signed = &self.signed;
        let turned = self.auditor.turn(signed.checkpoints.clone(), clock::now()).await.map(drop);
        let state = self.auditor.state();
        let found =
            state.findings.iter().map(ToString::to_string).chain(signed.refusal.clone()).chain(unread);
        let found: Vec<String> = found.collect();
        for finding in found.iter().filter(|finding| !self.told.contains(finding)) {
            say(&format!("✗ {finding}"));
        }
        self.told = found;
        turned?;
        if let Some(last) = state.last.filter(|last| self.last != Some(*last)) {
            self.last = Some(last);
            if state.behind > 0 {
                say(&format!(
                    "This standby has {} events less than were signed: it is behind.",
                    state.behind
                ));
            }
            self.is_in_time = signed.say_cosigned(last.events);
            say(&self.line(last));
        }
        Ok(())
    }

    fn line(&self, Ended { at, events, sealed }: Ended) -> String {
        let at = at.format("%Y-%m-%d %H:%M:%S");
        match (self.told.len(), sealed) {
            (0, 0) => format!("✓ {at} UTC: {events} events, and nothing is sealed."),
            (0, _) => {
                format!("✓ {at} UTC: {events} events, of which the first {sealed} are what was signed.")
            }
            (number, _) => format!("✗ {at} UTC: {number} findings in {events} events."),
        }
    }
}

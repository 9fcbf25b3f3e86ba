//! The signed checkpoints and cosignatures that the command line or the settings name.

use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use chrono::DateTime;
use clap::Args;
use projections::seal::cosignature::Forged;
use projections::seal::{Checkpoint, Policy, PublicKey, SignedCheckpoint, export};

use crate::aside::in_time;
use crate::cli::say;
use crate::config::Settings;
use crate::{clock, signer};

#[expect(clippy::doc_markdown, reason = "these are the words of --help, which knows no markdown")]
#[derive(Args, Clone, Debug)]
pub struct CheckpointArguments {
    /// SignedCheckpoint checkpoints, one or many; without it, those of PORTAL_SEAL_LOG
    #[arg(long, value_name = "FILE", requires = "key")]
    checkpoint: Option<PathBuf>,
    /// The public key that portal keys printed; without it, that of PORTAL_SEAL_KEY
    #[arg(long, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,
    /// Whose cosignatures are wanted (c2sp.org/tlog-policy); without it, those of PORTAL_SEAL_POLICY where the settings name the
    /// checkpoints
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// How old the last of these may be where there are events behind it
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=87_600))]
    cosigned_within: Option<u64>,
}

/// The checkpoints to compare a log with.
pub(super) struct SignedCheckpoints {
    pub checkpoints: Vec<Checkpoint>,
    /// Why some of the checkpoints are not to be believed, if so.
    pub refusal: Option<String>,
    pub key: Option<PublicKey>,
    cosigned: Option<Cosigned>,
    within_hours: Option<u64>,
}

/// The largest checkpoint that enough witnesses of a policy have cosigned.
struct Cosigned {
    size: u64,
    by: Vec<(String, u64)>,
    /// The moment since which enough of them have cosigned it, in seconds since 1970.
    since: Option<u64>,
}

impl CheckpointArguments {
    /// Opens each file that is going to be read: one whose disk hangs ends the command, and is named.
    pub(super) fn answer(&self) -> anyhow::Result<()> {
        let named = [("--checkpoint", &self.checkpoint), ("--key", &self.key), ("--policy", &self.policy)];
        named.into_iter().try_for_each(|(name, file)| answers(name, file))
    }

    /// The same for the files that the settings name, where they are read.
    pub(super) fn settings_answer(&self, settings: &Settings) -> anyhow::Result<()> {
        if self.checkpoint.is_some() {
            return Ok(());
        }
        answers("PORTAL_SEAL_KEY", &settings.seal_key)?;
        answers("PORTAL_SEAL_LOG", &settings.seal_log)?;
        answers("PORTAL_SEAL_OTHER_LOGS", &settings.seal_other_logs)?;
        answers("PORTAL_SEAL_POLICY", &settings.seal_policy)
    }

    /// Reads what the arguments name, for a log that the settings know.
    pub(super) fn read(&self, settings: &Settings) -> anyhow::Result<SignedCheckpoints> {
        let key = match self.key.as_deref().map(public_key).transpose()? {
            None => signer::key(settings)?.map(|key| key.public()),
            given => given,
        };
        let of_settings = || settings.seal_log.iter().chain(&settings.seal_other_logs).cloned().collect();
        let may_be_empty = self.checkpoint.is_none();
        let policy = self.policy.as_ref().or(settings.seal_policy.as_ref().filter(|_| may_be_empty)).cloned();
        let files = self.checkpoint.clone().map_or_else(of_settings, |file| vec![file]);
        let signed = SignedCheckpoints::read(&files, may_be_empty, key, policy.as_deref())?;
        Ok(SignedCheckpoints { within_hours: self.cosigned_within, ..signed })
    }

    /// The policy of witnesses that the command line names, if it names one.
    pub(super) fn policy(&self) -> anyhow::Result<Option<Policy>> {
        Ok(self.policy.as_deref().map(read_policy).transpose()?.map(|(_, policy)| policy))
    }

    /// Reads what the arguments name, for a file that comes from elsewhere.
    pub(super) fn of_file(self) -> anyhow::Result<SignedCheckpoints> {
        let key = self.key.as_deref().map(public_key).transpose()?;
        let file = self.checkpoint.context("--checkpoint: name the file of the signed checkpoints")?;
        let signed = SignedCheckpoints::read(&[file], false, key, self.policy.as_deref())?;
        Ok(SignedCheckpoints { within_hours: self.cosigned_within, ..signed })
    }
}

impl SignedCheckpoints {
    fn read(
        files: &[PathBuf],
        may_be_empty: bool,
        key: Option<PublicKey>,
        policy: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let policy = policy.map(read_policy).transpose()?;
        let mut signed = Self { checkpoints: vec![], refusal: None, key, cosigned: None, within_hours: None };
        if let (Some((file, policy)), Some(key)) = (&policy, &signed.key)
            && !policy.is_about(key)
        {
            bail!("{}: it is about other logs than {key}", file.display());
        }
        for file in files {
            signed.add(file, may_be_empty, policy.as_ref().map(|(_, policy)| policy))?;
        }
        if let Some((file, _)) = &policy
            && signed.cosigned.is_none()
            && signed.refusal.is_none()
        {
            signed.refusal = Some(format!("no checkpoint here is cosigned as {} wants it", file.display()));
        }
        Ok(signed)
    }

    fn add(&mut self, file: &Path, may_be_empty: bool, policy: Option<&Policy>) -> anyhow::Result<()> {
        let Some(key) = &self.key else { return Ok(()) };
        let reader = match File::open(file) {
            Err(error) if error.kind() == ErrorKind::NotFound && may_be_empty => return Ok(()),
            opened => opened.with_context(|| file.display().to_string())?,
        };
        // A portal that has signed none yet has none there.
        if may_be_empty && reader.metadata()?.len() == 0 {
            return Ok(());
        }
        let found = match export::signed(BufReader::new(reader), key)? {
            Ok(found) => found,
            Err(why) => {
                self.refusal = Some(format!("{}: {why}", file.display()));
                return Ok(());
            }
        };
        for signed in found {
            if let Some(Err(forged)) = policy.map(|policy| self.take(policy, &signed)) {
                self.refusal = Some(format!("{}: {forged}", file.display()));
            }
            self.checkpoints.push(signed.checkpoint);
        }
        Ok(())
    }

    fn take(&mut self, policy: &Policy, signed: &SignedCheckpoint) -> Result<(), Forged> {
        let (size, judged) = (signed.checkpoint.size, policy.judge(signed)?);
        let is_largest = self.cosigned.as_ref().is_none_or(|cosigned| cosigned.size <= size);
        if size > 0 && judged.is_enough && is_largest {
            let since = policy.met_since(signed, seconds() + CLOCKS_DIFFER)?;
            self.cosigned = Some(Cosigned { size, by: judged.by, since });
        }
        Ok(())
    }

    /// Says how many of the events witnesses have cosigned, if a policy asks for that. False if it is too long ago.
    pub(super) fn say_cosigned(&self, events: i64) -> bool {
        let Some(Cosigned { size, by, since }) = &self.cosigned else { return true };
        let behind = u64::try_from(events).unwrap_or(0).saturating_sub(*size);
        let is_wanted = !by.is_empty();
        let by: Vec<String> = by.iter().map(|(name, at)| format!("{name} ({})", time(*at))).collect();
        if by.is_empty() {
            say("The policy wants no cosignature.");
        } else {
            say(&format!("✓ The first {size} were cosigned as the policy wants it, by {}.", by.join(", ")));
        }
        if behind > 0 && is_wanted {
            say(&format!("The {behind} behind them are not cosigned."));
        }
        let Some(hours) = self.within_hours.filter(|_| is_wanted) else { return true };
        let age = since.map(|since| seconds().saturating_sub(since));
        let is_in_time = behind == 0 || age.is_some_and(|age| age <= hours * 3600);
        if !is_in_time {
            say(&format!(
                "✗ Enough of them have cosigned, and none of that is of the last {hours} hours, though there are events behind it."
            ));
        }
        is_in_time
    }
}

/// The time now, in seconds since 1970.
fn seconds() -> u64 {
    u64::try_from(clock::now().micros() / 1_000_000).unwrap_or(0)
}

/// The clock of a witness may be this many seconds ahead of ours.
const CLOCKS_DIFFER: u64 = 300;

fn time(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    at.map_or_else(|| "at no time".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// Fails if one of the files can't be opened for lack of an answer. Whatever else is wrong with it is for whoever reads it.
pub(super) fn answers<'f>(name: &str, files: impl IntoIterator<Item = &'f PathBuf>) -> anyhow::Result<()> {
    files.into_iter().try_for_each(|file| {
        let (name, file) = (format!("{name}: {}", file.display()), file.clone());
        in_time(&name, move || Ok(File::open(file).is_ok())).map(drop)
    })
}

fn read_policy(file: &Path) -> anyhow::Result<(PathBuf, Policy)> {
    let policy = text(file)?.parse().with_context(|| file.display().to_string())?;
    Ok((file.to_owned(), policy))
}

pub(super) fn public_key(file: &Path) -> anyhow::Result<PublicKey> {
    text(file)?.parse().map_err(|why| anyhow!("{}: {why}", file.display()))
}

pub(super) fn text(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}

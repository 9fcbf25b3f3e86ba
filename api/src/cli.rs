//! The command line: what an operator does from the server's shell.

pub mod audit;
pub mod clock;
pub mod demo;
pub mod evidence;
pub mod grant;
pub mod keys;
pub mod log;
pub mod recover;
pub mod reference_data;
pub mod replay;
pub mod reset_password;
pub mod seal;
pub mod second_factor;
pub mod serve;
pub mod signed;
pub mod transfer;
pub mod verify;
mod whole_file;
pub mod witness;

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use domain::grant::PlatformRole;
use domain::values::{Email, Slug};
use indicatif::{ProgressBar, ProgressStyle};
use projections::projector::Progress;
use projections::{Db, OpenError};

use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::config::Settings;
use crate::identity::links;

/// The admin portal of a multi-tenant product: organisations, access and history, event-sourced.
#[derive(Parser, Debug)]
#[command(name = "portal", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub settings: Settings,
}

impl Cli {
    /// The command and the settings. A setting that is empty, as some files of settings have those that nobody filled in, is as
    /// if it were not there.
    pub fn read() -> Self {
        let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
        let command = Self::command().mut_args(|argument| {
            if argument.get_env().is_some_and(is_empty) {
                argument.env(None::<&'static str>)
            } else {
                argument
            }
        });
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Serve the portal (what happens without a command)
    Serve,
    /// Serve a demonstration with a named cast on a throw-away database
    Demo,
    /// Bring the database's schema and read models up to date, and stop
    Migrate,
    /// Fold every read model again from the first event on, while the old ones serve
    Rebuild(log::RebuildArguments),
    /// Prove that the log is whole, that it is what was sealed, and that the read models are what it says
    Verify(verify::VerifyArguments),
    /// Look at every event, the tree and the walls of the database with nothing but the right to read, on a standby as well:
    /// once, or for ever
    Audit(audit::AuditArguments),
    /// Cosign checkpoints of logs of others: a server of its own, with a key and a memory of its own
    Witness(witness::WitnessArguments),
    /// Make the key that seals the log: the private half goes to a file, the public one to the standard output. With
    /// --witness, make that of a witness; with --secrets, the one that seals the secrets of second factors in the database
    Keys {
        /// The file, which must not be there yet
        file: PathBuf,
        /// Make no key, and print the public half of the one in the file
        #[arg(long, conflicts_with_all = ["origin", "witness", "secrets"])]
        public: bool,
        /// The name of the log that it signs, or of the witness; without it, made of the public URL
        #[arg(long)]
        origin: Option<String>,
        /// Make the key of a witness instead
        #[arg(long)]
        witness: bool,
        /// Make a key that seals secrets instead
        #[arg(long, conflicts_with_all = ["origin", "witness"])]
        secrets: bool,
    },
    /// Sign a checkpoint of the log now, where nobody serves who does so every second
    Seal {
        /// Begin a checkpoint log with what stands in the database: so many events, with this root. Where nothing else says
        /// what was signed, portal names them
        #[arg(long, value_name = "SIZE:ROOT")]
        trust: Option<String>,
    },
    /// Write an event with the proof that it is in the log, as JSON
    Evidence {
        /// The event's position
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        position: i64,
    },
    /// Tell the history in sentences, from one event to the next
    Replay(replay::Replay),
    /// Write people and events to a file, one JSON object per line
    Export {
        /// The file; without it, the standard output
        to: Option<PathBuf>,
    },
    /// Take in a file that export wrote, or one of resource types
    Import {
        /// The file; without it, the standard input
        #[arg(conflicts_with = "reference_data")]
        from: Option<PathBuf>,
        /// Say what would change for resource types to be as this file (JSON) wants them
        #[arg(long, value_name = "FILE")]
        reference_data: Option<PathBuf>,
        /// Make it so, instead of only saying what would change
        #[arg(long, requires = "reference_data")]
        yes: bool,
    },
    /// Give somebody a platform role, with an account if there is none
    Grant(grant::GrantArguments),
    /// Make a link with which somebody chooses a new password; the old one works until then
    ResetPassword {
        /// The e-mail address of whoever lost it
        email: Email,
    },
    /// Let an organisation work again that was suspended or archived, without signing in
    Recover {
        /// Its slug; without it, every protected organisation
        slug: Option<Slug>,
    },
    /// Say that the clock is right and the last events are stamped wrongly
    #[command(subcommand)]
    Clock(clock::Clock),
    /// Take away somebody's second factor and passkeys, which they have lost, and end their sessions
    ForgetSecondFactor {
        /// The e-mail address of whoever lost them
        email: Email,
    },
}

#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum RoleName {
    Superadmin,
    Auditor,
}

impl From<RoleName> for PlatformRole {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Superadmin => Self::Superadmin,
            RoleName::Auditor => Self::Auditor,
        }
    }
}

/// The databases that commands have opened, so that [`close`] can close them. Otherwise SQLite leaves files beside a
/// database, as it does after a process that was killed.
static OPENED: Mutex<Vec<Db>> = Mutex::new(vec![]);

/// Opens a database. [`close`] closes it.
async fn database(url: &str) -> Result<Db, OpenError> {
    Ok(keep(Db::open(url).await?))
}

/// Opens a database that a command only reads. It must exist: a mistyped name must not make an empty portal.
async fn existing(url: &str) -> anyhow::Result<Db> {
    be_there(url)?;
    Ok(database(url).await?)
}

fn be_there(url: &str) -> anyhow::Result<()> {
    if let Some(file) = url.strip_prefix("sqlite://").map(|rest| rest.split('?').next().unwrap_or(rest))
        && !std::path::Path::new(file).exists()
    {
        anyhow::bail!("DATABASE_URL: there is no file {file}");
    }
    Ok(())
}

/// Notes a database, so that [`close`] closes it.
fn keep(db: Db) -> Db {
    OPENED.lock().unwrap_or_else(PoisonError::into_inner).push(db.clone());
    db
}

/// Opens the database with everything that a command may need.
async fn open(settings: Settings) -> anyhow::Result<App> {
    let app = App::open(settings).await?;
    keep(app.db.clone());
    Ok(app)
}

/// Returns when somebody ends a command early: by Ctrl-C, or with the signal of a terminal or service that ends.
pub async fn interrupted() -> std::io::Result<()> {
    let [mut interrupt, mut terminate, mut hang_up] =
        [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?];
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}

/// Closes the databases that commands have opened, however the commands ended.
pub async fn close() {
    let opened = std::mem::take(&mut *OPENED.lock().unwrap_or_else(PoisonError::into_inner));
    for db in opened {
        db.close().await;
    }
}

/// Writes a line for people to the standard output. If nobody reads it, the command goes on.
pub fn say(line: &str) {
    let _nobody_listens = writeln!(std::io::stdout().lock(), "{line}");
}

/// Writes the result of a command to the standard output. If it can't be written, as on a full disk, the command fails.
pub fn hand_over(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("the standard output")
}

/// Writes a link. A command in the shell knows the address of the server only if that is set for both.
fn say_link(app: &App, sentence: &str, path: &str) {
    let settings = &app.settings;
    say(&format!("{sentence}:\n\n    {}\n", links::url(app, path)));
    if settings.public_url.is_none() {
        say(&format!(
            "If portal is reached elsewhere, put that in place of {}, or set PORTAL_PUBLIC_URL.",
            settings.public_url()
        ));
    }
}

/// Writes an error, cause by cause. Each text is written once, since many errors repeat the one behind them.
pub fn complain(error: &anyhow::Error) {
    let mut why = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !why.contains(&cause) {
            why = format!("{why}: {cause}");
        }
    }
    let _nobody_listens = writeln!(std::io::stderr().lock(), "portal: {why}");
}

/// A progress bar for long jobs, if somebody is watching.
fn bar(what: &'static str) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg} {wide_bar} {human_pos} of {human_len}, {per_sec}, {eta} left");
    ProgressBar::new(0).with_style(style.expect("the template is well-formed")).with_message(what)
}

/// Moves a progress bar to where the job is.
fn advance(bar: &ProgressBar, at: Progress) {
    bar.set_length(u64::try_from(at.of).unwrap_or(0));
    bar.set_position(u64::try_from(at.done).unwrap_or(0));
}

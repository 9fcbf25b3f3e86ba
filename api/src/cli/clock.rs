//! `portal clock accept-jump`: the way out of a log whose last events are stamped later than now.

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use domain::values::Reason;
use projections::EventLog;

use crate::cli::{database, say};
use crate::clock;
use crate::config::Settings;

#[derive(Subcommand, Debug)]
pub enum Clock {
    /// Let the next event be stamped with the clock as it is now, although the last one is stamped later; that event
    /// says why
    AcceptJump {
        /// What had happened to the clock (10 to 500 characters)
        #[arg(long)]
        reason: Reason,
    },
}

pub async fn run(settings: Settings, Clock::AcceptJump { reason }: Clock) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let today = clock::now().date_naive();
    if settings.accept_clock != Some(today) {
        bail!(
            "the clock of this machine says that today is {today} (UTC). If that is right, say so with \
             --accept-clock {today}: events will be stamped with it from here on"
        );
    }
    let log = EventLog::open_by(database(&settings.database_url).await?, settings.clock_rules()).await?;
    let jump = log.accept_jump(&reason).await?;
    let (next, minutes) = (jump.position + 1, jump.back.num_minutes().max(1));
    say(&format!(
        "The next event, #{next}, goes back by {minutes} minutes, to {today}, and says why. What came before it keeps \
         its stamps."
    ));
    Ok(ExitCode::SUCCESS)
}

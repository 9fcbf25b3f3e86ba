//! `portal replay`: the history as sentences, one after another, at once, at a chosen speed, or step by step.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use projections::event_log::Recorded;

use super::{be_there, open, say};
use crate::config::Settings;
use crate::layout::names::Names;

/// How many events are read at a time.
const BATCH: i64 = 500;

/// Nobody waits longer than this for the next event, however long it took then.
const LONGEST: Duration = Duration::from_secs(5);

#[derive(Args, Debug)]
pub struct Replay {
    /// The first position
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..))]
    from: i64,
    /// The last position; without it, to the end
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
    to: Option<i64>,
    /// How many times as fast as it happened, with at most 5 seconds between two events; without it, at once
    #[arg(long, conflicts_with = "step", value_parser = speed)]
    speed: Option<f64>,
    /// Wait for Enter after each event
    #[arg(long)]
    step: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('x').parse::<f64>() {
        Ok(speed) if speed.is_finite() && speed > 0.0 => Ok(speed),
        Ok(_) | Err(_) => Err("give a number above zero, like 10 or 0.5x".to_owned()),
    }
}

pub async fn run(settings: Settings, replay: Replay) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    be_there(&settings.database_url)?;
    let app = open(settings).await?;
    let last = app.log.last_position().await?;
    let last = replay.to.map_or(last, |to| to.min(last));
    let (mut after, mut before) = (replay.from - 1, None);
    while after < last {
        let events = app.log.tail(after, BATCH.min(last - after)).await?;
        let names = Names::at_shell(&app, &events).await?;
        for event in &events {
            replay.wait(before, event.recorded_at.into()).await;
            say(&line(&names, event));
            before = Some(event.recorded_at.into());
            if replay.step && event.position < last && !goes_on()? {
                return Ok(ExitCode::SUCCESS);
            }
        }
        after = events.last().map_or(last, |event| event.position);
    }
    Ok(ExitCode::SUCCESS)
}

impl Replay {
    /// Waits as long as it took then, divided by the speed.
    async fn wait(&self, before: Option<DateTime<Utc>>, at: DateTime<Utc>) {
        let (Some(speed), Some(before)) = (self.speed, before) else { return };
        let took = (at - before).to_std().unwrap_or_default();
        tokio::time::sleep(
            Duration::try_from_secs_f64(took.as_secs_f64() / speed).unwrap_or(LONGEST).min(LONGEST),
        )
        .await;
    }
}

fn line(names: &Names, event: &Recorded) -> String {
    let at: DateTime<Utc> = event.recorded_at.into();
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("#{}  {at}  {}", event.position, names.sentence_text(event))
}

/// True if the person wants the next event: they press Enter, and not `q`. Where nobody types, the end of the input ends it.
fn goes_on() -> std::io::Result<bool> {
    let mut typed = String::new();
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        let _nobody_listens = write!(std::io::stderr().lock(), "Enter for the next, q to stop ");
    }
    let read = input.read_line(&mut typed)?;
    Ok(read > 0 && typed.trim() != "q")
}

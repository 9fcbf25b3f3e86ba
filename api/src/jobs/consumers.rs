//! Consumers act outside of the database when an event was recorded. Each has a name, under which its position is stored.
//!
//! ```text
//! folded up to 1234 ─► take the turn ─► the next event ─► act on it ─► advance ─┐
//!                  ▲   (one process at a time)                                  │
//!                  └────────────────────────────────────────────────────────────┘
//! ```
//!
//! Every event comes at least once, in the order of positions, and only when the read models know it: a link in a mail leads to
//! a page that is there. An event comes again where a process ended between acting and noting that it did. Where acting fails,
//! the consumer stays at that event and tries again, later each time; nobody else waits for it.
//!
//! **Invariant:** a consumer changes no read model and appends no event, and folding anew never runs one.

mod owner_joined;

use std::time::Duration;

use anyhow::Context;
use domain::AnyEvent;
use projections::consumers::{self, Turn};
use projections::event_log::Recorded;

use crate::app::App;
use crate::{clock, metrics};

/// Every consumer. A new one is added here, and the compiler asks for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumer {
    OwnerJoined,
}

impl Consumer {
    pub const ALL: [Self; 1] = [Self::OwnerJoined];

    /// The name under which its position is stored. It stays for ever; under a new one it would begin anew.
    pub fn name(self) -> &'static str {
        match self {
            Self::OwnerJoined => "owner_joined",
        }
    }

    /// A sentence about it, for the page that shows how far it is.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::OwnerJoined => "Writes to the process log that an owner has joined.",
        }
    }

    /// Does what this event asks for. An error is tried again, and so is what takes longer than [`LIMIT`].
    #[expect(clippy::unused_async, reason = "what acts outside waits; writing to the log alone does not")]
    async fn act(self, happened: &Happened<'_>) -> anyhow::Result<Reaction> {
        match self {
            Self::OwnerJoined => Ok(owner_joined::act(happened)),
        }
    }
}

/// An event that was recorded and can be read.
pub struct Happened<'a> {
    pub recorded: &'a Recorded,
    pub event: AnyEvent,
}

/// The answer of a consumer to an event. After an act its position is stored at once, so that only one event comes again after a
/// crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    Acted,
    Nothing,
}

/// The longest time that acting on one event may take.
const LIMIT: Duration = Duration::from_secs(30);

/// The pause between two looks for new events, and the longest pause after many failures.
const PACE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The most events that are read at a time.
const BATCH: i64 = 200;

/// Makes the consumers of this version known. Call it before anything is recorded, so that they miss nothing.
pub async fn register(app: &App) -> anyhow::Result<()> {
    let names = Consumer::ALL.map(Consumer::name);
    Ok(consumers::register(&app.db, names).await?)
}

/// Runs one consumer as long as the process does.
pub async fn run(app: App, consumer: Consumer) {
    let (mut stopping, mut pause, mut known) = (app.stopping.subscribe(), PACE, 0);
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        let folded = app.projector.folded();
        if folded <= known {
            continue;
        }
        match act_up_to(&app, consumer, folded).await {
            Ok(position) => (pause, known) = (PACE, position),
            Err(_) if *app.stopping.borrow() => return,
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(consumer = consumer.name(), error, "a consumer stands still; it tries again");
                metrics::consumer_failed(consumer.name());
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Acts on everything up to a position, turn after turn, and gives the position that was reached.
async fn act_up_to(app: &App, consumer: Consumer, up_to: i64) -> anyhow::Result<i64> {
    let mut reached = 0;
    while reached < up_to && !*app.stopping.borrow() {
        let taken = Turn::take(&app.db, consumer.name()).await;
        let Some(turn) = taken.context("its position can't be read")? else { break };
        let before = turn.position();
        if before >= up_to {
            refuse_if_ahead(app, turn).await?;
            metrics::consumer_behind(consumer.name(), 0);
            return Ok(up_to); // another process was quicker
        }
        match next_act(app, consumer, before, up_to).await {
            Ok(position) if position == before => return Ok(before), // the log ends earlier than it did
            Ok(position) => {
                turn.advance(position).await?;
                reached = position;
            }
            Err(error) => {
                turn.fail(&format!("{error:#}"), clock::now()).await?;
                metrics::consumer_behind(consumer.name(), up_to - before);
                return Err(error);
            }
        }
        metrics::consumer_behind(consumer.name(), up_to - reached);
    }
    Ok(reached)
}

/// Refuses a position that no event has: somebody moved it, and events may have been left out.
async fn refuse_if_ahead(app: &App, turn: Turn) -> anyhow::Result<()> {
    let (position, end) = (turn.position(), app.log.last_position().await?);
    if position <= end {
        return Ok(());
    }
    let why = format!("its position #{position} is ahead of the log, which ends at #{end}");
    turn.fail(&why, clock::now()).await?;
    Err(anyhow::anyhow!(why))
}

/// Goes on until one event was acted on, or many asked for nothing, and gives the position of the last one.
async fn next_act(app: &App, consumer: Consumer, after: i64, up_to: i64) -> anyhow::Result<i64> {
    let events = app.log.tail(after, BATCH.min(up_to - after)).await?;
    for recorded in &events {
        let reaction = react(consumer, recorded).await.with_context(|| format!("#{}", recorded.position))?;
        if reaction == Reaction::Acted {
            return Ok(recorded.position);
        }
    }
    Ok(events.last().map_or(after, |last| last.position))
}

/// Lets a consumer act on an event. One that only a newer version can read is left to that. One that nobody can read any more is
/// passed over: it would hold up everything behind it for ever.
async fn react(consumer: Consumer, recorded: &Recorded) -> anyhow::Result<Reaction> {
    match recorded.decode() {
        Ok(event) => {
            let happened = Happened { recorded, event };
            tokio::time::timeout(LIMIT, consumer.act(&happened)).await.context("it took too long")?
        }
        Err(why) if why.is_newer() => Err(why.into()),
        Err(error) => {
            tracing::error!(consumer = consumer.name(), position = recorded.position, %error, "passed over");
            Ok(Reaction::Nothing)
        }
    }
}

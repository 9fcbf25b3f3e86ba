//! The auditor that never stops: the walls, what is new, and a slice of everything else, in turn after turn.
//!
//! ```text
//! a turn ─► do the walls stand? ─► each event since the last turn ─► the next slice of a round ─┐
//!                                                                   each event, and the tree    │ at its end: is the log
//!                                                                   against what was signed ◄───┘ what was signed?
//! ```
//!
//! Whatever is read is compared with its hash, its place and the time before it. A round has every event that stood when it
//! began, in so many turns whatever their number, so everything is looked at in a bounded time and little at once.
//!
//! **Invariant:** nothing is written and nothing is locked, so it runs beside anything, on a standby as well.

pub(crate) mod look;

use crate::db::{Db, walls};
use crate::event_log::{self, Recorded};
use crate::projector::Finding;
use crate::seal::attested::{Attested, Comparison};
use crate::seal::{Checkpoint, PublicKey};
use crate::timestamp::Timestamp;
use look::{AuditPlace, Findings, in_front, look};

/// The number of turns in a round, unless the log is so short that fewer are enough.
const TURNS: i64 = 720;

/// The fewest events of a slice.
const SLICE: i64 = 2_000;

/// The most findings that are kept one by one.
const KEPT: usize = 100;

/// Audits one log continuously.
pub struct Auditor {
    db: Db,
    key: Option<PublicKey>,
    /// Every new event up to this place was checked once.
    seen: AuditPlace,
    round: Option<Round>,
    /// A checkpoint of everything that the last whole round checked, by which a later round finds what was removed since.
    saw: Option<Checkpoint>,
    state: AuditState,
}

/// What an auditor has found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditState {
    /// How far the present round is, and where it ends.
    pub at: i64,
    pub of: i64,
    /// When the last whole round ended, how many events it checked, and how many of them are what was signed.
    pub last: Option<Ended>,
    /// The number of signed events that a standby does not have yet.
    pub behind: i64,
    /// The findings in the order of their positions: from the last round, from this one, and about the walls.
    pub findings: Vec<Finding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub at: Timestamp,
    pub events: i64,
    pub sealed: i64,
}

/// One pass over all events that existed when it began.
struct Round {
    place: AuditPlace,
    up_to: i64,
    comparison: Comparison,
    findings: Findings,
}

impl Auditor {
    /// Makes an auditor. Only checkpoints that the key signed count, if there is one.
    pub fn new(db: Db, key: Option<PublicKey>) -> Self {
        Self { db, key, seen: AuditPlace::default(), round: None, saw: None, state: AuditState::default() }
    }

    /// What the auditor has found so far, even in a turn that failed.
    pub fn state(&self) -> &AuditState {
        &self.state
    }

    /// One turn: `checkpoints` are those that were kept outside the database, for a round that begins with it.
    pub async fn turn(
        &mut self,
        checkpoints: Vec<Checkpoint>,
        now: Timestamp,
    ) -> Result<&AuditState, sqlx::Error> {
        let walls = self.look_at_walls().await?;
        let end = event_log::last(&self.db).await?;
        let mut round = match self.round.take() {
            Some(round) => round,
            None => self.begin(checkpoints, end).await?,
        };
        self.look_at_news(end, &mut round.findings).await?;
        round.go_on(&self.db).await?;
        (self.state.at, self.state.of) = (round.place.position, round.up_to);
        // Until this round ends, the findings of the last one count.
        let known = std::mem::take(&mut self.state.findings).into_iter();
        let mut findings: Findings = known.filter(|it| !is_wall(it)).map(|it| (position(&it), it)).collect();
        if round.is_through() {
            self.state.last = Some(Ended { at: now, events: round.up_to, sealed: round.comparison.agreed() });
            // A round with findings may have seen less than the one before it, whose checkpoint then stays.
            self.saw = round.comparison.saw().filter(|_| round.findings.is_empty()).or(self.saw.take());
            findings = round.findings;
            findings.extend(round.comparison.finding().map(|it| (position(&it), it)));
        } else {
            findings.extend(round.findings.clone());
            self.round = Some(round);
        }
        self.state.findings = findings.into_values().take(KEPT).chain(walls).collect();
        // Events that were found changed before are read again: those that were put right are no longer reported.
        event_log::changed(&self.db).await?;
        Ok(&self.state)
    }

    /// Checks the walls first, so that they are reported even if some events can't be read.
    async fn look_at_walls(&mut self) -> Result<Vec<Finding>, sqlx::Error> {
        let found: Vec<Finding> = match walls::differences(&self.db).await? {
            Some(found) => found.iter().map(|it| Finding::Wall { what: it.to_string() }).collect(),
            None => vec![Finding::Wall { what: walls::UNSEEN.to_owned() }],
        };
        let found: Vec<Finding> = found.into_iter().chain(in_front(&self.db).await?).collect();
        self.state.findings.retain(|it| !is_wall(it));
        self.state.findings.extend(found.clone());
        Ok(found)
    }

    /// Checks the events since the last turn: the present round does not include them, and nobody should wait for the next.
    async fn look_at_news(&mut self, end: i64, findings: &mut Findings) -> Result<(), sqlx::Error> {
        while self.seen.position < end && findings.len() < KEPT {
            self.seen = look(&self.db, self.seen, self.seen.batch(end), findings, |_| ()).await?;
        }
        Ok(())
    }

    async fn begin(&mut self, checkpoints: Vec<Checkpoint>, end: i64) -> Result<Round, sqlx::Error> {
        if self.state.last.is_none() {
            self.seen = AuditPlace { position: end, before: None }; // the first round has all of these
        }
        let checkpoints = checkpoints.into_iter().chain(self.saw.clone()).collect();
        let mut comparison = Attested::read(&self.db, checkpoints, self.key.clone()).await?.comparison();
        // A standby shows what the other database had some time ago, and nothing is missing there.
        self.state.behind =
            if event_log::is_standby(&self.db).await? { comparison.only_up_to(end) } else { 0 };
        let up_to = end.max(comparison.due());
        Ok(Round { place: AuditPlace::default(), up_to, comparison, findings: Findings::new() })
    }
}

impl Round {
    fn is_through(&self) -> bool {
        self.place.position >= self.up_to
    }

    /// Checks the next slice.
    async fn go_on(&mut self, db: &Db) -> Result<(), sqlx::Error> {
        let until = self.up_to.min(self.place.position.saturating_add(SLICE.max(self.up_to / TURNS)));
        while self.place.position < until {
            let Self { place, comparison, findings, .. } = self;
            let take = |event: &Recorded| match event.leaf_hash.as_slice().try_into() {
                Ok(leaf) if comparison.next() == event.position => comparison.take(leaf),
                Ok(_) | Err(_) => comparison.lose(event.position),
            };
            *place = look(db, *place, place.batch(until), findings, take).await?;
        }
        Ok(())
    }
}

fn position(finding: &Finding) -> i64 {
    match finding {
        Finding::Event { position, .. } => *position,
        Finding::Table { .. } | Finding::Wall { .. } => 0,
    }
}

fn is_wall(finding: &Finding) -> bool {
    matches!(finding, Finding::Wall { .. })
}

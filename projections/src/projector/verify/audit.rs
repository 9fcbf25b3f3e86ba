//! Reads the log once, and compares claims, counts and command records with what follows from its events.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::SecondsFormat;
use domain::{AnyEvent, Constraint};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::Finding;
use crate::auditor::look::look_at_all;
use crate::db::{Db, Lists, read, row};
use crate::event_log::{Recorded, StreamId};
use crate::fold::Entry;
use crate::projector::Progress;
use crate::projector::walk::{self, OutOfOrder};

/// The state of an audit of the log up to a position.
#[derive(Default)]
pub(super) struct LogAudit {
    pub(super) position: i64,
    /// True if every position has one event, and every event a stream.
    pub(super) is_whole: bool,
    pub(super) findings: Vec<Finding>,
    /// Positions of events that were changed.
    changed: BTreeSet<i64>,
    /// Pairs of neighbouring positions of which the second is stamped earlier than the first.
    early: Vec<(i64, i64)>,
    /// Type, id and sequence of the event before.
    before: (String, String, i64),
    /// The stream that first claimed each key, and the position of that event.
    claims: HashMap<(String, String), (String, String, i64)>,
    guards: BTreeMap<String, i64>,
    /// The kinds of aggregates that changed a count.
    counted_by: BTreeMap<String, BTreeSet<String>>,
    /// Positions and streams of the events that nobody here can read. What those claimed and counted is unknown.
    unread: HashMap<i64, StreamId>,
    /// The number of events that only a newer version can read.
    pub(super) newer: usize,
    /// Commands of this batch: first and last position, sequence, actor.
    commands: HashMap<Uuid, (i64, i64, i64, String)>,
}

impl LogAudit {
    pub(super) async fn audit(db: &Db, progress: &impl Fn(Progress)) -> Result<Self, sqlx::Error> {
        let (last, guards) = guards(db).await?;
        let mut auditor = Self { position: last, ..Self::default() };
        let failed = match auditor.go_through(db, &guards, progress).await {
            Err(why) if crate::is_away(&why) => return Err(why),
            Err(why) => Some(format!("can't be gone through: {why}")),
            Ok(in_streams) if in_streams == last => None,
            Ok(in_streams) => Some(format!("{in_streams} of {last} stand in a stream")),
        };
        let Some(what) = failed else {
            auditor.is_whole = true;
            auditor.findings.sort_by_key(|finding| match finding {
                Finding::Event { position, .. } => *position,
                Finding::Table { .. } | Finding::Wall { .. } => i64::MAX,
            });
            return Ok(auditor);
        };
        // Some event is missing, has no place of its own, or can't be read: no other check means anything.
        let mut findings: Vec<Finding> = look_at_all(db, last, progress).await?.into_values().collect();
        if findings.is_empty() {
            findings.push(Finding::Table { table: "events", what });
        }
        Ok(Self { position: last, findings, ..Self::default() })
    }

    /// Checks every event, stream by stream, and what was made of them. Returns how many there are, or fewer as soon as it
    /// is known that they are not in order.
    async fn go_through(
        &mut self,
        db: &Db,
        guards: &BTreeMap<String, i64>,
        progress: &impl Fn(Progress),
    ) -> Result<i64, sqlx::Error> {
        let (last, places) = (self.position, walk::out_of_order(db, self.position).await?);
        if places.iter().any(OutOfOrder::is_disordered) {
            return Ok(0);
        }
        self.early = places.iter().map(|place| (place.before, place.position)).collect();
        let (mut batches, mut done) = (walk::streams(db, last), 0);
        while let Some(batch) = batches.recv().await {
            let entries = batch?;
            for entry in &entries {
                self.check(entry);
            }
            self.check_commands(db).await?;
            done += i64::try_from(entries.len()).unwrap_or(0);
            progress(Progress { done, of: last });
        }
        self.check_claims(db).await?;
        self.check_guards(guards);
        self.check_order();
        self.check_clock(db).await?;
        Ok(done)
    }

    /// Reports events that are stamped earlier than the one before them, unless that one was changed: then nobody knows when
    /// it was recorded.
    fn check_order(&mut self) {
        for (before, position) in std::mem::take(&mut self.early) {
            if !self.changed.contains(&before) {
                self.finding(position, "was recorded before the event in front of it".to_owned());
            }
        }
    }

    /// Reports events that are stamped later than now: a clock was wrong when they were recorded, or is wrong now.
    async fn check_clock(&mut self, db: &Db) -> Result<(), sqlx::Error> {
        let mut ahead = walk::ahead(db, self.position).await?;
        ahead.retain(|(position, _)| !self.changed.contains(position));
        for (position, at) in ahead {
            let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
            self.finding(position, format!("is stamped {at}, which is later than it is now by the clock"));
        }
        Ok(())
    }

    fn check(&mut self, Entry { recorded: event, event: fact, metadata }: &Entry) {
        self.check_sequence(event);
        if !event.is_intact() {
            let what = "was changed: its hash is not the hash of what stands there";
            self.unread.insert(event.position, event.stream());
            self.changed.insert(event.position);
            return self.finding(event.position, what.to_owned());
        }
        match fact {
            Ok(fact) => self.constrain(event, fact),
            Err(why) => {
                self.unread.insert(event.position, event.stream());
                self.newer += usize::from(why.is_newer());
                if !why.is_newer() {
                    return self.finding(event.position, why.to_string());
                }
            }
        }
        match metadata {
            Ok(metadata) => {
                let place = (event.position, event.position, event.sequence, metadata.actor.to_string());
                let command = self.commands.entry(metadata.command).or_insert(place);
                (command.1, command.2) = (event.position, event.sequence);
            }
            Err(why) => self.finding(event.position, why.to_string()),
        }
    }

    fn check_sequence(&mut self, event: &Recorded) {
        let (kind, id, before) = &mut self.before;
        if *kind != event.aggregate_type || *id != event.aggregate_id {
            (*kind, *id, *before) = (event.aggregate_type.clone(), event.aggregate_id.clone(), 0);
        }
        let expected = std::mem::replace(before, event.sequence) + 1;
        if event.sequence != expected {
            self.finding(event.position, format!("has sequence {}, not {expected}", event.sequence));
        }
    }

    fn constrain(&mut self, event: &Recorded, fact: &AnyEvent) {
        for constraint in fact.constraints() {
            match constraint {
                Constraint::Claim { namespace, key } => {
                    let claim = (event.aggregate_type.clone(), event.aggregate_id.clone(), event.position);
                    let held =
                        self.claims.entry((namespace.to_owned(), key)).or_insert_with(|| claim.clone());
                    if (&held.0, &held.1) == (&claim.0, &claim.1) {
                        continue;
                    }
                    let (first, second) =
                        if held.2 < claim.2 { (held.clone(), claim) } else { (claim, held.clone()) };
                    let what = format!("claims what belongs to {}", first.1);
                    *held = first;
                    self.finding(second.2, what);
                }
                Constraint::Guard { name, delta, .. } => {
                    *self.guards.entry(name.to_owned()).or_default() += delta;
                    self.counted_by.entry(name.to_owned()).or_default().insert(event.aggregate_type.clone());
                }
            }
        }
    }

    /// Compares the commands of a batch with their records.
    async fn check_commands(&mut self, db: &Db) -> Result<(), sqlx::Error> {
        let commands = std::mem::take(&mut self.commands);
        let stored = stored(db, commands.keys().copied().collect()).await?;
        for (id, (first, last, sequence, actor)) in commands {
            let same = stored.get(&id).is_some_and(|c| {
                c.first_position <= first
                    && c.last_position >= last
                    && c.sequence >= sequence
                    && c.actor == actor
            });
            if !same {
                let what = format!("belongs to command {id}, which is not recorded as it was carried out");
                self.finding(first, what);
            }
        }
        Ok(())
    }

    /// Compares the claims that were made up to here; others may be made meanwhile.
    async fn check_claims(&mut self, db: &Db) -> Result<(), sqlx::Error> {
        let mut stored: Vec<(String, String, String, String, i64)> = read!(db, |pool| {
            let claims = sqlx::query_as(include_str!("../../sql/projector/claims.sql"));
            claims.bind(self.position).fetch_all(pool).await
        })?;
        // A claim by an event that can't be read here is accepted as its stream's, unless another event claims the same key.
        stored.retain(|(namespace, key, kind, id, position)| {
            let unread = self.unread.get(position).is_some_and(|of| (&of.kind, &of.id) == (kind, id));
            !unread || self.claims.contains_key(&(namespace.clone(), key.clone()))
        });
        let (number, made) = (stored.len(), self.claims.len());
        let same = stored.into_iter().all(|(namespace, key, kind, id, _)| {
            self.claims.get(&(namespace, key)).is_some_and(|held| held.0 == kind && held.1 == id)
        });
        if !same || number != made {
            let what = format!("{number} claims stand there, the log makes {made}");
            self.findings.push(Finding::Table { table: "claims", what });
        }
        Ok(())
    }

    fn check_guards(&mut self, stored: &BTreeMap<String, i64>) {
        let kinds: BTreeSet<&String> = self.unread.values().map(|stream| &stream.kind).collect();
        // A count is not compared where an event may have changed it that nobody here can read.
        let is_known = |name: &String| match self.counted_by.get(name) {
            Some(by) => !by.iter().any(|kind| kinds.contains(kind)),
            None => kinds.is_empty(),
        };
        let known = |counts: &BTreeMap<String, i64>| -> BTreeMap<String, i64> {
            let known = counts.iter().filter(|(name, _)| is_known(name));
            known.map(|(name, count)| (name.clone(), *count)).collect()
        };
        if known(stored) != known(&self.guards) {
            let what = format!("{stored:?} stands there, the log counts {:?}", self.guards);
            self.findings.push(Finding::Table { table: "guards", what });
        }
    }

    fn finding(&mut self, position: i64, what: String) {
        self.findings.push(Finding::Event { position, what });
    }
}

/// The last position, and the counts as they stood there.
async fn guards(db: &Db) -> Result<(i64, BTreeMap<String, i64>), sqlx::Error> {
    let rows: Vec<(i64, Option<String>, Option<i64>)> =
        read!(db, |pool| sqlx::query_as(include_str!("../../sql/projector/guards.sql"))
            .fetch_all(pool)
            .await)?;
    let last = rows.first().map_or(0, |(position, ..)| *position);
    Ok((last, rows.into_iter().filter_map(|(_, name, value)| name.zip(value)).collect()))
}

row! {
    /// The stored record of a command.
    pub(super) struct Record {
        pub command_id: Uuid,
        pub actor: String,
        pub first_position: i64,
        pub last_position: i64,
        pub sequence: i64,
    }
}

/// The records of these commands.
async fn stored(db: &Db, ids: Vec<Uuid>) -> Result<HashMap<Uuid, Record>, sqlx::Error> {
    let commands: Vec<Record> = read!(db, |pool| {
        let mut query = QueryBuilder::new(include_str!("../../sql/projector/commands.sql"));
        Lists::push_one_of(&mut query, ids);
        query.build_query_as().fetch_all(pool).await?
    });
    Ok(commands.into_iter().map(|command| (command.command_id, command)).collect())
}

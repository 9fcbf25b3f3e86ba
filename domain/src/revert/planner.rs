//! Plans a revert in one pass over the events of the stream.
//!
//! **Invariant:** whatever the length of the stream, memory holds only three states and, for each facet, its last
//! decision.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{FacetChange, Irreversible, NotPlanned, Past, Restoration, RevertPlan, Revertible};
use crate::values::Reason;

/// Collects what a plan needs while it is shown the aggregate's stream from the first event on.
#[derive(Debug)]
pub struct Planner<A: Revertible> {
    now: A,
    before: Option<A>,
    /// The state after the last target; nothing if no other event followed it.
    after: Option<A>,
    targets: BTreeSet<i64>,
    command: Option<Uuid>,
    facets: Result<BTreeSet<A::Facet>, Irreversible>,
    lost: Vec<&'static str>,
    /// What `Revertible::decided` gave for the first event of the stream.
    begun: Option<i64>,
    /// For each facet, its last event before the targets: the event's position and what `Revertible::decided` gave for it.
    decided: BTreeMap<A::Facet, (i64, i64)>,
    reverted: Option<i64>,
    superseded: Option<NotPlanned>,
}

impl<A: Revertible> Default for Planner<A> {
    fn default() -> Self {
        Self {
            now: A::default(),
            before: None,
            after: None,
            targets: BTreeSet::new(),
            command: None,
            facets: Ok(BTreeSet::new()),
            lost: vec![],
            begun: None,
            decided: BTreeMap::new(),
            reverted: None,
            superseded: None,
        }
    }
}

impl<A: Revertible + PartialEq> Planner<A>
where
    A::Event: Clone,
{
    /// Takes the next event of the stream and whether it is to be undone. All events to be undone belong to one command.
    pub fn see(&mut self, past: Past<A::Event>, is_target: bool) {
        let decided = A::decided(&past.event, past.position);
        self.begun.get_or_insert(decided);
        if is_target {
            self.target(&past);
        } else if self.before.is_none() {
            if let Some(facet) = A::decides(&past.event) {
                self.decided.insert(facet, (past.position, decided));
            }
        } else {
            self.since(&past);
        }
        self.now.apply(past.event);
    }

    fn target(&mut self, past: &Past<A::Event>) {
        self.before.get_or_insert_with(|| self.now.clone());
        (self.after, self.reverted, self.superseded) = (None, None, None);
        self.command.get_or_insert(past.command);
        self.targets.insert(past.position);
        self.lost.extend(A::lost(&past.event));
        if let Ok(facets) = &mut self.facets {
            match A::facet(&past.event) {
                Ok(facet) => {
                    facets.insert(facet);
                }
                Err(why) => self.facets = Err(why),
            }
        }
    }

    /// Notes whether another command has already undone a target, or decided about one of the facets.
    fn since(&mut self, past: &Past<A::Event>) {
        self.after.get_or_insert_with(|| self.now.clone());
        let Ok(facets) = &self.facets else { return };
        if Some(past.command) == self.command {
            return;
        }
        if self.reverted.is_none() && past.reverts.is_some_and(|target| self.targets.contains(&target)) {
            self.reverted = Some(past.position);
        }
        if A::decides(&past.event).is_some_and(|facet| facets.iter().any(|ours| A::overlap(ours, &facet))) {
            self.superseded = Some(match A::facet(&past.event) {
                Ok(_) => NotPlanned::SupersededBy(past.position),
                Err(_) => NotPlanned::OvertakenBy(past.position),
            });
        }
    }

    /// The plan, once every event of the stream has been seen.
    pub fn plan(self, reason: Reason, at: DateTime<Utc>) -> Result<RevertPlan<A>, NotPlanned> {
        let Self { now, before, after, facets, lost, begun, decided, reverted, superseded, .. } = self;
        let before = before.ok_or(NotPlanned::NoSuchEvent)?;
        let facets = facets?;
        let differs = |one: &A, other: &A| facets.iter().any(|facet| one.says(facet) != other.says(facet));
        if !differs(&before, after.as_ref().unwrap_or(&now)) {
            return Err(NotPlanned::ChangedNothing);
        }
        if let Some(position) = reverted {
            return Err(NotPlanned::RevertedBy(position));
        }
        if let Some(later) = superseded {
            return Err(later);
        }
        if !differs(&before, &now) {
            return Err(NotPlanned::UndoneAlready);
        }
        let last = facets.iter().filter_map(|facet| decided.get(facet)).max_by_key(|(position, _)| *position);
        let decided = last.map(|(_, decided)| *decided).or(begun);
        let with = Restoration { reason, at, decided };
        let command = now.restore(&before, &facets, &with).ok_or(NotPlanned::TooMuchAtOnce)?;
        let events = now.decide(command.clone()).map_err(|why| NotPlanned::Refused(why.to_string()))?;
        let mut then = now.clone();
        events.iter().cloned().for_each(|event| then.apply(event));
        if differs(&before, &then) {
            return Err(NotPlanned::TooMuchAtOnce);
        }
        let change = |facet: &A::Facet| FacetChange {
            facet: facet.to_string(),
            now: now.says(facet),
            then: then.says(facet),
        };
        let changes = facets.iter().map(change).collect();
        Ok(RevertPlan { command, events, changes, lost })
    }
}

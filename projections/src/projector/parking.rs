//! Keeps the parked aggregates: those that a projection leaves out, each from one of its events on.
//!
//! **Invariant:** what is parked depends on the events and on what this version can read, not on the batches they came
//! in: every event in front of the one that can't be folded is folded, that one and all later ones of its aggregate are
//! not. The history alone shows what only a newer version can read, and everything behind it.

use std::collections::HashMap;

use super::{Parked, Projection};
use crate::db::{Tx, on};
use crate::event_log::Recorded;
use crate::fold::{Entry, FoldError};
use crate::table::Rows;

/// All parked aggregates, and those that were added since they were read.
#[derive(Debug, Default)]
pub(super) struct Parking {
    /// For each projection, aggregate type and id: the position of the first event that is left out, and whether a
    /// newer version can read it.
    from: HashMap<(String, String, String), (i64, bool)>,
    added: Vec<Parked>,
}

impl Parking {
    pub(super) async fn read(tx: &mut Tx) -> Result<Self, sqlx::Error> {
        let rows: Vec<Parked> = on!(tx, |conn| {
            sqlx::query_as(include_str!("../sql/projector/parked.sql")).fetch_all(conn).await
        })?;
        let from = rows
            .into_iter()
            .map(|row| ((row.name, row.aggregate_type, row.aggregate_id), (row.from_position, row.newer)))
            .collect();
        Ok(Self { from, added: vec![] })
    }

    /// The events of a batch that this projection is to fold.
    pub(super) fn wanted<'a>(&self, projection: Projection, entries: &'a [Entry]) -> Vec<&'a Entry> {
        let wanted =
            |e: &&Entry| projection.folds(&e.recorded.aggregate_type) && !self.holds(projection, &e.recorded);
        entries.iter().filter(wanted).collect()
    }

    fn holds(&self, projection: Projection, event: &Recorded) -> bool {
        // Usually nothing is parked, and then no key is copied for the look-up.
        let parked = if self.from.is_empty() { None } else { self.from.get(&key(projection, event)) };
        parked.is_some_and(|(from, newer)| *from <= event.position && !(*newer && projection.shows_newer()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.from.is_empty()
    }

    /// The aggregates that were parked since the parking was read.
    pub(super) fn added(&self) -> &[Parked] {
        &self.added
    }

    /// Parks every aggregate with an event that only a newer version can read, for each projection that would fold it.
    pub(super) fn leave_out_newer(&mut self, projections: &[Projection], entries: &[Entry]) {
        for (entry, why) in entries.iter().filter_map(|entry| Some((entry, entry.newer()?))) {
            let event = &entry.recorded;
            for projection in projections.iter().filter(|it| it.folds(&event.aggregate_type)) {
                if !self.from.contains_key(&key(*projection, event)) {
                    self.add(*projection, event, why.to_string(), true);
                }
            }
        }
    }

    fn add(&mut self, projection: Projection, event: &Recorded, error: String, newer: bool) {
        let (position, why) = (event.position, &error);
        if newer {
            tracing::warn!(
                projection = projection.name(),
                position,
                why,
                "parked until a newer version runs"
            );
        } else {
            tracing::error!(
                projection = projection.name(),
                position,
                why,
                "parked an aggregate that can't be folded"
            );
        }
        let (name, aggregate_type, aggregate_id) = key(projection, event);
        self.from.insert(key(projection, event), (position, newer));
        self.added.push(Parked { name, aggregate_type, aggregate_id, from_position: position, error, newer });
    }

    /// Records the aggregates that were added.
    pub(super) async fn write(&self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        for parked in &self.added {
            let version = Projection::by_name(&parked.name).map_or(0, Projection::version);
            on!(tx, |conn| {
                sqlx::query(include_str!("../sql/projector/park.sql"))
                    .bind(&parked.name)
                    .bind(version)
                    .bind(&parked.aggregate_type)
                    .bind(&parked.aggregate_id)
                    .bind(parked.from_position)
                    .bind(&parked.error)
                    .bind(parked.newer)
                    .execute(conn)
                    .await?;
            });
        }
        Ok(())
    }

    /// Folds a batch; whatever can't be folded parks its aggregate.
    pub(super) async fn fold(
        &mut self,
        tx: &mut Tx,
        projection: Projection,
        entries: &[Entry],
    ) -> Result<(), FoldError> {
        let wanted = self.wanted(projection, entries);
        if attempt(tx, projection, &wanted).await?.is_none() {
            return Ok(());
        }
        for entry in wanted {
            if self.holds(projection, &entry.recorded) {
                continue;
            }
            if let Some(why) = attempt(tx, projection, &[entry]).await? {
                self.add(projection, &entry.recorded, why, false);
            }
        }
        Ok(())
    }
}

fn key(projection: Projection, event: &Recorded) -> (String, String, String) {
    (projection.name().to_owned(), event.aggregate_type.clone(), event.aggregate_id.clone())
}

/// Folds these events, or changes nothing and returns the reason to park.
async fn attempt(
    tx: &mut Tx,
    projection: Projection,
    entries: &[&Entry],
) -> Result<Option<String>, FoldError> {
    run(tx, include_str!("../sql/projector/savepoint.sql")).await?;
    let folded = async {
        let mut rows = Rows::stored(tx);
        projection.fold(&mut rows, entries).await?;
        rows.write().await.map_err(FoldError::from)
    };
    let why = match folded.await {
        Ok(()) => None,
        Err(error) => {
            run(tx, include_str!("../sql/projector/back_to_savepoint.sql")).await?;
            Some(error.reason_to_park().ok_or(error)?)
        }
    };
    run(tx, include_str!("../sql/projector/release_savepoint.sql")).await?;
    Ok(why)
}

async fn run(tx: &mut Tx, statement: &'static str) -> Result<(), sqlx::Error> {
    on!(tx, |conn| sqlx::query(statement).execute(conn).await.map(drop))
}

impl FoldError {
    /// The reason to park, if the error means that the event can't be folded.
    pub(super) fn reason_to_park(&self) -> Option<String> {
        match self {
            Self::Poison { why, .. } | Self::Newer { why, .. } => Some(why.clone()),
            Self::Database(sqlx::Error::Database(refused)) if is_about_data(refused.as_ref()) => {
                Some(refused.to_string())
            }
            Self::Database(_) | Self::Read(_) | Self::Superseded { .. } => None,
        }
    }
}

/// True for class 22 (data exception) and 23 (integrity) on Postgres, and for constraint errors on SQLite.
fn is_about_data(error: &dyn sqlx::error::DatabaseError) -> bool {
    !matches!(error.kind(), sqlx::error::ErrorKind::Other)
        || error.code().is_some_and(|code| code.len() == 5 && code.starts_with("22"))
}

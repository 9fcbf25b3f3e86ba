//! Checks every stored snapshot by folding its stream again from the first event.

use domain::{Decider, Grant, Org, ResourceType};

use super::Finding;
use crate::db::Db;
use crate::event_log::{ReadError, StreamId, from_the_first_event, snapshot_ids, snapshot_of};
use crate::fold::FoldError;

/// Snapshots that are not what the events say. Those of another fold are read by nobody, so they are not looked at.
pub(super) async fn compare(db: &Db) -> Result<Vec<Finding>, FoldError> {
    let mut findings = of_kind::<Org>(db).await?;
    findings.extend(of_kind::<Grant>(db).await?);
    findings.extend(of_kind::<ResourceType>(db).await?);
    Ok(findings)
}

async fn of_kind<A: Decider>(db: &Db) -> Result<Vec<Finding>, FoldError> {
    let mut findings = vec![];
    for id in snapshot_ids::<A>(db).await? {
        if let Some(what) = difference::<A>(db, StreamId { kind: A::TYPE.to_owned(), id }).await? {
            findings.push(Finding::Table { table: "snapshots", what });
        }
    }
    Ok(findings)
}

async fn difference<A: Decider>(db: &Db, stream: StreamId) -> Result<Option<String>, FoldError> {
    let Some(snapshot) = snapshot_of::<A>(db, &stream).await? else { return Ok(None) };
    let StreamId { kind, id } = &stream;
    let (aggregate, leaf_hash) = match from_the_first_event::<A>(db, &stream, snapshot.sequence).await {
        Ok(folded) => folded,
        Err(ReadError::Unreadable(_)) => return Ok(None), // it was found already, by its position
        Err(error) => return Err(error.into()),
    };
    if leaf_hash.as_ref() != Some(&snapshot.leaf_hash) {
        return Ok(Some(format!("that of {kind} {id} ends with an event that the log does not have")));
    }
    let same = aggregate.to_bytes() == snapshot.state;
    Ok((!same).then(|| format!("that of {kind} {id} is not what its events say")))
}

//! A reader that follows the log never misses an event, whatever the writers do.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::Org;
use domain::values::OrgId;
use futures::future::try_join_all;
use projections::EventLog;
use projections::event_log::{AppendError, Recorded};

use crate::engines;
use crate::given::{Outcome, Raw, Store, append, created, id, renamed};

const WRITERS: usize = 16;
const APPENDS: usize = 50;

engines! {
    async fn a_reader_that_follows_the_log_misses_nothing(store: Store) {
        let (other, _) = store.another_process().await?;
        let (done, rude) = (Arc::new(AtomicBool::new(false)), store.raw().await?);
        let readers = [follow(store.log.clone(), done.clone()), follow(other.clone(), done.clone())];
        let readers = readers.map(tokio::spawn);
        let disturbance = tokio::spawn(roll_back(rude, done.clone()));
        let writers = (0..WRITERS).map(|writer| {
            let log = if writer % 2 == 0 { store.log.clone() } else { other.clone() };
            tokio::spawn(write(log, writer))
        });
        let acknowledged: Vec<i64> = try_join_all(writers).await?.concat();
        done.store(true, Ordering::SeqCst);
        disturbance.await??;
        let log = store.events().await?;
        assert_eq!(acknowledged.len(), log.len());
        assert_eq!(acknowledged.into_iter().collect::<HashSet<_>>(), log.iter().map(|e| e.position).collect());
        assert!(log.iter().map(|e| e.position).eq(1..=i64::try_from(log.len())?), "no gaps");
        for reader in readers {
            assert_eq!(reader.await??, log);
        }
    }
}

/// Appends of 1–3 events, of which every twentieth is refused or given up by the caller; gives the positions that were
/// acknowledged.
async fn write(log: EventLog, writer: usize) -> Vec<i64> {
    let mut positions = vec![];
    for number in 0..APPENDS {
        let slug = format!("org-{writer}-{number}");
        let events = [created("Acme", &slug), renamed("Apex"), renamed("Acme again")];
        let mut append = append::<Org>(OrgId(id()), 0, &events[..=number % 3]);
        let refused = number % 20 == writer;
        append.after = if refused { 5 } else { 0 };
        match log.append(append).await {
            Ok(appended) => positions.extend(appended.first_position..=appended.last_position),
            Err(AppendError::Conflict { .. }) => assert!(refused),
            Err(error) => panic!("{error}"),
        }
    }
    positions
}

/// Reads the events after its last position again and again.
async fn follow(log: EventLog, done: Arc<AtomicBool>) -> Outcome<Vec<Recorded>> {
    let mut seen = vec![];
    loop {
        let last_round = done.load(Ordering::SeqCst);
        let events = log.tail(i64::try_from(seen.len())?, 100).await?;
        if events.is_empty() && last_round {
            return Ok(seen);
        }
        seen.extend(events);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Takes positions, and lets go of them a little later.
async fn roll_back(mut raw: Raw, done: Arc<AtomicBool>) -> Outcome {
    let begin = match raw {
        Raw::Postgres(_) => "begin; select from log_head for update",
        Raw::Sqlite(_) => return Ok(()), // one process, one writer: there is nobody else
    };
    let insert = "insert into events
        select (e).position, (e).aggregate_type, (e).aggregate_id, (e).sequence, (e).event_type, (e).event_version,
               (e).payload, (e).metadata, (e).recorded_at, event_log_leaf(e)
        from (select row(position + 1, 'org', 'rolled back', 1, event_type, event_version, payload, metadata,
                         clock_timestamp(), leaf_hash)::events as e
              from events order by position desc limit 1) next";
    while !done.load(Ordering::SeqCst) {
        raw.run(begin).await?;
        raw.run(insert).await?;
        tokio::time::sleep(Duration::from_millis(2)).await;
        raw.run("rollback").await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

//! The database itself refuses changes to the log, whoever tries.

use crate::engines;
use crate::given::{Outcome, Raw, Store, creation};

engines! {
    async fn nobody_changes_or_removes_an_event(store: Store) {
        let mut raw = three_events(&store).await?;
        let expected = "the event log is append-only";
        refused(&mut raw, "update events set event_type = 'OrgRenamed' where position = 2", expected).await;
        refused(&mut raw, "update events set leaf_hash = leaf_hash", expected).await;
        refused(&mut raw, "delete from events where position = 3", expected).await;
        refused(&mut raw, "delete from events", expected).await;
        if store.is_postgres() {
            refused(&mut raw, "truncate events", expected).await;
            raw.run("set session_replication_role = replica").await?;
            refused(&mut raw, "delete from events where position = 3", expected).await;
        }
        store.assert_sound().await?;
    }

    async fn the_role_that_serves_may_not_even_try(store: Store) {
        three_events(&store).await?;
        let mut raw = store.raw_as_portal().await?;
        if store.is_postgres() {
            for statement in [
                "update events set event_type = 'OrgRenamed' where position = 2",
                "delete from events",
                "truncate events",
                "delete from claims",
                "update claims set key = 'other'",
                "delete from commands",
                "update commands set actor = 'other'",
                "delete from guards",
            ] {
                refused(&mut raw, statement, "permission denied").await;
            }
            for statement in ["alter table events disable trigger all", "drop table events"] {
                refused(&mut raw, statement, "must be owner").await;
            }
            refused(&mut raw, "set session_replication_role = replica", "permission denied").await;
        }
    }

    async fn an_event_goes_to_the_next_position_only(store: Store) {
        let mut raw = three_events(&store).await?;
        for position in [1, 3, 5, 99] {
            let statement = copy_of_the_first(position, 1, LAST, store.is_postgres());
            let why = raw.run(&statement).await.expect_err("out of order").to_string();
            assert!(why.contains("next position") || why.contains("duplicate key"), "{position}: {why}");
        }
        if !store.is_postgres() {
            let copy = copy_of_the_first(2, 1, LAST, false);
            refused(&mut raw, &copy.replacen("insert", "insert or replace", 1), "next position").await;
        }
        store.assert_sound().await?;
    }

    async fn an_event_is_the_next_of_its_stream_and_not_before_the_last(store: Store) {
        let mut raw = three_events(&store).await?;
        let postgres = store.is_postgres();
        refused(&mut raw, &copy_of_the_first(4, 3, LAST, postgres), "next sequence").await;
        let earlier = if postgres { "recorded_at - interval '1 day'" } else { "recorded_at - 86400000000" };
        refused(&mut raw, &copy_of_the_first(4, 1, earlier, postgres), "recorded_at never goes backwards").await;
    }

    async fn a_wrong_leaf_hash_is_refused_where_the_database_can_hash(store: Store) {
        let mut raw = three_events(&store).await?;
        if store.is_postgres() {
            let wrong = copy_of_the_first(4, 1, "now()", true).replace("event_log_leaf(e)", "(e).leaf_hash");
            refused(&mut raw, &wrong, "leaf_hash is not the hash").await;
            raw.run(&copy_of_the_first(4, 1, "now()", true)).await?;
            assert!(store.events().await?[3].is_intact());
        }
    }
}

const LAST: &str = "(select max(recorded_at) from events)";

async fn three_events(store: &Store) -> Outcome<Raw> {
    for slug in ["one", "two", "three"] {
        store.append(creation("Acme", slug)).await?;
    }
    store.raw().await
}

/// A statement that inserts the first event again, elsewhere, as an event of a stream of its own.
fn copy_of_the_first(position: i64, sequence: i64, recorded_at: &str, postgres: bool) -> String {
    let values = format!(
        "{position}, aggregate_type, 'copy', {sequence}, event_type, event_version, payload, metadata, {recorded_at},
         leaf_hash"
    );
    if postgres {
        format!(
            "insert into events
             select (e).position, (e).aggregate_type, (e).aggregate_id, (e).sequence, (e).event_type,
                    (e).event_version, (e).payload, (e).metadata, (e).recorded_at, event_log_leaf(e)
             from (select row({values})::events as e from events where position = 1) copied"
        )
    } else {
        format!("insert into events select {values} from events where position = 1")
    }
}

async fn refused(raw: &mut Raw, statement: &str, expected: &str) {
    let why = raw.run(statement).await.expect_err(statement).to_string();
    assert!(why.contains(expected), "{statement}: {why}");
}

//! Logs that lack what every log has: a value in a column, an event, or a place of its own for each. Whatever reads such a
//! log names the event.

use projections::auditor::Auditor;
use projections::projector::Finding;
use projections::seal::{Attested, Checkpoint, evidence, read_on};
use projections::transfer;

use crate::engines;
use crate::given::{Outcome, Store, noon};
use crate::seals::key;
use crate::tampering::{again, owner, said, ten_events};

const COLUMNS: [&str; 9] = [
    "aggregate_type",
    "aggregate_id",
    "sequence",
    "event_type",
    "event_version",
    "payload",
    "metadata",
    "recorded_at",
    "leaf_hash",
];

const CHANGED: &str = "was changed: its hash is not the hash of what stands there";

engines! {
    async fn an_event_without_a_value_is_named_by_whatever_reads_it(store: Store) {
        let file = ten_events(&store).await?;
        for column in COLUMNS {
            let (store, checkpoints) = again(&store, &file).await?;
            accept_nothing(&store).await?;
            owner(&store).await?.run(&format!("update events set {column} = null where position = 3")).await?;
            for told in told(&store, checkpoints).await.map_err(|why| format!("{column}: {why}"))? {
                assert_eq!(told, [format!("#3: {CHANGED}")], "{column}");
            }
            assert!(!store.log.at(&[3]).await?[0].is_intact(), "{column}");
            let refused = evidence(&store.log, 3, None).await.err().map(|why| why.to_string()).unwrap_or_default();
            assert!(refused.starts_with("#3 can't be proven"), "{column}: {refused}");
            let refused = read_on(store.db(), "other/log").await.err().map(|why| why.to_string()).unwrap_or_default();
            assert!(refused.starts_with("#3 was changed"), "{column}: {refused}");
            let exported = transfer::export(&store.log, &mut vec![], |_| ()).await;
            let exported = exported.map_or_else(|why| why.to_string(), |it| format!("{:?}", it.changed));
            assert!(exported == "[3]" || exported.starts_with("#3 is no event that could be told"), "{column}: {exported}");
            assert_eq!(store.projector.rebuild(|_| ()).await?, 10, "{column}");
        }
    }

    async fn the_last_event_without_a_value_ends_no_start(store: Store) {
        let file = ten_events(&store).await?;
        for column in COLUMNS {
            let (store, checkpoints) = again(&store, &file).await?;
            accept_nothing(&store).await?;
            owner(&store).await?.run(&format!("update events set {column} = null where position = 10")).await?;
            let store = store.reopened().await.map_err(|why| format!("{column}: {why}"))?;
            for told in told(&store, checkpoints).await? {
                assert_eq!(told, [format!("#10: {CHANGED}")], "{column}");
            }
        }
    }

    async fn what_stands_behind_a_gap_is_named_as_well(store: Store) {
        let file = ten_events(&store).await?;
        for (way, expected) in [
            (
                "delete from events where position = 2;
                 update events set event_version = '7' where position = 3",
                vec!["#2: is missing; the log goes on at #3".to_owned(), format!("#3: {CHANGED}")],
            ),
            (
                "delete from events where position in (2, 5, 6);
                 update events set event_version = '7' where position in (1, 9)",
                vec![
                    format!("#1: {CHANGED}"),
                    "#2: is missing; the log goes on at #3".to_owned(),
                    "#5: is missing; the log goes on at #7".to_owned(),
                    format!("#9: {CHANGED}"),
                ],
            ),
        ] {
            let (store, checkpoints) = again(&store, &file).await?;
            owner(&store).await?.run(way).await?;
            for told in told(&store, checkpoints).await? {
                assert_eq!(told, expected);
            }
        }
    }

    async fn a_position_that_is_there_twice_is_named(store: Store) {
        let file = ten_events(&store).await?;
        for position in [1, 3, 10] {
            for metadata in ["'7'", "{metadata}"] {
                let (store, checkpoints) = again(&store, &file).await?;
                accept_twins(&store).await?;
                let twin = "insert into events select position, aggregate_type, aggregate_id, sequence + 1000, event_type, event_version,
                                                      payload, {what}{json}, recorded_at, leaf_hash
                            from events where position = ";
                let twin = said(&store, &twin.replace("{what}", metadata));
                owner(&store).await?.run(&format!("{twin}{position}")).await?;
                for told in told(&store, checkpoints).await? {
                    assert_eq!(told, [format!("#{position}: is there twice")]);
                }
                let refused = store.projector.rebuild(|_| ()).await.err().map(|why| why.to_string());
                assert!(refused.is_some_and(|it| it.starts_with(&format!("#{position} is there twice"))));
            }
        }
    }

    async fn an_event_far_behind_the_end_is_found_behind_its_gap(store: Store) {
        let file = ten_events(&store).await?;
        for far in [100, 5_000_000, i64::MAX] {
            let (store, checkpoints) = again(&store, &file).await?;
            owner(&store).await?.run(&copied_to(far)).await?;
            for told in told(&store, checkpoints).await? {
                assert_eq!(told, [format!("#11: is missing; the log goes on at #{far}"), format!("#{far}: {CHANGED}")]);
            }
            let sentence = format!("#11 is missing: the log goes on at #{far}");
            let rebuilt = store.projector.rebuild(|_| ()).await.err().map(|why| why.to_string());
            let exported = transfer::export(&store.log, &mut vec![], |_| ()).await.err().map(|why| why.to_string());
            let sealed = read_on(store.db(), "other/log").await.err().map(|why| why.to_string());
            for refused in [rebuilt, exported, sealed] {
                let refused = refused.ok_or("it goes on")?;
                assert!(refused.starts_with(&sentence) && refused.contains("`portal verify`"), "{refused}");
            }
        }
    }

    async fn there_is_no_evidence_where_an_event_is_missing(store: Store) {
        let file = ten_events(&store).await?;
        for (way, of) in [
            ("delete from events where position = 2", [2, 3, 8]),
            ("delete from events where position = 8", [1, 5, 8]),
            ("delete from events where position <> 3", [1, 3, 8]),
        ] {
            let (store, _) = again(&store, &file).await?;
            owner(&store).await?.run(way).await?;
            for position in of {
                let refused = evidence(&store.log, position, None).await.err().ok_or("it is proven")?.to_string();
                let expected = format!("#{position} can't be proven: the log is not what was signed, and `portal verify` says where");
                assert_eq!(refused, expected, "{way}");
            }
            for position in [0, -1, 99] {
                let refused = evidence(&store.log, position, None).await.err().ok_or("it is proven")?.to_string();
                assert_eq!(refused, format!("there is no event #{position}"));
            }
        }
    }
}

/// What the continuous audit names, and what `portal verify` does, of the events alone.
async fn told(store: &Store, checkpoints: Vec<Checkpoint>) -> Outcome<[Vec<String>; 2]> {
    let key = key("portal/log").public();
    let mut auditor = Auditor::new(store.db().clone(), Some(key.clone()));
    let mut turns = 0;
    let audited = loop {
        let state = auditor.turn(checkpoints.clone(), noon(turns)).await?;
        turns += 1;
        if state.last.is_some() {
            break state.findings.clone();
        }
        assert!(turns < 9, "it does not end: {state:?}");
    };
    let attested = Attested::read(store.db(), checkpoints, Some(key)).await?;
    let report = store.verified().await?;
    let (_, more) = attested.compare(store.db(), report.events).await?;
    let of_events = |findings: &[Finding]| -> Vec<String> {
        let told = findings.iter().map(ToString::to_string).filter(|it| it.starts_with('#'));
        told.filter(|it| !it.contains(": has sequence ")).collect() // where it is not known which stream an event is of
    };
    Ok([of_events(&audited), of_events(&[report.findings, more].concat())])
}

/// A copy of the third event at another position.
fn copied_to(position: i64) -> String {
    format!(
        "insert into events select {position}, aggregate_type, 'copy', 1, event_type, event_version, payload, metadata,
                recorded_at, leaf_hash
         from events where position = 3"
    )
}

/// Lets each column of the events be empty.
async fn accept_nothing(store: &Store) -> Outcome {
    let mut raw = store.raw().await?;
    if store.is_postgres() {
        for column in COLUMNS {
            raw.run(&format!("alter table events alter column {column} drop not null")).await?;
        }
        return Ok(());
    }
    raw.run("pragma writable_schema = on").await?;
    raw.run("update sqlite_schema set sql = replace(sql, 'not null', '') where name = 'events'").await?;
    raw.run("pragma writable_schema = reset").await?;
    Ok(())
}

/// Lets two events have the same position.
async fn accept_twins(store: &Store) -> Outcome {
    let mut raw = store.raw().await?;
    let statements: &[&str] = if store.is_postgres() {
        &["alter table events drop constraint events_pkey cascade"]
    } else {
        &[
            "pragma legacy_alter_table = on",
            "create table others as select * from events",
            "drop table events",
            "alter table others rename to events",
            "create trigger events_no_update before update on events begin select 1; end",
            "create trigger events_no_delete before delete on events begin select 1; end",
            "create trigger events_in_order before delete on events begin select 1; end",
            "create trigger events_in_sequence before delete on events begin select 1; end",
            "create trigger events_in_time before delete on events begin select 1; end",
        ]
    };
    for statement in statements {
        raw.run(statement).await?;
    }
    Ok(())
}

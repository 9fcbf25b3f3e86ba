//! The auditor that never stops: how soon it finds what, and that it goes on.

use domain::Org;
use domain::values::OrgId;
use projections::auditor::{AuditState, Auditor};
use projections::event_log;
use projections::projector::Projector;
use projections::seal::{Attested, Checkpoint, SigningKey};
use projections::{Db, seal};

use crate::engines;
use crate::given::{Outcome, Store, append, created, creation, id, noon, renamed};

/// The engines' own words for a moment that nobody can read.
const NO_MOMENT: [&str; 2] = ["'infinity'", "9223372036854775807"];

engines! {
    async fn a_short_log_is_gone_through_in_one_turn(store: Store) {
        let mut auditor = Auditor::new(store.db().clone(), None);
        let state = auditor.turn(vec![], noon(0)).await?.clone();
        assert_eq!((state.at, state.of, state.findings.len()), (0, 0, 0));
        for name in ["one", "two", "three"] {
            store.append(creation(name, name)).await?;
        }
        let signed = sealed(store.db(), 3).await?;
        let state = auditor.turn(vec![signed], noon(1)).await?.clone();
        let last = state.last.ok_or("it is through")?;
        assert_eq!((last.at, last.events, last.sealed), (noon(1), 3, 3));
        assert_eq!(state.findings, []);
    }

    async fn what_is_new_is_looked_at_with_the_next_turn_and_the_rest_in_rounds(store: Store) {
        let org = OrgId(id());
        let mut sequence = store.append(append::<Org>(org, 0, &[created("Acme", "acme")])).await?.sequence;
        for batch in 0..6 {
            let renames: Vec<_> = (0..1000).map(|n| renamed(&format!("Acme {}", batch * 1000 + n))).collect();
            sequence = store.append(append::<Org>(org, sequence, &renames)).await?.sequence;
        }
        let mut auditor = Auditor::new(store.db().clone(), None);
        let state = auditor.turn(vec![], noon(0)).await?.clone();
        assert_eq!((state.at, state.of, state.last), (2000, 6001, None));
        store.append(creation("Late", "late")).await?;
        store.tamper("update events set event_version = '2' where position = 6002").await?;
        store.tamper_again("update events set event_version = '2' where position = 4321").await?;
        let of_events = |state: &AuditState| -> Vec<String> {
            state.findings.iter().map(ToString::to_string).filter(|it| it.starts_with('#')).collect()
        };
        let state = auditor.turn(vec![], noon(1)).await?.clone();
        assert!(matches!(of_events(&state).as_slice(), [late] if late.starts_with("#6002: was changed")), "{state:?}");
        let state = auditor.turn(vec![], noon(2)).await?.clone();
        assert!(of_events(&state)[0].starts_with("#4321: was changed"), "{state:?}");
        let state = auditor.turn(vec![], noon(3)).await?.clone();
        assert_eq!(state.last.ok_or("it is through")?.events, 6001);
        assert_eq!(of_events(&state).len(), 2, "{state:?}");
        for position in [4321, 6002] {
            store.tamper_again(&format!("update events set event_version = '1' where position = {position}")).await?;
        }
        for minute in 4..9 {
            auditor.turn(vec![], noon(minute)).await?;
        }
        let state = auditor.turn(vec![], noon(9)).await?;
        assert_eq!(of_events(state), [""; 0], "what was put right is told no more");
    }

    async fn what_was_removed_moved_or_signed_otherwise_is_found(store: Store) {
        for name in ["one", "two", "three", "four", "five"] {
            store.append(creation(name, name)).await?;
        }
        let signed = sealed(store.db(), 5).await?;
        let other = Checkpoint { root: [7; 32], ..signed.clone() };
        let first = |state: &AuditState| state.findings.first().map(ToString::to_string).unwrap_or_default();
        let mut auditor = Auditor::new(store.db().clone(), None);
        let state = auditor.turn(vec![other], noon(0)).await?;
        assert!(first(state).contains("two different roots were signed for 5 events"), "{state:?}");
        store.tamper("delete from events where position = 3").await?;
        let state = auditor.turn(vec![signed.clone()], noon(1)).await?;
        assert!(first(state).starts_with("#3: is missing; the log goes on at #4"), "{state:?}");
        store.tamper_again("delete from events where position = 5").await?;
        let mut auditor = Auditor::new(store.db().clone(), None);
        let state = auditor.turn(vec![signed], noon(2)).await?;
        let told: Vec<String> = state.findings.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|it| it.contains("of 5 events a checkpoint was signed")), "{told:?}");
        assert!(told.iter().any(|it| it.starts_with("the database is not as portal made it")), "{told:?}");
    }

    async fn an_event_that_cannot_be_read_is_named_and_hides_nothing_else(store: Store) {
        for name in ["one", "two", "three", "four"] {
            store.append(creation(name, name)).await?;
        }
        let no_moment = NO_MOMENT[usize::from(!store.is_postgres())];
        let signed = sealed(store.db(), 4).await?;
        store.tamper(&format!("update events set recorded_at = {no_moment} where position = 2")).await?;
        store.tamper_again("update events set event_version = '2' where position = 3").await?;
        only_changed(&store, &signed, &[2, 3]).await?;
    }

    async fn the_last_event_cannot_be_read_either(store: Store) {
        for name in ["one", "two", "three"] {
            store.append(creation(name, name)).await?;
        }
        let no_moment = NO_MOMENT[usize::from(!store.is_postgres())];
        let signed = sealed(store.db(), 3).await?;
        store.tamper(&format!("update events set recorded_at = {no_moment} where position = 3")).await?;
        only_changed(&store, &signed, &[3]).await?;
    }

    async fn what_is_no_json_no_text_and_no_hash_is_told_of_its_own_event_alone(store: Store) {
        for name in ["one", "two", "three", "four", "five"] {
            store.append(creation(name, name)).await?;
        }
        let signed = sealed(store.db(), 5).await?;
        if store.is_postgres() {
            // Postgres's own types accept no invalid text and no invalid JSON.
            store.tamper("update events set payload = '{}' where position = 3").await?;
            return only_changed(&store, &signed, &[3]).await;
        }
        store.tamper("update events set aggregate_id = cast(x'7bff7d' as text) where position = 2").await?;
        let mut raw = store.raw().await?;
        raw.run("pragma ignore_check_constraints = on").await?;
        raw.run("update events set payload = '{\"nope' where position = 3").await?;
        raw.run("update events set leaf_hash = x'00' where position = 4").await?;
        raw.run("drop index events_time_continues").await?; // it would read what comes next
        raw.run("update events set metadata = '{\"nope' where position = 5").await?;
        only_changed(&store, &signed, &[2, 3, 4, 5]).await?;
    }

    async fn what_is_stored_as_other_than_text_is_no_text(store: Store) {
        if store.is_postgres() {
            return Ok(()); // its columns take nothing else
        }
        for name in ["one", "two"] {
            store.append(creation(name, name)).await?;
        }
        let signed = sealed(store.db(), 2).await?;
        let mut raw = store.raw().await?;
        raw.run("drop trigger events_no_update").await?;
        for statement in [
            "pragma writable_schema = on",
            "update sqlite_schema set sql = replace(sql, 'strict', '') where name = 'events'",
            "pragma writable_schema = reset",
            "update events set aggregate_id = cast(aggregate_id as blob) where position = 2",
        ] {
            raw.run(statement).await?;
        }
        let mut auditor = Auditor::new(store.db().clone(), None);
        let told: Vec<String> =
            auditor.turn(vec![signed], noon(0)).await?.findings.iter().map(ToString::to_string).collect();
        assert!(told[0].starts_with("#2: was changed"), "{told:?}");
    }

    async fn what_was_seen_once_is_missed_without_any_checkpoint(store: Store) {
        for name in ["one", "two", "three"] {
            store.append(creation(name, name)).await?;
        }
        let mut auditor = Auditor::new(store.db().clone(), None);
        let sealed = auditor.turn(vec![], noon(0)).await?.last.ok_or("it is through")?.sealed;
        assert_eq!(sealed, 0, "what it saw itself is signed by nobody");
        store.tamper("delete from events where position = 3").await?;
        for minute in 1..4 {
            let state = auditor.turn(vec![], noon(minute)).await?;
            let told: Vec<String> = state.findings.iter().map(ToString::to_string).collect();
            assert!(
                told.iter().any(|it| it.contains("3 events were there when this was looked at before")),
                "{minute}: {told:?}"
            );
        }
    }

    async fn where_a_newer_version_changed_the_schema_nobody_says_that_the_walls_stand(store: Store) {
        let zero = if store.is_postgres() { "'\\x00'" } else { "x'00'" };
        let newer = format!(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             values (99990101, 'more', true, {zero}, 0)"
        );
        store.raw().await?.run(&newer).await?;
        let mut auditor = Auditor::new(store.db().clone(), None);
        let state = auditor.turn(vec![], noon(0)).await?;
        let told: Vec<String> = state.findings.iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].contains("a newer version has changed it"), "{told:?}");
    }

    async fn an_event_that_was_put_in_and_taken_out_again_is_accused_no_more(store: Store) {
        store.append(creation("One", "one")).await?;
        store.append(creation("Two", "two")).await?;
        let way = "insert into events select 3, aggregate_type, 'copy', 1, event_type, event_version, payload, metadata,
                          recorded_at, leaf_hash
                   from events where position = 2";
        store.tamper(way).await?;
        let mut auditor = Auditor::new(store.db().clone(), None);
        auditor.turn(vec![], noon(0)).await?;
        assert!(event_log::changed(store.db()).await?.contains(&3));
        store.tamper_again("delete from events where position = 3").await?;
        auditor.turn(vec![], noon(1)).await?;
        assert!(!event_log::changed(store.db()).await?.contains(&3));
    }
}

/// Asserts that the auditor and `portal verify` report exactly these events as changed, besides the disabled triggers.
async fn only_changed(store: &Store, signed: &Checkpoint, positions: &[i64]) -> Outcome {
    let mut auditor = Auditor::new(store.db().clone(), None);
    let by_auditor = auditor.turn(vec![signed.clone()], noon(0)).await?.findings.clone();
    let projector = Projector::start(store.log.clone()).await?;
    let attested = Attested::read(store.db(), vec![signed.clone()], None).await?;
    let report = projector.verify(|_| ()).await?;
    let (_, of_tree) = attested.compare(store.db(), report.events).await?;
    for findings in [by_auditor, report.findings.into_iter().chain(of_tree).collect()] {
        let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
        let of_events: Vec<&String> = told.iter().filter(|it| it.starts_with('#')).collect();
        assert_eq!(of_events.len(), positions.len(), "{told:?}");
        for (told, position) in of_events.iter().zip(positions) {
            assert!(told.starts_with(&format!("#{position}: was changed")), "{of_events:?}");
        }
        assert!(told.iter().any(|it| it.starts_with("the database is not as portal made it")), "{told:?}");
    }
    Ok(())
}

/// A checkpoint of everything, which the database keeps as well.
async fn sealed(db: &Db, size: u64) -> Outcome<Checkpoint> {
    let key = SigningKey::new("portal/log", &[7; 32])?;
    seal::read_on(db, key.origin()).await?;
    let turn = seal::SealStep::begin(db, key.origin()).await?.ok_or("nobody else is at it")?;
    let signed = key.sign(size, turn.standing().root());
    turn.sealed(&signed).await?;
    Ok(signed.checkpoint)
}

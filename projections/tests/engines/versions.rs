//! Several versions on one database: what each says that it can read, what is written then, and which schema each can live
//! with.

use std::time::Duration;

use domain::event::FEATURE_LEVEL;
use projections::event_log::AppendError;
use projections::{OpenError, processes, transfer};

use tokio::time::timeout;

use crate::engines;
use crate::given::{Outcome, Store, creation};

engines! {
    async fn a_process_says_that_it_runs_until_it_ends(store: Store) {
        let running = processes::running(store.db()).await?;
        assert_eq!(running.iter().map(|it| it.feature_level).collect::<Vec<_>>(), [FEATURE_LEVEL]);
        assert_eq!(running[0].version, env!("CARGO_PKG_VERSION"));
        if store.is_postgres() {
            let (_, projector) = store.another_process().await?;
            assert_eq!(processes::running(store.db()).await?.len(), 2);
            projector.leave().await?;
        }
        assert_eq!(processes::running(store.db()).await?, running);
        store.projector.leave().await?;
        assert_eq!(processes::running(store.db()).await?, []);
    }

    async fn what_an_older_process_can_not_read_is_not_written(store: Store) {
        store.append(creation("Acme", "acme")).await?;
        let mut file = vec![];
        transfer::export(&store.log, &mut file, |_| ()).await?;
        older_process(&store, 30).await?;
        let refused = store.append(creation("Apex", "apex")).await;
        assert!(matches!(refused, Err(AppendError::OlderProcess)), "{refused:?}");
        assert_eq!(store.log.last_position().await?, 1);
        let other = store.fresh().await?;
        older_process(&other, 30).await?;
        let refused = transfer::import(&other.log, file.as_slice(), |_| ()).await;
        assert!(refused.is_err_and(|why| why.to_string().contains("finish the upgrade first")));
    }

    async fn a_process_that_was_not_seen_for_a_minute_keeps_nobody_from_writing(store: Store) {
        older_process(&store, 61).await?;
        store.append(creation("Acme", "acme")).await?;
        store.folded().await?;
    }

    /// A migration of a newer version that only adds something.
    async fn an_older_version_starts_on_a_schema_with_more(store: Store) {
        newer_migration(&store, "alter table people add column colour text").await?;
        let store = store.reopened().await?;
        store.org("Acme", "acme").await?;
        store.projector.rebuild(|_| ()).await?;
        store.assert_sound().await?;
    }

    async fn an_older_version_does_not_start_on_a_schema_without_what_it_needs(store: Store) {
        newer_migration(&store, "update schema_compat set min_feature_level = 99").await?;
        store.db().close().await;
        let refused = store.opened_again().await;
        assert!(matches!(refused, Err(OpenError::NewerSchema { least: 99, .. })), "{refused:?}");
        assert!(refused.is_err_and(|why| why.to_string().contains("start the newer version")));
    }

    /// The newer version folds, this one shows what that has folded, and can be stopped and started beside it.
    async fn an_older_version_beside_a_newer_one_shows_what_that_folds(store: Store) {
        store.org("Acme", "acme").await?;
        let mut raw = store.raw().await?;
        raw.run("update projection set version = 99").await?;
        store.log.append(creation("Apex", "apex")).await?;
        let store = store.reopened().await?;
        assert_eq!(store.projector.position().await?, 1);
        assert!(store.projector.rebuild(|_| ()).await.is_err_and(|why| why.to_string().contains("a newer portal runs")));
        raw.run("update projection set position = 2").await?; // the newer one has folded
        store.folded_to(2).await?;
        assert_eq!(store.raw().await?.number("select count(*) from projection where version = 99").await?, 7);
    }
}

/// A regression: a start beside a busy process tried to create existing indexes, waited for writers that waited for it, and
/// ended with "deadlock detected".
#[tokio::test]
async fn a_start_waits_for_nobody_who_writes_on_postgres() -> Outcome {
    let store = Store::postgres().await?;
    let mut writer = store.raw().await?;
    writer
        .run("begin; lock table people, org_list_parts, history_parts, events in row exclusive mode")
        .await?;
    timeout(Duration::from_secs(10), store.opened_again()).await??.close().await;
    writer.run("rollback").await?;
    Ok(())
}

async fn older_process(store: &Store, seconds_ago: i64) -> Outcome {
    let (id, at) = if store.is_postgres() {
        ("gen_random_uuid()", format!("now() - interval '{seconds_ago} seconds'"))
    } else {
        ("randomblob(16)", format!("(unixepoch() - {seconds_ago}) * 1000000"))
    };
    let insert = format!("insert into processes values ({id}, '0.0.1', {}, {at}, {at})", 0);
    store.raw().await?.run(&insert).await?;
    Ok(())
}

/// Changes the schema as a newer version would at its start.
async fn newer_migration(store: &Store, step: &str) -> Outcome {
    let mut raw = store.raw().await?;
    raw.run(step).await?;
    let checksum = if store.is_postgres() { "'\\x00'" } else { "x'00'" };
    let note = format!(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'of a newer version', true, {checksum}, 1)"
    );
    raw.run(&note).await?;
    Ok(())
}

//! A store that goes away for a while. Only Postgres can: SQLite is a part of the process.

mod postgres {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use futures::future::try_join_all;
    use projections::EventLog;
    use projections::event_log::{Append, AppendError, Appended};

    use crate::given::{Outcome, Store, creation};

    const OUTAGE: Duration = Duration::from_secs(1);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_append_is_recorded_once_or_failed_and_a_retry_gives_one_effect() -> Outcome {
        let store = Store::postgres().await?;
        let outage = Arc::new(Outage::default());
        let writers = (0..8).map(|writer| tokio::spawn(write(store.log.clone(), writer, outage.clone())));
        let writers = tokio::spawn(try_join_all(writers));
        while !outage.has_failed.load(Ordering::Relaxed) {
            terminate_everybody(store.raw().await?, Instant::now() + OUTAGE).await?;
        }
        outage.is_over.store(true, Ordering::Relaxed);
        let answers: Vec<(Append, Result<Appended, AppendError>)> = writers.await??.concat();
        tokio::time::sleep(Duration::from_millis(150)).await; // whatever rested is asked before it is used
        let failed: Vec<&Append> =
            answers.iter().filter(|(_, a)| a.is_err()).map(|(append, _)| append).collect();
        assert!(!failed.is_empty() && failed.len() < answers.len(), "{}", failed.len());
        let recorded = by_stream(&store).await?;
        for (append, answer) in &answers {
            let times = recorded.get(&append.stream.id).copied().unwrap_or(0);
            let expected = if answer.is_ok() { 1..=1 } else { 0..=1 };
            assert!(expected.contains(&times), "{times} times: {answer:?}");
        }
        for append in failed {
            store.append(append.clone()).await?;
        }
        let recorded = by_stream(&store).await?;
        assert!(recorded.len() == answers.len() && recorded.values().all(|times| *times == 1));
        store.assert_sound().await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_rested_through_an_outage_does_not_notice() -> Outcome {
        let store = Store::postgres().await?;
        let busy = (0..16).map(|_| store.projector.position());
        try_join_all(busy).await?; // every connection of the pool is open now
        tokio::time::sleep(Duration::from_millis(1200)).await;
        terminate_everybody(store.raw().await?, Instant::now()).await?;
        tokio::time::sleep(Duration::from_millis(150)).await;
        store.append(creation("Acme", "acme")).await?;
        for _ in 0..20 {
            store.log.last_position().await?;
        }
        store.assert_sound().await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn everything_goes_on_by_itself_afterwards() -> Outcome {
        let store = Store::postgres().await?;
        let (other, projector) = store.another_process().await?;
        for number in 0..3 {
            terminate_everybody(store.raw().await?, Instant::now() + Duration::from_millis(300)).await?;
            tokio::time::sleep(Duration::from_millis(1100)).await;
            let appended = other.append(creation("Acme", &format!("acme-{number}"))).await?;
            store.folded_to(appended.last_position).await?;
            let appended = store.append(creation("Acme", &format!("apex-{number}"))).await?;
            projector.wait_for(appended.last_position, Duration::from_secs(5)).await?;
        }
        store.assert_sound().await
    }

    /// A table that readiness does not know could be gone, or shut, without a word.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn readiness_asks_for_every_table_that_a_migration_makes() -> Outcome {
        let store = Store::postgres().await?;
        let crate::given::Raw::Postgres(mut conn) = store.raw().await? else { return Ok(()) };
        // Only migrations and rebuilds use these tables, as their owner.
        let tables = "select tablename::text from pg_tables where schemaname = 'public'
                      and tablename not in ('_sqlx_migrations', 'rebuild_turn', 'schema_turn') order by 1";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut conn).await?;
        assert!(tables.len() > 40, "{tables:?}");
        // These tables have rows that are only ever updated.
        let kept = ["clock", "log_head", "schema_compat"];
        let statement = |name: &str| {
            std::fs::read_to_string(format!("{}/src/sql/event_log/{name}", env!("CARGO_MANIFEST_DIR")))
        };
        let (rights, writes) = (statement("write_rights_postgres.sql")?, statement("write_nothing.sql")?);
        let unasked = tables.iter().filter(|table| {
            let is_written = writes.contains(&format!("insert into {table} "));
            !rights.contains(&format!("('{table}', '")) || !(is_written || kept.contains(&table.as_str()))
        });
        assert_eq!(unasked.collect::<Vec<_>>(), [""; 0]);
        Ok(())
    }

    /// Ends every connection of portal, again and again; gives how many.
    async fn terminate_everybody(mut raw: crate::given::Raw, until: Instant) -> Outcome<i64> {
        let mut ended = 0;
        let terminate = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                         where datname = current_database() and application_name = 'portal'";
        loop {
            ended += raw.number(terminate).await?;
            if Instant::now() >= until {
                return Ok(ended);
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    #[derive(Default)]
    struct Outage {
        has_failed: AtomicBool,
        is_over: AtomicBool,
    }

    /// Appends until the outage is over and it works again.
    async fn write(
        log: EventLog,
        writer: usize,
        outage: Arc<Outage>,
    ) -> Vec<(Append, Result<Appended, AppendError>)> {
        let mut answers = vec![];
        loop {
            let was_over = outage.is_over.load(Ordering::Relaxed);
            let append = creation("Acme", &format!("acme-{writer}-{}", answers.len()));
            let answer = log.append(append.clone()).await;
            assert!(matches!(answer, Ok(_) | Err(AppendError::Store(_))), "{answer:?}");
            let works = answer.is_ok();
            outage.has_failed.fetch_or(!works, Ordering::Relaxed);
            answers.push((append, answer));
            if was_over && works {
                return answers;
            }
        }
    }

    async fn by_stream(store: &Store) -> Outcome<HashMap<String, usize>> {
        let mut times = HashMap::new();
        for event in store.events().await? {
            *times.entry(event.aggregate_id).or_default() += 1;
        }
        Ok(times)
    }
}

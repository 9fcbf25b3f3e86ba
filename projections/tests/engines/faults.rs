//! Locks that come too late, callers that leave, answers that are lost: faults of a database behind a network.
//!
//! After each of them what was acknowledged is there, once, and no connection is left inside a transaction.

mod postgres {
    use std::time::{Duration, Instant};

    use domain::values::{Email, PersonId, PersonName};
    use projections::event_log::AppendError;
    use projections::testing::proxy::Proxy;
    use projections::{Db, EventLog, Lookups, people, testing};

    use crate::given::{Outcome, Store, creation, id, noon};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_lock_that_comes_too_late_leaves_no_transaction_behind() -> Outcome {
        let store = Store::postgres().await?;
        let mut other = store.raw().await?;
        other.run("begin").await?;
        other.run(LOCK).await?;
        let late = store.append(creation("Acme", "acme")).await;
        assert!(matches!(late, Err(AppendError::Store(_))), "{late:?}");
        other.run("commit").await?;
        for number in 0..30 {
            store.append(creation("Acme", &format!("acme-{number}"))).await?;
            store.log.last_position().await?;
        }
        assert!(!testing::rests_in_a_transaction(&store.url).await);
        store.assert_sound().await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_leaves_takes_nothing_of_others_along() -> Outcome {
        let store = Store::postgres().await?;
        let proxy = Proxy::before(&store.url).await;
        let db = Db::open(&proxy.url).await?;
        let (person, mut raw) = (somebody(&db).await?, store.raw().await?);
        proxy.delay(Duration::from_millis(5));
        for round in 0..10 {
            for milliseconds in 8..24 {
                let begun = somebody(&db);
                let _left = tokio::time::timeout(Duration::from_millis(milliseconds), begun).await;
            }
            let names = (0..4).map(|number| format!("Person {round} {number}"));
            for name in names {
                people::set_name(&db, person, &name.parse::<PersonName>()?).await?;
                let there = format!("select count(*) from people where name = '{name}'");
                assert_eq!(raw.number(&there).await?, 1, "what was acknowledged is there: {name}");
            }
        }
        assert!(!testing::rests_in_a_transaction(&store.url).await);
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_append_whose_commit_lost_its_answer_is_answered_all_the_same() -> Outcome {
        let store = Store::postgres().await?;
        let proxy = Proxy::before(&store.url).await;
        let log = EventLog::open(Db::open(&proxy.url).await?).await?;
        for slug in ["acme", "apex"] {
            proxy.lose_commit_after("log_head", false);
            let append = creation("Acme", slug);
            let appended = log.append(append.clone()).await?;
            assert!(proxy.has_lost_it());
            let of_stream = log.stream(&append.stream, 0).await?;
            assert_eq!(
                of_stream.iter().map(|event| event.position).collect::<Vec<_>>(),
                [appended.last_position]
            );
        }
        store.assert_sound().await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn where_nobody_can_be_asked_an_append_is_said_to_be_in_doubt() -> Outcome {
        let store = Store::postgres().await?;
        let proxy = Proxy::before(&store.url).await;
        let log = EventLog::open(Db::open(&proxy.url).await?).await?;
        proxy.lose_commit_after("log_head", true);
        let append = creation("Acme", "acme");
        let answer = log.append(append.clone()).await;
        assert!(matches!(answer, Err(AppendError::Unknown(_))), "{answer:?}");
        proxy.break_off(false);
        let recorded = log.append(append.clone()).await?;
        assert_eq!(
            (recorded.last_position, store.events().await?.len()),
            (1, 1),
            "sent again, it is done once"
        );
        store.assert_sound().await
    }

    /// The network fails silently: what waits for an answer waits no longer than it has to.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_append_that_gets_no_answer_keeps_no_other_one_waiting() -> Outcome {
        let store = Store::postgres().await?;
        let proxy = Proxy::before(&store.url).await;
        let log = EventLog::open(Db::open(&proxy.url).await?).await?;
        proxy.swallow_after("commit\0");
        let append = creation("Acme", "acme");
        let since = Instant::now();
        let answer = log.append(append.clone()).await;
        assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
        assert!(answer.is_ok(), "the server ended it, and it was asked what became of it: {answer:?}");
        log.append(append).await?;
        log.append(creation("Apex", "apex")).await?;
        store.assert_sound().await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_question_that_gets_no_answer_keeps_no_other_one_waiting() -> Outcome {
        let store = Store::postgres().await?;
        let proxy = Proxy::before(&store.url).await;
        let lookups = Lookups::open(&Db::open(&proxy.url).await?);
        let address: Email = "ana@example.com".parse()?;
        proxy.swallow_after("from people");
        assert!(lookups.person(&address).await.is_err());
        assert!(lookups.person(&address).await?.is_none());
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_may_only_read_keeps_nobody_from_writing() -> Outcome {
        let store = Store::postgres().await?;
        let mut reader = store.raw().await?;
        reader.run("set role portal_reader; begin").await?;
        reader.run("select pg_advisory_xact_lock(4995148757353588224)").await?; // what once was the lock
        store.append(creation("Acme", "acme")).await?;
        reader.run("select pg_advisory_xact_lock(4995148757353588225)").await?; // and that of rebuilds
        for theirs in [LOCK, "lock table rebuild_turn", "lock table schema_turn in exclusive mode"] {
            reader.run("savepoint before").await?;
            assert!(reader.run(theirs).await.is_err(), "it is not theirs to lock: {theirs}");
            reader.run("rollback to before").await?;
        }
        store.append(creation("Apex", "apex")).await?;
        store.projector.rebuild(|_| ()).await?;
        store.opened_again().await?.close().await;
        store.assert_sound().await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_default_isolation_of_a_database_is_not_ours() -> Outcome {
        let url = testing::postgres().await;
        let name = url.rsplit('/').next().ok_or("a URL has a path")?;
        let setting = format!("alter database {name} set default_transaction_isolation = 'repeatable read'");
        let store = Store::at(url.clone()).await?;
        store.raw().await?.run(&setting).await?;
        let (one, other) = (store.another_process().await?.0, store.another_process().await?.0);
        let appends = (0..60).map(|number| {
            let (log, slug) = (if number % 2 == 0 { &one } else { &other }, format!("acme-{number}"));
            async move { log.append(creation("Acme", &slug)).await }
        });
        for appended in futures::future::join_all(appends).await {
            appended?;
        }
        store.assert_sound().await
    }

    /// The lock that an append holds.
    const LOCK: &str = "select from log_head for update";

    /// A new person, in a transaction of two statements.
    async fn somebody(db: &Db) -> Outcome<PersonId> {
        let person = PersonId(id());
        let email: Email = format!("{}@example.com", person.0.simple()).parse()?;
        Ok(PersonId(people::ensure(db, person, &email, noon(0)).await?.person_id))
    }
}

//! With a wrong clock, or a log that is not the one that the process knew, nothing is appended, and the error says why.

use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use projections::auditor::Auditor;
use projections::event_log::{
    Alarm, Append, AppendError, Authority, ClockRules, JumpError, Leaf, ProbeError, Recorded, leaf_hash,
};
use projections::projector::Finding;
use projections::testing::proxy::Proxy;
use projections::{Db, EventLog, Timestamp, as_of};
use tokio::task::JoinSet;

use crate::engines;
use crate::given::{Outcome, Store, authority, creation, noon};

/// A new organisation.
fn org(slug: &str) -> Append {
    creation(slug, slug)
}

/// The same event, recorded elsewhere in the log and at another moment.
fn restamped(event: Recorded, position: i64, recorded_at: Timestamp) -> Recorded {
    let fields = [
        &event.aggregate_type,
        &event.aggregate_id,
        &event.event_type,
        &event.event_version,
        &event.payload,
        &event.metadata,
    ];
    let leaf = Leaf { position, recorded_at, sequence: event.sequence, fields: fields.map(String::as_str) };
    Recorded { position, recorded_at, leaf_hash: leaf_hash(&leaf).to_vec(), ..event }
}

async fn today(store: &Store) -> Outcome<NaiveDate> {
    let elsewhere = store.fresh().await?;
    elsewhere.log.append(org("today")).await?;
    Ok(elsewhere.events().await?[0].recorded_at.date_naive())
}

/// Clock rules with today's date confirmed.
async fn confirmed(store: &Store) -> Outcome<ClockRules> {
    Ok(ClockRules { confirmed: Some(today(store).await?), ..ClockRules::default() })
}

/// The database of a portal that nobody has served for forty days.
async fn rested(store: Store) -> Outcome<Store> {
    stamped_ahead(&store, TimeDelta::days(-40)).await?;
    store.raw().await?.run("update clock set seen_at = null").await?;
    store.reopened().await
}

/// Imports an event that is stamped this much later than now.
async fn stamped_ahead(store: &Store, by: TimeDelta) -> Outcome<Recorded> {
    let elsewhere = store.fresh().await?;
    elsewhere.log.append(org("ahead")).await?;
    let event = elsewhere.log.tail(0, 1).await?.pop().ok_or("it was appended")?;
    let at = Timestamp::from(*event.recorded_at + by);
    let event = restamped(event, store.log.last_position().await? + 1, at);
    store.log.import(std::slice::from_ref(&event)).await?;
    Ok(event)
}

fn stopped<T: std::fmt::Debug>(answer: Result<T, AppendError>) -> Alarm {
    match answer {
        Err(AppendError::Stopped(alarm)) => alarm,
        answer => panic!("{answer:?}"),
    }
}

engines! {
    async fn authority_is_judged_by_the_clock_and_not_by_the_last_stamp(store: Store) {
        let last = stamped_ahead(&store, TimeDelta::minutes(4)).await?;
        let person = store.superadmin().await?;
        let until = Some(Timestamp::from(*last.recorded_at - TimeDelta::minutes(2)));
        let authority = Some(Authority { until, ..authority(person) });
        store.log.append(Append { authority, ..org("acme") }).await?;
    }

    async fn nothing_is_stamped_in_the_future_because_the_last_event_is(store: Store) {
        store.log.append(org("acme")).await?;
        stamped_ahead(&store, TimeDelta::days(365)).await?;
        let alarm = stopped(store.log.append(org("bolt")).await);
        assert!(matches!(alarm, Alarm::LastEventAhead { position: 2, .. }), "{alarm:?}");
        assert!(alarm.to_string().contains("accept-jump"), "{alarm}");
        assert!(matches!(store.log.probe().await, Err(ProbeError::Alarm(found)) if found.to_string().contains("#2")));
        assert_eq!(store.log.last_position().await?, 2);
        store.projector.catch_up().await?;
        let report = store.projector.verify(|_| ()).await?;
        let [Finding::Event { position: 2, what }] = report.findings.as_slice() else { panic!("{report:?}") };
        assert!(what.starts_with("is stamped") && what.contains("later than it is now"), "{what}");
    }

    async fn time_goes_back_where_somebody_says_why_and_nowhere_else(store: Store) {
        let reason = "The clock was a year ahead for a night".parse()?;
        store.log.append(org("acme")).await?;
        assert!(matches!(store.log.accept_jump(&reason).await, Err(JumpError::NoJump)));
        let ahead = stamped_ahead(&store, TimeDelta::days(365)).await?;
        assert_eq!(store.log.accept_jump(&reason).await?.position, 2);
        for slug in ["bolt", "cord"] {
            store.log.append(org(slug)).await?;
        }
        store.log.probe().await?;
        let events = store.log.tail(0, 10).await?;
        assert!(events[2].recorded_at < ahead.recorded_at && events[3].recorded_at >= events[2].recorded_at);
        let why: Vec<_> = events.iter().map(|event| event.metadata().map(|m| m.time_continues)).collect::<Result<_, _>>()?;
        assert_eq!(why, [None, None, Some(reason.as_str().to_owned()), None]);
        store.projector.catch_up().await?;
        assert_eq!(store.projector.verify(|_| ()).await?.findings, []);
        assert_eq!(Auditor::new(store.db().clone(), None).turn(vec![], noon(0)).await?.findings, []);
        let position = async |at: Timestamp| as_of::position(&store.log, at).await;
        for (at, expected) in [
            (events[0].recorded_at, 1),
            (Timestamp::from(*events[2].recorded_at - TimeDelta::microseconds(1)), 1),
            (events[2].recorded_at, 3),
            (events[3].recorded_at, 4),
            (ahead.recorded_at, 4),
        ] {
            assert_eq!(position(at).await?, expected, "{at:?}");
        }
        let copy = store.fresh().await?;
        copy.log.import(&events).await?;
        copy.projector.catch_up().await?;
        assert_eq!(copy.projector.verify(|_| ()).await?.findings, []);
        // At any other position, time going back is still an error.
        let earlier = if store.is_postgres() { "recorded_at - interval '1 day'" } else { "recorded_at - 86400000000" };
        store.tamper(&format!("update events set recorded_at = {earlier} where position = 4")).await?;
        let report = store.projector.verify(|_| ()).await?;
        assert!(report.findings.iter().any(|it| it.to_string().contains("#4: was recorded before")), "{report:?}");
    }

    async fn after_a_long_rest_somebody_says_which_day_it_is(store: Store) {
        let store = rested(store).await?;
        let alarm = stopped(store.log.append(org("acme")).await);
        assert!(matches!(alarm, Alarm::LongRest { .. }) && alarm.to_string().contains("--accept-clock"), "{alarm}");
        let again = EventLog::open(store.db().clone()).await?;
        assert!(again.probe().await.is_err() && again.probe().await.is_err(), "trying does not make it right");
        let told = EventLog::open_by(store.db().clone(), confirmed(&store).await?).await?;
        told.append(org("acme")).await?;
        EventLog::open(store.db().clone()).await?.append(org("bolt")).await?;
    }

    /// The log is compared with what was known when it was read.
    async fn appends_of_others_meanwhile_are_no_alarm(store: Store) {
        let proxy = if store.is_postgres() { Some(Proxy::before(&store.url).await) } else { None };
        let log = match &proxy {
            Some(proxy) => EventLog::open(Db::open(&proxy.url).await?).await?,
            None => store.log.clone(),
        };
        if let Some(proxy) = &proxy {
            proxy.delay(Duration::from_millis(2));
        }
        let mut tasks = JoinSet::new();
        for task in 0..4 {
            let log = log.clone();
            tasks.spawn(async move {
                for number in 0..40 {
                    log.append(org(&format!("acme-{task}-{number}"))).await.map_err(|why| why.to_string())?;
                    log.probe().await.map_err(|why| why.to_string())?;
                }
                Ok::<_, String>(())
            });
        }
        for done in tasks.join_all().await {
            done?;
        }
        assert_eq!(log.alarm(), None);
    }

    async fn whoever_serves_need_not_say_which_day_it_is(store: Store) {
        let store = rested(store).await?;
        EventLog::open_by(store.db().clone(), confirmed(&store).await?).await?.probe().await?;
        EventLog::open(store.db().clone()).await?.append(org("acme")).await?;
    }

    async fn a_log_that_lost_its_end_stops_writing_until_the_next_start(store: Store) {
        for slug in ["acme", "bolt", "cord"] {
            store.log.append(org(slug)).await?;
        }
        store.projector.catch_up().await?;
        lose_the_end(&store).await?;
        let alarm = stopped(store.log.append(org("dawn")).await);
        assert_eq!(alarm, Alarm::LogLost { seen: 3, ends: 1 });
        assert!(alarm.to_string().contains("start portal again"), "{alarm}");
        assert!(store.log.probe().await.is_err());
        assert_eq!(store.log.alarm(), Some(alarm));
        assert_eq!(store.log.last_position().await?, 1);
        store.projector.catch_up().await?;
        assert_eq!(store.projector.folded(), 1, "what is gone is not waited for");
        let store = store.reopened().await?;
        store.log.probe().await?;
        store.log.append(org("dawn")).await?;
    }

    async fn a_log_that_went_on_differently_stops_writing_too(store: Store) {
        for slug in ["acme", "bolt", "cord"] {
            store.log.append(org(slug)).await?;
        }
        store.projector.catch_up().await?;
        let unaware = EventLog::open(store.db().clone()).await?; // nobody folds for it, and sees the end in between
        lose_the_end(&store).await?;
        let started_since = EventLog::open(store.db().clone()).await?;
        for slug in ["dawn", "echo", "fern"] {
            started_since.append(org(slug)).await?;
        }
        assert_eq!(stopped(unaware.append(org("gale")).await), Alarm::LogChanged(3));
        started_since.append(org("gale")).await?;
    }

    /// A process that did not see the longer log learns of it from the read models.
    async fn read_models_that_know_more_than_the_log_stop_writing_until_the_next_start(store: Store) {
        for slug in ["acme", "bolt", "cord"] {
            store.log.append(org(slug)).await?;
        }
        store.projector.catch_up().await?;
        lose_the_end(&store).await?;
        store.raw().await?.run("update projection set position = 3").await?;
        let unaware = EventLog::open(store.db().clone()).await?;
        let alarm = stopped(unaware.append(org("dawn")).await);
        assert_eq!(alarm, Alarm::FoldedBeyond { folded: 3, ends: 1 });
        assert!(unaware.probe().await.is_err());
        let store = store.reopened().await?;
        store.log.probe().await?;
        let position = store.log.append(org("dawn")).await?.last_position;
        store.projector.wait_for(position, Duration::from_secs(9)).await?;
        let list = store.raw().await?.number("select count(*) from org_detail").await?;
        assert_eq!((position, list), (2, 2), "what is shown is what the log says");
    }

    async fn a_store_that_can_not_be_written_everywhere_is_not_ready(store: Store) {
        store.log.probe().await?;
        for table in ["claims", "session", "people", "platform_grant", "projection"] {
            store.raw().await?.run(&format!("alter table {table} rename to elsewhere")).await?;
            assert!(store.log.probe().await.is_err(), "{table}");
            store.raw().await?.run(&format!("alter table elsewhere rename to {table}")).await?;
        }
        store.log.probe().await?;
    }

    async fn whoever_only_reads_notices_that_the_log_lost_its_end(store: Store) {
        for slug in ["acme", "bolt", "cord"] {
            store.log.append(org(slug)).await?;
        }
        store.projector.catch_up().await?;
        lose_the_end(&store).await?;
        store.projector.catch_up().await?;
        assert_eq!(store.log.alarm(), Some(Alarm::LogLost { seen: 3, ends: 1 }));
    }
}

/// Leaves what a restore to the moment after the first event would leave: of the log, its claims and commands, and the
/// checkpoints.
async fn lose_the_end(store: &Store) -> Outcome {
    let mut raw = store.raw().await?;
    let walls = if store.is_postgres() {
        "alter table events disable trigger all"
    } else {
        "drop trigger events_no_delete"
    };
    for statement in [
        walls,
        "delete from events where position > 1",
        "delete from claims where position > 1",
        "delete from commands where last_position > 1",
        "update projection set position = 1",
    ] {
        raw.run(statement).await?;
    }
    if store.is_postgres() {
        raw.run("alter table events enable trigger all").await?;
    }
    Ok(())
}

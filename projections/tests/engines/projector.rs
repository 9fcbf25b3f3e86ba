//! Read models follow the log: soon, exactly once, and from zero if necessary.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::Org;
use domain::org::{OrgEvent, Role};
use domain::values::{OrgId, PersonId};
use futures::future::try_join_all;
use projections::projector::Projection;
use projections::{EventLog, Platform, Scope, org_detail, org_list};

use crate::engines;
use crate::given::{Outcome, Store, accept, append, created, creation, id, invite, invitee, renamed};

engines! {
    async fn who_waits_for_a_position_reads_what_was_written(store: Store) {
        let scope = Scope::Platform(store.platform().await?);
        let acme = store.org("Name 0", "acme").await?;
        for number in 1..=50 {
            let name = format!("Name {number}");
            let appended = store.append(append::<Org>(acme, number, &[renamed(&name)])).await?;
            store.folded_to(appended.last_position).await?;
            let read = org_detail::get(store.db(), &scope, acme.0).await?.ok_or("it is readable")?;
            assert_eq!((read.name, read.sequence), (name, number + 1));
        }
    }

    async fn who_waits_in_another_process_reads_it_too(store: Store) {
        let scope = Scope::Platform(store.platform().await?);
        let (log, projector) = store.another_process().await?;
        for number in 1..=30 {
            let command = creation("Acme", &format!("acme-{number}"));
            let appended = store.append(command.clone()).await?;
            projector.wait_for(appended.last_position, Duration::from_secs(5)).await?;
            let read = org_detail::get(log.db(), &scope, command.stream.id.parse()?).await?;
            assert!(read.is_some(), "organisation {number}");
        }
    }

    async fn a_position_that_does_not_exist_yet_is_not_waited_for_for_ever(store: Store) {
        let waited = store.projector.wait_for(9, Duration::from_millis(100)).await;
        assert_eq!(waited.expect_err("nothing is there").0, 9);
        store.org("Acme", "acme").await?;
        assert_eq!((store.projector.folded(), store.projector.position().await?), (1, 1));
    }

    async fn a_position_is_reached_while_others_keep_writing(store: Store) {
        let (log, stop) = (store.log.clone(), Arc::new(AtomicBool::new(false)));
        let writers = (0..4).map(|writer| tokio::spawn(write_until(log.clone(), stop.clone(), writer)));
        let writers: Vec<_> = writers.collect();
        for number in 0..20 {
            let appended = store.append(creation("Acme", &format!("acme-{number}"))).await?;
            store.projector.wait_for(appended.last_position, Duration::from_secs(2)).await?;
        }
        stop.store(true, Ordering::SeqCst);
        try_join_all(writers).await?;
    }

    async fn two_processes_fold_every_event_once(store: Store) {
        let (log, projector) = store.another_process().await?;
        let third = store.another_process().await?;
        let orgs = [store.org("One", "one").await?, store.org("Two", "two").await?];
        let logs = [store.log.clone(), log, third.0];
        let joins = logs.iter().zip(0..).flat_map(|(log, n)| orgs.map(|org| tokio::spawn(join(log.clone(), org, n))));
        try_join_all(joins.collect::<Vec<_>>()).await?;
        store.folded().await?;
        projector.wait_for(store.log.last_position().await?, Duration::from_secs(5)).await?;
        let scope = Scope::Platform(store.platform().await?);
        for org in orgs {
            let read = org_detail::get(store.db(), &scope, org.0).await?.ok_or("it is readable")?;
            assert_eq!(read.members, 30);
        }
        store.assert_sound().await?;
    }

    async fn a_rebuild_beside_writers_gives_the_same_rows(store: Store) {
        let platform = store.platform().await?;
        for number in 0..40 {
            store.append(creation("Acme", &format!("before-{number}"))).await?;
        }
        store.folded().await?;
        let stop = Arc::new(AtomicBool::new(false));
        let writers = (0..4).map(|writer| tokio::spawn(write_until(store.log.clone(), stop.clone(), writer)));
        let readers: Vec<_> = [tokio::spawn(never_empty(store.log.clone(), platform, stop.clone()))].into();
        let writers: Vec<_> = writers.collect();
        for _ in 0..5 {
            store.projector.rebuild(|_| ()).await?;
        }
        stop.store(true, Ordering::SeqCst);
        try_join_all(writers).await?;
        for reader in try_join_all(readers).await? {
            reader?;
        }
        store.assert_sound().await?;
    }

    async fn a_verification_beside_writers_finds_nothing(store: Store) {
        let stop = Arc::new(AtomicBool::new(false));
        let writers = (0..4).map(|writer| tokio::spawn(write_until(store.log.clone(), stop.clone(), writer)));
        let writers: Vec<_> = writers.collect();
        for _ in 0..5 {
            let report = store.verified().await?;
            assert_eq!(report.findings, [], "of {} events", report.events);
        }
        stop.store(true, Ordering::SeqCst);
        try_join_all(writers).await?;
        store.assert_sound().await?;
    }

    async fn rebuilding_and_verifying_take_turns(store: Store) {
        for number in 0..20 {
            store.append(creation("Acme", &format!("acme-{number}"))).await?;
        }
        let (one, other) = (store.projector.clone(), store.projector.clone());
        let rebuilt = tokio::spawn(async move { one.rebuild(|_| ()).await });
        let again = tokio::spawn(async move { other.rebuild(|_| ()).await });
        assert_eq!(store.verified().await?.findings, []);
        assert_eq!((rebuilt.await??, again.await??), (20, 20));
        store.assert_sound().await?;
    }

    async fn a_new_version_is_folded_from_zero_before_it_serves(store: Store) {
        let acme = store.org("Acme", "acme").await?;
        let scope = Scope::Platform(store.platform().await?);
        let mut raw = store.raw().await?;
        raw.run("delete from projection where name = 'org_detail'").await?;
        raw.run("delete from org_detail").await?;
        raw.run("delete from org_slug").await?;
        let (log, projector) = store.another_process().await?;
        assert_eq!(projector.position().await?, 2);
        assert!(org_detail::get(log.db(), &scope, acme.0).await?.is_some());
        store.assert_sound().await?;
    }

    async fn an_old_versions_rows_do_not_shine_through(store: Store) {
        let acme = store.org("Acme", "acme").await?;
        let person = invitee(PersonId(id()), Role::Owner);
        store.carry_out::<Org>(acme, invite(&person)).await?;
        store.carry_out::<Org>(acme, accept(&person)).await?;
        store.folded().await?;
        store.raw().await?.run("update projection set version = 0").await?;
        let (_, projector) = store.another_process().await?;
        assert_eq!(projector.position().await?, 3);
        let versions = "select count(*) from projection where version = 0";
        assert_eq!(store.raw().await?.number(versions).await?, 0);
        store.assert_sound().await?;
    }

    async fn an_old_version_leaves_alone_what_a_newer_one_keeps(store: Store) {
        store.org("Acme", "acme").await?;
        store.raw().await?.run("update projection set version = 99").await?;
        let (log, _projector) = store.another_process().await?;
        log.append(creation("Apex", "apex")).await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let kept = "select count(*) from projection where version = 99 and position = 1";
        assert_eq!(store.raw().await?.number(kept).await?, i64::try_from(Projection::ALL.len())?);
        assert_eq!(store.raw().await?.number("select count(*) from org_detail").await?, 1);
    }

    async fn a_stream_of_many_batches_is_folded_again_as_it_was(store: Store) {
        let (long, owner) = (OrgId(id()), invitee(PersonId(id()), Role::Owner));
        store.append(append::<Org>(long, 0, &[created("Name", "name")])).await?;
        store.carry_out::<Org>(long, invite(&owner)).await?;
        store.append(append::<Org>(long, 2, &renames(LONGER_THAN_A_BATCH))).await?;
        store.carry_out::<Org>(long, accept(&owner)).await?;
        store.org("Acme", "acme").await?;
        store.assert_sound().await?;
        store.projector.rebuild(|_| ()).await?;
        store.assert_sound().await?;
        assert_eq!(store.projector.parked().await?, []);
    }

    async fn a_row_that_two_streams_share_goes_to_the_later_one(store: Store) {
        let (one, other) = (OrgId(id()), OrgId(id()));
        let shared = invitee(PersonId(id()), Role::Owner);
        store.append(append::<Org>(one, 0, &[created("One", "one")])).await?;
        store.append(append::<Org>(other, 0, &[created("Other", "other")])).await?;
        store.carry_out::<Org>(one, invite(&shared)).await?;
        store.append(append::<Org>(one, 2, &renames(LONGER_THAN_A_BATCH))).await?;
        store.carry_out::<Org>(other, invite(&shared)).await?;
        store.append(append::<Org>(other, 2, &renames(LONGER_THAN_A_BATCH))).await?;
        store.carry_out::<Org>(one, accept(&shared)).await?;
        store.assert_sound().await?;
        store.projector.rebuild(|_| ()).await?;
        store.assert_sound().await?;
        assert_eq!(store.projector.parked().await?, []);
    }

    async fn whoever_starts_far_behind_has_everything_folded_before_it_serves(store: Store) {
        let acme = store.org("Acme", "acme").await?;
        for after in [1, 12_001] {
            store.append(append::<Org>(acme, after, &renames(12_000))).await?;
        }
        store.folded().await?;
        let mut raw = store.raw().await?;
        store.db().close().await; // or this process would begin to fold before the next one starts
        raw.run("delete from org_list").await?;
        raw.run("update projection set position = 0").await?;
        drop(raw);
        let store = store.reopened().await?;
        assert_eq!(store.projector.position().await?, 24_001);
        store.assert_sound().await?;
    }

    async fn it_is_known_since_when_a_position_is_readable(store: Store) {
        store.org("Acme", "acme").await?;
        assert!(store.projector.folded_at(1).await?.is_some_and(|at| at.micros() > 0));
        assert_eq!(store.projector.folded_at(2).await?, None);
    }
}

/// More events than a rebuild reads at a time.
const LONGER_THAN_A_BATCH: usize = 4500;

fn renames(number: usize) -> Vec<OrgEvent> {
    (0..number).map(|number| renamed(&format!("Name {number}"))).collect()
}

/// Thirty people, ten from each process, join one organisation.
async fn join(log: EventLog, org: OrgId, process: i64) {
    for _ in 0..10 {
        let invitee = invitee(PersonId(id()), Role::Member);
        for event in 0..2 {
            while let Err(refused) = try_join(&log, org, &invitee, event).await {
                let conflict = refused.to_string().contains("stands at");
                assert!(conflict, "process {process}: {refused}");
            }
        }
    }
}

async fn try_join(log: &EventLog, org: OrgId, invitee: &domain::org::Invitee, event: usize) -> Outcome {
    use domain::Decider;
    let loaded = cqrs_es::EventStore::<Org>::load_aggregate(log, &org.to_string()).await?;
    let command = [invite(invitee), accept(invitee)][event].clone();
    let events = loaded.aggregate.decide(command)?;
    log.append(append::<Org>(org, loaded.sequence, &events)).await?;
    Ok(())
}

async fn write_until(log: EventLog, stop: Arc<AtomicBool>, writer: usize) {
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        let org = OrgId(id());
        let events = [created("Acme", &format!("live-{writer}-{number}")), renamed("Apex")];
        log.append(append::<Org>(org, 0, &events)).await.expect("the store is there");
        number += 1;
    }
}

async fn never_empty(log: EventLog, platform: Platform, stop: Arc<AtomicBool>) -> Outcome {
    let filter =
        org_list::OrgListFilter { text: Some("before-".to_owned()), ..org_list::OrgListFilter::default() };
    while !stop.load(Ordering::SeqCst) {
        let page =
            org_list::page(log.db(), &platform, &filter, &org_list::OrgListOrder::default(), 100).await?;
        assert_eq!(page.rows.len(), 40, "a rebuild is not seen before it is done");
    }
    Ok(())
}

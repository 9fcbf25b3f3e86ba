//! Cached aggregates and stored snapshots always agree with the log.

use std::time::{Duration, Instant};

use cqrs_es::EventStore;
use domain::Org;
use domain::org::{InvitationEvent, OrgEvent, Profile, Role};
use domain::values::{InvitationId, OrgId, PersonId};
use projections::event_log::Loaded;
use projections::projector::Finding;

use crate::engines;
use crate::given::{Outcome, Store, append, created, day, id, renamed};
use crate::tampering::hash_again;

engines! {
    async fn what_is_kept_follows_the_log(store: Store) {
        let acme = store.org("Acme", "acme").await?;
        let held = load(&store, acme).await?;
        for (after, name) in [(1, "Apex"), (2, "Zenith")] {
            store.append(append::<Org>(acme, after, &[renamed(name)])).await?;
            assert_eq!(is(&load(&store, acme).await?), (after + 1, name.to_owned()));
        }
        assert_eq!(is(&held), (1, "Acme".to_owned()), "nobody changes what somebody decides on");
        let (other, _) = store.another_process().await?;
        other.append(append::<Org>(acme, 3, &[renamed("Elsewhere")])).await?;
        assert_eq!(is(&load(&store, acme).await?), (4, "Elsewhere".to_owned()));
    }

    async fn a_log_that_was_rewound_is_noticed(store: Store) {
        let acme = store.org("Acme", "acme").await?;
        store.append(append::<Org>(acme, 1, &[renamed("Apex"), renamed("Lost")])).await?;
        assert_eq!(is(&load(&store, acme).await?), (3, "Lost".to_owned()));
        store.tamper("delete from events where sequence = 3").await?;
        assert_eq!(is(&load(&store, acme).await?), (2, "Apex".to_owned()));
    }

    async fn another_event_at_the_same_place_is_noticed(store: Store) {
        let acme = store.org("Acme", "acme").await?;
        store.append(append::<Org>(acme, 1, &[renamed("Lost")])).await?;
        assert_eq!(is(&load(&store, acme).await?), (2, "Lost".to_owned()));
        let other = if store.is_postgres() {
            "update events set payload = replace(payload::text, 'Lost', 'Another')::json where sequence = 2"
        } else {
            "update events set payload = replace(payload, 'Lost', 'Another') where sequence = 2"
        };
        store.tamper(other).await?;
        hash_again(&store, &mut store.raw().await?).await?;
        assert_eq!(is(&load(&store, acme).await?), (2, "Another".to_owned()));
    }

    async fn a_process_that_starts_does_not_fold_what_a_snapshot_has(store: Store) {
        let acme = long(&store).await?;
        assert_eq!(is(&load(&store, acme).await?), (2501, "Acme".to_owned()));
        stored(&store, 2501).await?;
        let store = store.reopened().await?;
        store.append(append::<Org>(acme, 2501, &[renamed("Apex")])).await?;
        // After this, folding from the first event would fail, so what is loaded comes from the snapshot.
        store.tamper("update events set event_version = '9' where sequence = 2").await?;
        let loaded = load(&store, acme).await?;
        assert_eq!(is(&loaded), (2502, "Apex".to_owned()));
        assert_eq!(people(&loaded), 2500);
    }

    async fn a_snapshot_that_is_not_ours_or_not_of_this_log_is_not_read(store: Store) {
        let mut store = store;
        let acme = long(&store).await?;
        load(&store, acme).await?;
        stored(&store, 2501).await?;
        store.assert_sound().await?;
        for wrong in ["fold = 0, state = leaf_hash", "state = leaf_hash", "leaf_hash = (select leaf_hash from events where position = 1)"] {
            store.raw().await?.run(&format!("update snapshots set {wrong}, sequence = 2400")).await?;
            store = store.reopened().await?;
            let loaded = load(&store, acme).await?;
            assert_eq!((is(&loaded), people(&loaded)), ((2501, "Acme".to_owned()), 2500), "{wrong}");
            stored(&store, 2501).await?;
            store.assert_sound().await?;
        }
    }

    async fn verify_folds_snapshots_again(store: Store) {
        let acme = long(&store).await?;
        load(&store, acme).await?;
        stored(&store, 2501).await?;
        store.assert_sound().await?;
        for (wrong, says) in [
            ("state = (select leaf_hash from events where position = 1)", "is not what its events say"),
            ("leaf_hash = (select leaf_hash from events where position = 1)", "the log does not have"),
        ] {
            store.raw().await?.run(&format!("update snapshots set {wrong}")).await?;
            let findings = store.verified().await?.findings;
            let [Finding::Table { table: "snapshots", what }] = findings.as_slice() else {
                return Err(format!("{findings:?}").into());
            };
            assert!(what.contains(says), "{what}");
        }
    }
}

#[tokio::test]
async fn a_tenant_of_postgres_sees_no_snapshot() -> Outcome {
    let store = Store::postgres().await?;
    let mut raw = store.raw().await?;
    raw.run("set role portal_tenant").await?;
    assert!(raw.number("select count(*) from snapshots").await.is_err());
    raw.run("reset role").await?;
    assert_eq!(raw.number("select count(*) from snapshots").await?, 0);
    Ok(())
}

async fn load(store: &Store, org: OrgId) -> Outcome<Loaded<Org>> {
    Ok(EventStore::<Org>::load_aggregate(&store.log, &org.to_string()).await?)
}

fn profile(loaded: &Loaded<Org>) -> &Profile {
    let Org::Active(org) = &*loaded.aggregate else { panic!("{loaded:?}") };
    org
}

fn is(loaded: &Loaded<Org>) -> (i64, String) {
    (loaded.sequence, profile(loaded).name.to_string())
}

fn people(loaded: &Loaded<Org>) -> usize {
    profile(loaded).invitations.iter().count()
}

/// An organisation with more events than are folded at a time: 2,501.
async fn long(store: &Store) -> Outcome<OrgId> {
    let acme = OrgId(id());
    let invited = |_| {
        OrgEvent::Invitation(InvitationEvent::MemberInvited {
            invitation: InvitationId(id()),
            person: PersonId(id()),
            role: Role::Member,
            expires_at: day(30),
        })
    };
    let events: Vec<OrgEvent> = [created("Acme", "acme")].into_iter().chain((0..2500).map(invited)).collect();
    store.append(append::<Org>(acme, 0, &events)).await?;
    Ok(acme)
}

/// Waits until the only snapshot is one of this version, at a sequence.
async fn stored(store: &Store, sequence: i64) -> Outcome {
    let (mut raw, until) = (store.raw().await?, Instant::now() + Duration::from_secs(20));
    let is_so = format!("select count(*) from snapshots where fold = 2002 and sequence = {sequence}");
    while raw.number(&is_so).await? != 1 || raw.number("select count(*) from snapshots").await? != 1 {
        assert!(Instant::now() < until, "it was not stored");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

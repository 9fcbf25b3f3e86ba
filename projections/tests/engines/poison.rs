//! Events that can't be folded: one aggregate waits, everything else goes on, and nothing is skipped.

use domain::org::{LifecycleEvent, OrgEvent};
use domain::values::OrgId;
use domain::{Grant, Org};
use projections::event_log::{Append, Draft};
use projections::projector::{Finding, Parked};
use projections::{Scope, grants, history, org_detail};

use crate::engines;
use crate::given::{Outcome, Store, append, created, creation, id, noon, reason, renamed};

const ORG_MODELS: [&str; 5] = ["memberships", "org_detail", "org_list", "permissions", "resource_types"];

engines! {
    async fn a_damaged_event_parks_its_aggregate_where_it_is_needed(store: Store) {
        let (sick, well) = sick_and_well(&store).await?;
        let parked = store.projector.parked().await?;
        assert_eq!(names(&parked), ORG_MODELS);
        assert!(parked.iter().all(|p| p.aggregate_id == sick.to_string() && p.from_position == 2), "{parked:?}");
        let scope = Scope::Platform(store.platform().await?);
        let sick_now = org_detail::get(store.db(), &scope, sick.0).await?;
        let well_now = org_detail::get(store.db(), &scope, well.0).await?;
        assert_eq!(sick_now.map(|org| (org.name, org.sequence)), Some(("Sick".to_owned(), 1)));
        assert_eq!(well_now.map(|org| (org.name, org.sequence)), Some(("Better".to_owned(), 2)));
    }

    async fn the_history_has_a_damaged_event(store: Store) {
        sick_and_well(&store).await?;
        assert_eq!(store.raw().await?.number("select count(*) from history").await?, 5);
        let scope = Scope::Platform(store.platform().await?);
        let events = store.events().await?;
        let of_sick = history::of_org(&store.log, &scope, events[0].aggregate_id.parse()?, 99, 10).await?;
        assert_eq!(of_sick.iter().map(|e| e.position).collect::<Vec<_>>(), [3, 2, 1], "by its stream");
    }

    async fn what_is_parked_does_not_depend_on_how_events_come_in(store: Store) {
        let slowly = store.fresh().await?;
        let (sick, well) = (OrgId(id()), OrgId(id()));
        let script = [
            append::<Org>(sick, 0, &[created("Sick", "sick")]),
            append::<Org>(well, 0, &[created("Well", "well")]),
            damaged(append::<Org>(sick, 1, &[renamed("Sicker")])),
            append::<Org>(sick, 2, &[renamed("Sicker still")]),
            append::<Org>(well, 1, &[renamed("Better")]),
        ];
        for append in &script {
            store.log.append(append.clone()).await?;
            let appended = slowly.append(append.clone()).await?;
            slowly.folded_to(appended.last_position).await?;
        }
        store.folded().await?;
        let rows = "select count(*) from org_list where name in ('Sick', 'Well', 'Better')";
        for store in [&store, &slowly] {
            assert_eq!(names(&store.projector.parked().await?), ORG_MODELS);
            assert_eq!(store.raw().await?.number(rows).await?, 3);
        }
    }

    async fn a_damaged_grant_does_not_touch_organisations(store: Store) {
        let person = store.superadmin().await?;
        let appended = store.append(damaged(append::<Grant>(person, 1, &[crate::given::superadmin_granted()]))).await?;
        store.folded_to(appended.last_position).await?;
        assert_eq!(names(&store.projector.parked().await?), ["grants"]);
        assert!(grants::active(store.db(), person.0, noon(0)).await?.is_some(), "as it was before the damage");
    }

    async fn an_event_that_does_not_fit_is_parked_too(store: Store) {
        let org = OrgId(id());
        store.append(append::<Org>(org, 0, &[OrgEvent::Lifecycle(LifecycleEvent::OrgSuspended { reason: reason() })])).await?;
        store.append(creation("Acme", "acme")).await?;
        store.folded().await?;
        assert_eq!(names(&store.projector.parked().await?), ["org_detail", "org_list"]);
        assert_eq!(store.raw().await?.number("select count(*) from org_list").await?, 1);
    }

    async fn a_value_that_a_table_refuses_parks_its_aggregate(store: Store) {
        let mut with_nul = creation("Acme", "acme");
        with_nul.events[0].payload = with_nul.events[0].payload.replace("Acme", "Ac\\u0000me");
        store.append(creation("Before", "before")).await?;
        store.append(with_nul).await?;
        store.append(creation("After", "after")).await?;
        store.folded().await?;
        let parked = store.projector.parked().await?;
        if store.is_postgres() {
            assert_eq!(names(&parked), ["org_detail", "org_list"]);
            assert!(parked.iter().all(|p| p.from_position == 2));
        }
        let rows = "select count(*) from org_list where name in ('Before', 'After')";
        assert_eq!(store.raw().await?.number(rows).await?, 2);
        store.projector.rebuild(|_| ()).await?;
        assert_eq!(store.projector.parked().await?, parked);
        store.assert_sound().await?;
    }

    async fn a_rebuild_unparks_what_can_be_folded_now(store: Store) {
        store.org("Acme", "acme").await?;
        let park = "insert into projection_parked (name, version, aggregate_type, aggregate_id, from_position, error)
                    select 'org_list', 1, aggregate_type, aggregate_id, 1, 'an old mistake' from events";
        store.raw().await?.run(park).await?;
        assert_eq!(store.projector.rebuild(|_| ()).await?, 1);
        assert_eq!(store.projector.parked().await?, []);
        store.assert_sound().await?;
    }

    async fn a_rebuild_parks_what_still_can_not_be_folded(store: Store) {
        sick_and_well(&store).await?;
        let parked = store.projector.parked().await?;
        store.projector.rebuild(|_| ()).await?;
        assert_eq!(store.projector.parked().await?, parked);
        assert_eq!(store.raw().await?.number("select count(*) from org_list").await?, 3);
    }

    async fn a_verification_names_the_damaged_event_and_nothing_else(store: Store) {
        sick_and_well(&store).await?;
        let report = store.verified().await?;
        assert!(matches!(report.findings[..], [Finding::Event { position: 2, .. }]), "{:?}", report.findings);
    }
}

/// Two organisations, five events; the second is damaged.
async fn sick_and_well(store: &Store) -> Outcome<(OrgId, OrgId)> {
    let (sick, well) = (OrgId(id()), OrgId(id()));
    store.append(append::<Org>(sick, 0, &[created("Sick", "sick")])).await?;
    store.append(damaged(append::<Org>(sick, 1, &[renamed("Sicker")]))).await?;
    store.append(append::<Org>(sick, 2, &[renamed("Sicker still")])).await?;
    store.append(append::<Org>(well, 0, &[created("Well", "well"), renamed("Better")])).await?;
    store.folded().await?;
    Ok((sick, well))
}

fn damaged(append: Append) -> Append {
    let nonsense = |event| Draft { payload: "{\"Nonsense\":7}".to_owned(), ..event };
    Append { events: append.events.into_iter().map(nonsense).collect(), ..append }
}

fn names(parked: &[Parked]) -> Vec<&str> {
    parked.iter().map(|parked| parked.name.as_str()).collect()
}

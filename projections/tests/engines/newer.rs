//! Events that only a newer version can read: their aggregates wait for it, everything else goes on.

use std::time::{Duration, Instant};

use domain::org::{LifecycleEvent, OrgEvent};
use domain::resource_type::{Action, Actions, Definition, ResourceTypeCommand, RolloutPolicy};
use domain::values::{OrgId, PersonId, ResourceCode};
use domain::{Grant, Org, ResourceType};
use projections::event_log::{Append, Draft, StreamId};
use projections::projector::Parked;
use projections::{Scope, history, org_detail, org_list, transfer};

use crate::engines;
use crate::given::{Outcome, Store, append, created, id, renamed};
use crate::tampering::{hash_again, owner};

/// The error that an older version of portal stored about an event that it does not know.
const UNREADABLE: &str = "OrgRenamed version 2 of org is unknown here; a newer portal wrote it";

engines! {
    async fn an_event_of_a_newer_version_parks_its_aggregate_and_nothing_else(store: Store) {
        let (acme, apex) = acme_and_apex(&store).await?;
        assert_eq!(store.projector.position().await?, 5);
        let parked = store.projector.parked().await?;
        assert_eq!(names(&parked), ["history", "memberships", "org_detail", "org_list", "permissions", "resource_types"]);
        let as_said = |it: &Parked| it.newer && it.error == UNREADABLE && it.from_position == 2 && it.stream() == of(acme);
        assert!(parked.iter().all(as_said), "{parked:?}");
        assert_eq!(store.projector.left_to_newer(&of(acme)), Some(2));
        assert_eq!(store.projector.left_to_newer(&of(apex)), None);
        let scope = Scope::Platform(store.platform().await?);
        let (acme, apex) = (org_detail::get(store.db(), &scope, acme.0).await?, org_detail::get(store.db(), &scope, apex.0).await?);
        assert_eq!(acme.map(|org| (org.name, org.sequence)), Some(("Acme".to_owned(), 1)), "as of #1");
        assert_eq!(apex.map(|org| (org.name, org.sequence)), Some(("Better".to_owned(), 2)));
    }

    async fn the_history_shows_that_something_happened(store: Store) {
        let (acme, _) = acme_and_apex(&store).await?;
        let scope = Scope::Platform(store.platform().await?);
        let shown = history::of_org(&store.log, &scope, acme.0, 99, 10).await?;
        assert_eq!(shown.iter().map(|event| event.position).collect::<Vec<_>>(), [4, 2, 1]);
        assert_eq!(shown[1].event_type, "OrgRenamed");
    }

    async fn an_unknown_kind_of_aggregate_is_history_and_nothing_else(store: Store) {
        let mut robot = append::<Org>(OrgId(id()), 0, &[created("Robot", "robot")]);
        "robot".clone_into(&mut robot.stream.kind);
        store.append(robot).await?;
        store.org("Acme", "acme").await?;
        let parked = store.projector.parked().await?;
        assert_eq!(names(&parked), ["history"]);
        assert_eq!(store.raw().await?.number("select count(*) from history").await?, 2);
        assert_eq!(store.verified().await?.newer, 1);
        store.assert_sound().await?;
    }

    async fn a_newer_event_about_a_person_leaves_other_grants_alone(store: Store) {
        let (one, other, _third) = (store.superadmin().await?, store.superadmin().await?, store.superadmin().await?);
        store.append(newer(append::<Grant>(one, 1, &[crate::given::superadmin_revoked()]))).await?;
        store.append(append::<Grant>(other, 1, &[crate::given::superadmin_revoked()])).await?;
        store.folded().await?;
        assert_eq!(names(&store.projector.parked().await?), ["grants", "history"]);
        let held = "select count(*) from platform_grant where ended_at is null";
        assert_eq!(store.raw().await?.number(held).await?, 2);
        let is_sound = |person: PersonId| store.projector.is_sound(&StreamId::of::<Grant>(person));
        assert_eq!((is_sound(one), is_sound(other)), (false, true));
    }

    async fn what_waits_for_a_newer_version_does_not_depend_on_how_events_come_in(store: Store) {
        let (slowly, acme) = (store.fresh().await?, OrgId(id()));
        for append in script(acme, OrgId(id())) {
            store.log.append(append.clone()).await?;
            let appended = slowly.append(append).await?;
            slowly.folded_to(appended.last_position).await?;
        }
        store.folded().await?;
        assert_eq!(store.projector.parked().await?, slowly.projector.parked().await?);
        store.assert_sound().await?;
        slowly.assert_sound().await?;
    }

    async fn a_rebuild_leaves_the_same_to_a_newer_version(store: Store) {
        acme_and_apex(&store).await?;
        let parked = store.projector.parked().await?;
        assert_eq!(store.projector.rebuild(|_| ()).await?, 5);
        assert_eq!(store.projector.parked().await?, parked);
        store.assert_sound().await?;
    }

    async fn a_verification_counts_what_only_a_newer_version_can_read(store: Store) {
        acme_and_apex(&store).await?;
        let report = store.verified().await?;
        assert_eq!((report.findings.as_slice(), report.events, report.newer), ([].as_slice(), 5, 1));
    }

    /// A version that does not know the event verifies the read models of a version that does.
    async fn what_a_newer_version_folded_is_not_taken_for_a_fault(store: Store) {
        let (acme, _) = acme_and_apex(&store).await?;
        let mut raw = store.raw().await?;
        raw.run("delete from projection_parked").await?;
        raw.run("update org_detail set name = 'Merged', sequence = 3 where slug = 'acme'").await?;
        raw.run("update org_total set active = active - 1, archived = archived + 1").await?;
        assert_eq!(store.verified().await?.findings, [], "{acme}");
        raw.run("update org_detail set name = 'Evil' where slug = 'apex'").await?;
        let found = store.verified().await?.findings;
        assert!(found.len() == 1 && found[0].to_string().starts_with("org_detail: 1 rows"), "{found:?}");
    }

    async fn what_was_changed_is_found_beside_events_of_a_newer_version(store: Store) {
        acme_and_apex(&store).await?;
        let one = store.superadmin().await?;
        for (change, back, found) in [
            ("update claims set aggregate_id = 'somebody' where key = 'acme'", "", "claims: "),
            ("update guards set value = 3", "update guards set value = 1", "guards: "),
            ("insert into claims select namespace, 'more', aggregate_type, aggregate_id, position from claims where key = 'apex'", "", "claims: "),
        ] {
            let mut raw = store.raw().await?;
            raw.run(change).await?;
            let findings = store.verified().await?.findings;
            assert!(findings.iter().any(|it| it.to_string().starts_with(found)), "{one} {change}: {findings:?}");
            raw.run(if back.is_empty() { "select 1" } else { back }).await?;
        }
        store.tamper("update events set event_version = '3' where position = 2").await?;
        let findings = store.verified().await?.findings;
        assert!(findings[0].to_string().starts_with("#2: was changed"), "{findings:?}");
    }

    /// This version can't know what a newer one claimed: it accepts a claim by the stream of the event at that position.
    async fn a_claim_of_a_newer_version_is_no_finding(store: Store) {
        let slug = OrgEvent::Lifecycle(LifecycleEvent::OrgSlugChanged { slug: crate::given::slug("later") });
        let acme = store.org("Acme", "acme").await?;
        store.append(newer(append::<Org>(acme, 1, &[slug]))).await?;
        store.folded().await?;
        assert_eq!(store.raw().await?.number("select count(*) from claims where key = 'later'").await?, 1);
        store.assert_sound().await?;
        store.raw().await?.run("update claims set position = 1 where key = 'later'").await?;
        assert_eq!(store.verified().await?.findings.len(), 1);
    }

    /// An upgrade: the newer version folds what the older version had parked, stream by stream.
    async fn whoever_can_read_them_folds_parked_streams_anew(store: Store) {
        let (acme, _) = acme_and_apex(&store).await?;
        let store = upgraded(store).await?;
        assert_eq!(store.projector.parked().await?, []);
        assert!(store.projector.is_sound(&of(acme)));
        let scope = Scope::Platform(store.platform().await?);
        let read = org_detail::get(store.db(), &scope, acme.0).await?;
        assert_eq!(read.map(|org| (org.name, org.sequence)), Some(("Again".to_owned(), 3)));
        store.assert_sound().await?;
    }

    /// The code of a resource type may look like a UUID, but is text.
    async fn a_type_is_compared_and_folded_anew_by_its_code(store: Store) {
        let code: ResourceCode = "abcdef0123456789abcdef0123456789".parse()?;
        store.carry_out::<ResourceType>(code.clone(), define()?).await?;
        let relabel = ResourceTypeCommand::Relabel { label: "Later".parse()? };
        store.append(newer(store.decided::<ResourceType>(code.clone(), relabel).await?)).await?;
        store.folded().await?;
        store.raw().await?.run("delete from projection_parked").await?; // as a newer version would leave it
        assert_eq!(store.verified().await?.findings, []);
        store.projector.rebuild(|_| ()).await?;
        assert_eq!(store.projector.parked().await?.len(), 2, "{code}");
        let store = upgraded(store).await?;
        assert_eq!(store.projector.parked().await?, []);
        store.assert_sound().await?;
    }

    async fn whoever_runs_already_folds_them_anew_too(store: Store) {
        let acme = store.org("Acme", "acme").await?;
        store.append(append::<Org>(acme, 1, &[renamed("Acme 2"), renamed("Acme 3")])).await?;
        store.folded().await?;
        let mut raw = store.raw().await?;
        raw.run("update org_detail set name = 'Acme', sequence = 1 where slug = 'acme'").await?;
        let newer = if store.is_postgres() { "true" } else { "1" };
        let park = format!(
            "insert into projection_parked (name, version, aggregate_type, aggregate_id, from_position, error, newer)
             select name, version, 'org', '{acme}', 2, 'a newer portal wrote it', {newer}
             from projection where name <> 'grants'"
        );
        raw.run(&park).await?;
        until(&store, "select count(*) from projection_parked", 0).await?;
        store.assert_sound().await?;
    }

    async fn what_is_folded_anew_is_found_by_its_names(store: Store) {
        let acme = store.org("Acme", "acme").await?;
        store.append(newer(append::<Org>(acme, 1, &[renamed("Zanzibar Trading")]))).await?;
        let others: Vec<_> = (0..2100).map(|number| renamed(&format!("Name {number}"))).collect();
        let other = store.org("Other", "other").await?;
        store.append(append::<Org>(other, 1, &others)).await?;
        store.folded().await?;
        until(&store, "select count(*) from org_list_indexed where position >= 2000", 1).await?;
        let store = upgraded(store).await?;
        assert_eq!(store.projector.parked().await?, []);
        assert_eq!(found(&store, "zibar").await?, 1);
        store.assert_sound().await?;
    }

    async fn what_a_rebuild_brings_back_is_found_by_its_names(store: Store) {
        let acme = store.org("Acme", "acme").await?;
        store.append(newer(append::<Org>(acme, 1, &[renamed("Zanzibar Trading")]))).await?;
        let others: Vec<_> = (0..2100).map(|number| renamed(&format!("Name {number}"))).collect();
        let other = store.org("Other", "other").await?;
        store.append(append::<Org>(other, 1, &others)).await?;
        store.folded().await?;
        until(&store, "select count(*) from org_list_indexed where position >= 2000", 1).await?;
        hash_again_as_known(&store).await?;
        store.projector.rebuild(|_| ()).await?;
        assert_eq!(found(&store, "zibar").await?, 1);
        store.assert_sound().await?;
    }

    async fn an_export_has_what_only_a_newer_version_can_read(store: Store) {
        acme_and_apex(&store).await?;
        let mut file = vec![];
        assert_eq!(transfer::export(&store.log, &mut file, |_| ()).await?.events, 5);
        let other = store.fresh().await?;
        let refused = transfer::import(&other.log, file.as_slice(), |_| ()).await;
        assert!(refused.is_err_and(|why| why.to_string().contains("a newer portal wrote it")));
        assert_eq!(other.log.last_position().await?, 0);
    }
}

fn define() -> Outcome<ResourceTypeCommand> {
    let actions = Actions::of([Action::Read]).ok_or("one")?;
    let (label, description) = ("Project".parse()?, "".parse()?);
    Ok(ResourceTypeCommand::Define(Definition {
        label,
        description,
        actions,
        spread: RolloutPolicy::Everywhere,
    }))
}

/// Two organisations, five events; a newer version wrote the second.
async fn acme_and_apex(store: &Store) -> Outcome<(OrgId, OrgId)> {
    let (acme, apex) = (OrgId(id()), OrgId(id()));
    for append in script(acme, apex) {
        store.append(append).await?;
    }
    store.folded().await?;
    Ok((acme, apex))
}

fn script(acme: OrgId, apex: OrgId) -> [Append; 5] {
    [
        append::<Org>(acme, 0, &[created("Acme", "acme")]),
        newer(append::<Org>(acme, 1, &[renamed("Merged")])),
        append::<Org>(apex, 0, &[created("Apex", "apex")]),
        append::<Org>(acme, 2, &[renamed("Again")]),
        append::<Org>(apex, 1, &[renamed("Better")]),
    ]
}

/// Makes the store look as a newer version would find it, which can read the unknown event.
async fn upgraded(store: Store) -> Outcome<Store> {
    hash_again_as_known(&store).await?;
    store.reopened().await
}

/// Rewrites version 2 events as version 1: so this version can read them, as a newer one could read version 2.
async fn hash_again_as_known(store: &Store) -> Outcome {
    let mut owner = owner(store).await?;
    assert!(owner.run("update events set event_version = '1' where event_version = '2'").await? > 0);
    hash_again(store, &mut owner).await
}

pub(crate) async fn until(store: &Store, query: &str, wanted: i64) -> Outcome {
    let deadline = Instant::now() + Duration::from_secs(20);
    while store.raw().await?.number(query).await? != wanted {
        assert!(Instant::now() < deadline, "{query} does not come to {wanted}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// How many organisations a search finds.
pub(crate) async fn found(store: &Store, text: &str) -> Outcome<usize> {
    let platform = store.platform().await?;
    let filter =
        org_list::OrgListFilter { text: Some(text.to_owned()), ..org_list::OrgListFilter::default() };
    let page = org_list::page(store.db(), &platform, &filter, &org_list::OrgListOrder::default(), 10).await?;
    Ok(page.rows.len())
}

pub(crate) fn newer(append: Append) -> Append {
    let of_version_2 = |event| Draft { event_version: "2".to_owned(), ..event };
    Append { events: append.events.into_iter().map(of_version_2).collect(), ..append }
}

fn of(org: OrgId) -> StreamId {
    StreamId::of::<Org>(org)
}

fn names(parked: &[Parked]) -> Vec<&str> {
    parked.iter().map(|parked| parked.name.as_str()).collect()
}

//! Verification finds what somebody changed behind the log's back, and nothing in a healthy store.

use domain::Grant;
use domain::Org;
use domain::org::Role;
use domain::values::PersonId;
use projections::projector::{Finding, Progress};

use crate::engines;
use crate::given::{
    Outcome, Store, accept, append, creation, id, invite, invitee, superadmin_granted, superadmin_revoked,
};

engines! {
    async fn a_healthy_store_has_no_findings(store: Store) {
        some_history(&store).await?;
        let report = store.verified().await?;
        assert_eq!((report.findings.as_slice(), report.events), ([].as_slice(), 8));
        assert_eq!(report.tables.len(), 13);
        store.projector.rebuild(|_| ()).await?;
        store.assert_sound().await?;
    }

    async fn an_empty_store_has_no_findings(store: Store) {
        assert_eq!(store.verified().await?.findings, []);
        assert_eq!(store.projector.rebuild(|_| ()).await?, 0);
    }

    async fn progress_goes_up_to_the_end(store: Store) {
        some_history(&store).await?;
        let seen = std::sync::Mutex::new(vec![]);
        store.projector.verify(|Progress { done, of }| seen.lock().expect("one thread").push((done, of))).await?;
        assert_eq!(seen.into_inner()?, [(8, 16), (16, 16)]);
    }

    async fn an_edited_payload_is_found(store: Store) {
        some_history(&store).await?;
        let edit = if store.is_postgres() {
            "update events set payload = replace(payload::text, 'Acme', 'Evil')::json where position = 1"
        } else {
            "update events set payload = replace(payload, 'Acme', 'Evil') where position = 1"
        };
        store.tamper(edit).await?;
        let changed = "was changed: its hash is not the hash of what stands there";
        assert_eq!(found(&store).await?, [format!("#1: {changed}")]);
    }

    async fn edited_metadata_are_found(store: Store) {
        some_history(&store).await?;
        let (cast, back) = if store.is_postgres() { ("metadata::text", "::json") } else { ("metadata", "") };
        let edit = format!("update events set metadata = replace({cast}, 'shell', 'setup'){back} where position = 2");
        store.tamper(&edit).await?;
        let changed = "was changed: its hash is not the hash of what stands there";
        assert_eq!(found(&store).await?, [format!("#2: {changed}")]);
    }

    async fn an_edited_time_is_found(store: Store) {
        some_history(&store).await?;
        let earlier = if store.is_postgres() { "recorded_at - interval '1 hour'" } else { "recorded_at - 3600000000" };
        store.tamper(&format!("update events set recorded_at = {earlier} where position = 4")).await?;
        let found = found(&store).await?;
        assert!(found.iter().any(|what| what.contains("before the event in front of it")), "{found:?}");
    }

    async fn a_removed_event_is_found(store: Store) {
        some_history(&store).await?;
        store.tamper("delete from events where position = 3").await?;
        assert_eq!(found(&store).await?, ["#3: is missing; the log goes on at #4"]);
    }

    async fn a_removed_last_event_is_found(store: Store) {
        some_history(&store).await?;
        store.tamper("delete from events where position = 8").await?;
        let found = found(&store).await?;
        assert!(found.iter().any(|what| what == "#8: is missing; the read models have folded up to #8"), "{found:?}");
        store.projector.rebuild(|_| ()).await?;
    }

    async fn a_served_row_that_was_changed_removed_or_added_is_found(store: Store) {
        some_history(&store).await?;
        let mut raw = store.raw().await?;
        for (statement, expected) in [
            ("update org_detail set members = 7 where slug = 'acme'", "org_detail: 1 rows of the log are not served, 1 served"),
            ("delete from org_slug where slug = 'apex'", "org_slug: 1 rows of the log are not served, 0 served"),
            ("delete from history where position = 2", "history: 1 rows of the log are not served, 0 served"),
            (
                "insert into membership select org_id, org_id, 'owner', joined_at, 1 from membership",
                "membership: 0 rows of the log are not served, 1 served",
            ),
        ] {
            raw.run(statement).await?;
            let found = found(&store).await?;
            assert!(found.len() == 1 && found[0].starts_with(expected), "{statement}: {found:?}");
            store.projector.rebuild(|_| ()).await?;
            store.assert_sound().await?;
        }
    }

    async fn a_superadmin_that_the_log_never_made_is_found(store: Store) {
        some_history(&store).await?;
        let made_up = "insert into platform_grant (person_id, role, position, granted_at, granted_by, reason, begun, sequence)
                       select org_id, 'superadmin', 1, created_at, 'shell', 'no reason at all', 1 = 1, 1 from org_detail";
        store.raw().await?.run(made_up).await?;
        let found = found(&store).await?;
        assert_eq!(found, ["platform_grant: 0 rows of the log are not served, 2 served rows are not of the log"]);
    }

    async fn a_changed_claim_is_found(store: Store) {
        some_history(&store).await?;
        let mut raw = store.raw().await?;
        raw.run("update claims set aggregate_id = 'somebody else' where key = 'acme'").await?;
        assert!(found(&store).await?[0].starts_with("claims: "));
        raw.run("delete from claims where key = 'acme'").await?;
        assert!(found(&store).await?[0].starts_with("claims: "));
    }

    async fn a_changed_guard_is_found(store: Store) {
        some_history(&store).await?;
        store.raw().await?.run("update guards set value = 3").await?;
        assert!(found(&store).await?[0].starts_with("guards: "));
    }

    async fn a_removed_command_is_found(store: Store) {
        some_history(&store).await?;
        store.raw().await?.run("delete from commands where first_position = 3").await?;
        assert!(found(&store).await?[0].starts_with("#3: belongs to command"));
    }
}

/// Eight events of three streams: two organisations, one with a member, and one superadmin of two.
pub(crate) async fn some_history(store: &Store) -> Outcome {
    let acme = store.org("Acme", "acme").await?;
    store.org("Apex", "apex").await?;
    let owner = invitee(PersonId(id()), Role::Owner);
    store.carry_out::<Org>(acme, invite(&owner)).await?;
    store.carry_out::<Org>(acme, accept(&owner)).await?;
    let (one, _other) = (store.superadmin().await?, store.superadmin().await?);
    store.append(append::<Grant>(one, 1, &[superadmin_revoked(), superadmin_granted()])).await?;
    let _refused = store.append(creation("Other", "acme")).await;
    store.folded().await
}

async fn found(store: &Store) -> Outcome<Vec<String>> {
    Ok(store.verified().await?.findings.iter().map(Finding::to_string).collect())
}

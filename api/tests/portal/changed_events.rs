//! An event that somebody changed in the database, as everybody meets it: while it is so, after everything was folded again,
//! and once it is put right.

use std::time::{Duration, Instant};

use domain::org::{LifecycleCommand, OrgCommand, Role};
use projections::testing;

use crate::proof::sealing;
use crate::world::World;

const EXPORT: &str = "/admin/history/export?format=ndjson";

/// What was seen: after a rebuild the history left the organisation out, and an export of all of it was signed as complete.
async fn an_export_has_every_event_and_is_not_signed_while_one_is_changed(world: World) {
    let (world, desk) = sealing(&world).await;
    let ana = world.operator().await;
    let acme = world.org("acme").await;
    world.suspended(acme, "The invoice of April").await;
    let position = world.position().await;
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    world.org("bolt").await;
    let end = world.position().await;
    assert_eq!(desk.verify_export(&ana.get(EXPORT).await.body).code, Some(0));

    world.change(["April", "March"]);
    world.app.projector.rebuild(|_| ()).await.expect("it folds what it can");
    let all = ana.get(EXPORT).await.body;
    assert_eq!(
        all.lines().filter(|line| line.starts_with("{\"position\"")).count(),
        usize::try_from(end).expect("few")
    );
    for of in [EXPORT.to_owned(), format!("{EXPORT}&org=bolt")] {
        let said = desk.verify_export(&ana.get(&of).await.body);
        assert!(said.code == Some(1) && said.out.contains("it is not signed"), "{of}: {said:?}");
    }
    for page in ["/admin/history", &format!("/admin/history/{position}"), "/admin/history?org=acme"] {
        ana.get(page).await.is(200).shows("was changed after it was written");
    }
    ana.get(&format!("/admin/orgs/{acme}")).await.is(200).shows("can't be read");

    world.change(["March", "April"]);
    until("the read models are whole again", async || {
        world.app.projector.parked().await.expect("readable").is_empty()
    })
    .await;
    ana.get(&format!("/admin/orgs/{acme}")).await.is(200).hides("can't be read");
    ana.get("/admin/history?org=acme").await.is(200).shows("The invoice of April").hides("was changed after");
    assert_eq!(desk.verify_export(&ana.get(EXPORT).await.body).code, Some(0));
    let findings = world.app.projector.verify(|_| ()).await.expect("readable").findings;
    assert!(
        findings.iter().all(|finding| finding.to_string().starts_with("the database is not as")),
        "{findings:?}"
    );
}

/// The first event of an organisation, without which there is nothing of it.
async fn an_organisation_without_its_beginning_is_damaged_and_comes_back(world: World) {
    let ana = world.operator().await;
    let acme = world.org("acme").await;
    let mike = world.joined(acme, "mike@example.com", Role::Owner).await;
    world.change(["Acme Ltd", "Evil Ltd"]);
    world.app.projector.rebuild(|_| ()).await.expect("it folds what it can");
    ana.get("/admin/orgs").await.is(200).hides("Evil Ltd");
    ana.get("/admin/history").await.is(200).shows("was changed after it was written");
    assert_ne!(mike.get("/org/acme/dashboard").await.status, 200);
    world.change(["Evil Ltd", "Acme Ltd"]);
    until("it is there again", async || mike.get("/org/acme/dashboard").await.status == 200).await;
    ana.get(&format!("/admin/orgs/{acme}")).await.is(200).shows("Acme Ltd");
}

/// A column that its table lets be empty, which portal never does.
async fn an_event_without_a_value_is_shown_as_one_that_was_changed(world: World) {
    let ana = world.operator().await;
    let acme = world.org("acme").await;
    world.suspended(acme, "The invoice of April").await;
    let position = world.position().await;
    let open = match world.app.db.engine() {
        "sqlite" => {
            "drop trigger events_no_update; pragma writable_schema = on;
             update sqlite_schema set sql = replace(sql, 'not null', '') where name = 'events';
             pragma writable_schema = reset"
        }
        _ => "alter table events disable trigger all; alter table events alter column metadata drop not null",
    };
    let change = format!("{open}; update events set metadata = null where position = {position}");
    testing::execute(&world.app.settings.database_url, change.leak());
    for page in ["/admin/history", &format!("/admin/history/{position}")] {
        ana.get(page).await.is(200).shows("was changed after it was written");
    }
    for page in [
        format!("/admin/orgs/{acme}"),
        format!("/admin/orgs/{acme}/history"),
        format!("/admin/history?at={position}"),
        format!("/admin/orgs?at={position}"),
        format!("/admin/orgs/{acme}?at={position}"),
        format!("/admin/history/{position}/evidence"),
        format!("/admin/history/{position}/revert"),
        "/admin/history/export?format=csv".to_owned(),
    ] {
        let answer = ana.get(&page).await;
        assert!(answer.status < 500, "{page}: {}", answer.body);
    }
}

/// What was seen: a page of the program's own fault, without a word of the log.
async fn there_is_no_evidence_where_an_event_is_gone(world: World) {
    let (world, _desk) = sealing(&world).await;
    let ana = world.operator().await;
    for name in ["acme", "bolt", "core"] {
        world.org(name).await;
    }
    world.seal().await.expect("nothing stands against it");
    let last = world.position().await;
    let open = match world.app.db.engine() {
        "sqlite" => "drop trigger events_no_delete",
        _ => "alter table events disable trigger all",
    };
    let gone = last - 1;
    let change = format!("{open}; delete from events where position = {gone}");
    testing::execute(&world.app.settings.database_url, change.leak());
    for position in [gone, last] {
        let answer = ana.get(&format!("/admin/history/{position}/evidence")).await;
        answer.is(409).shows("the log is not what was signed").shows("portal verify");
    }
    ana.get(&format!("/admin/history/{last}")).await.is(200).shows("the log is not what was signed");
    ana.get(&format!("/admin/history/{}/evidence", last + 1)).await.is(404);
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(20), "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

engines! {
    an_export_has_every_event_and_is_not_signed_while_one_is_changed,
    an_organisation_without_its_beginning_is_damaged_and_comes_back,
    an_event_without_a_value_is_shown_as_one_that_was_changed,
    there_is_no_evidence_where_an_event_is_gone,
}

//! S19, over HTTP: an event is undone with a click, once, and the undoing as well.

use api::clock;
use domain::org::{LifecycleCommand, OrgCommand, Role};
use domain::values::OrgId;

use crate::client::{Answer, Client};
use crate::world::World;

async fn revert(by: &Client, position: i64) -> Answer {
    by.post(&path(position), &[("command_id", &*clock::new_id().to_string())]).await
}

fn path(position: i64) -> String {
    format!("/admin/history/{position}/revert")
}

/// Acme, suspended by accident: its id, a member, and where that stands.
async fn suspended(world: &World) -> (OrgId, Client, i64) {
    let acme = world.org("acme").await;
    let mike = world.member(acme).await;
    world.suspended(acme, "Unpaid invoice").await;
    (acme, mike, world.position().await)
}

async fn a_suspension_is_undone_with_a_click_and_that_again(world: World) {
    let (_, mike, at) = suspended(&world).await;
    let ana = world.operator().await;
    mike.get("/org/acme/dashboard").await.is(403);
    let preview = ana.get(&path(at)).await;
    preview.is(200).shows("suspended: Unpaid invoice").shows("reinstated").shows("What does not come back");
    let before = world.position().await;
    let done = revert(&ana, at).await;
    ana.get(done.is(303).location()).await.is(200).shows("You").shows("reinstated").shows("Undo");
    mike.get("/org/acme/dashboard").await.is(200);
    assert_eq!(world.since(before).await, ["OrgReinstated"]);
    let undone = world.last_event().await;
    assert_eq!(undone.metadata().expect("readable").reverts, Some(at));
    revert(&ana, at).await.is(409).shows(&format!("it was reverted by #{}", undone.position));
    revert(&ana, undone.position).await.is(303);
    mike.get("/org/acme/dashboard").await.is(403).shows("Unpaid invoice");
    world.verify().await;
}

async fn a_protected_organisation_comes_back_as_any_other(world: World) {
    let acme = world.org("acme").await;
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    let ana = world.operator().await;
    let form = [
        ("command_id", &*clock::new_id().to_string()),
        ("reason", "A slip of the hand"),
        ("confirmed", "acme"),
    ];
    let done = ana.post(&format!("/admin/orgs/{acme}/suspension"), &form).await;
    let page = ana.get(done.is(303).location()).await;
    let undo =
        page.is(200).body.split("action=\"").find(|rest| rest.starts_with("/admin/history/")).expect("Undo");
    let undo = undo.split('"').next().expect("a path");
    ana.post(undo, &[("command_id", &*clock::new_id().to_string())]).await.is(303);
    ana.get(&format!("/admin/orgs/{acme}")).await.shows("data-status=\"active\"");
    world.verify().await;
}

async fn what_was_decided_since_is_shown_and_not_overrun(world: World) {
    let (acme, _, at) = suspended(&world).await;
    let ana = world.operator().await;
    let page = ana.get(&path(at)).await;
    let sequence =
        page.body.split("name=\"expected_sequence\" value=\"").nth(1).expect("bound to a sequence");
    let sequence = sequence.split('"').next().expect("a number").to_owned();
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    let before = world.position().await;
    let form = [("command_id", &*clock::new_id().to_string()), ("expected_sequence", &sequence)];
    ana.post(&path(at), &form)
        .await
        .is(409)
        .shows("Somebody changed this while you were here.")
        .shows("Revert it");
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    let later = world.position().await;
    revert(&ana, at).await.is(409).shows(&format!("#{later} decided about the same since"));
    assert_eq!(world.since(before).await, ["OrgReinstated"]);
}

async fn a_change_of_policy_is_undone_to_whom_it_reached(world: World) {
    let ana = world.operator().await;
    let old = world.org("old").await;
    let fields = [
        ("code", "project"),
        ("label", "Project"),
        ("action", "read"),
        ("description", ""),
        ("spread", "new_only"),
    ];
    let id = clock::new_id().to_string();
    ana.post("/admin/reference-data/new", &[&[("command_id", &*id)], fields.as_slice()].concat())
        .await
        .is(303);
    let new = world.org("fresh").await;
    let form = [("command_id", &*clock::new_id().to_string()), ("spread", "everywhere")];
    ana.post("/admin/reference-data/project/spread", &form).await.is(303);
    let at = world.position().await;
    let (of_old, of_new) = (
        world.joined(old, "o@example.com", Role::Owner).await,
        world.joined(new, "n@example.com", Role::Owner).await,
    );
    of_old.get("/org/old/roles").await.shows("Project");
    revert(&ana, at).await.is(303);
    assert!(!of_old.get("/org/old/roles").await.body.contains("Project"));
    of_new.get("/org/fresh/roles").await.shows("Project");
    world.verify().await;
}

async fn boxes_that_were_saved_together_are_undone_together(world: World) {
    let ana = world.operator().await;
    let acme = world.org("acme").await;
    for code in ["project", "invoice"] {
        let fields = [
            ("code", code),
            ("label", code),
            ("action", "read"),
            ("description", ""),
            ("spread", "everywhere"),
        ];
        let id = clock::new_id().to_string();
        ana.post("/admin/reference-data/new", &[&[("command_id", &*id)], fields.as_slice()].concat())
            .await
            .is(303);
    }
    let olga = world.owner(acme).await;
    let form = [
        ("command_id", &*clock::new_id().to_string()),
        ("allow", "read project member"),
        ("allow", "read invoice member"),
    ];
    olga.post("/org/acme/roles", &form).await.is(303);
    let (before, at) = (world.position().await, world.position().await);
    ana.get(&path(at)).await.is(200).shows("Revert all 2 that were done together");
    let all = format!("{}?all=true", path(at));
    ana.post(&all, &[("command_id", &*clock::new_id().to_string())]).await.is(303);
    assert_eq!(world.since(before).await, ["PermissionsWithdrawn", "PermissionsWithdrawn"]);
}

async fn what_cannot_be_undone_says_why_and_nonsense_is_not_found(world: World) {
    let acme = world.org("acme").await;
    let (ana, created) = (world.operator().await, 1);
    ana.get(&path(created))
        .await
        .is(200)
        .shows("This is not reverted")
        .shows("archive or deactivate it instead");
    revert(&ana, created).await.is(409);
    for nonsense in ["0", "-1", "999999", "9223372036854775807", "9223372036854775808", "x", "1.5"] {
        ana.get(&format!("/admin/history/{nonsense}/revert")).await.is(404);
    }
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    let at = world.position().await;
    let before = at;
    world.auditor().await.get(&path(at)).await.is(403);
    let owner = world.owner(acme).await;
    owner.post(&path(at), &[("command_id", &*clock::new_id().to_string())]).await.is(303);
    assert!(!world.since(before).await.contains(&"OrgUnprotected".to_owned()));
}

async fn a_click_that_is_sent_twice_undoes_once_and_gives_one_answer(world: World) {
    let (_, _, at) = suspended(&world).await;
    let ana = world.operator().await;
    let before = world.position().await;
    let form = [("command_id", &*clock::new_id().to_string())];
    let path = path(at);
    let (one, other) = tokio::join!(ana.post(&path, &form), ana.post(&path, &form));
    let again = ana.post(&path, &form).await;
    let first = one.is(303).location().to_owned();
    assert_eq!([other.is(303).location(), again.is(303).location()], [first.as_str(); 2]);
    assert_eq!(world.since(before).await, ["OrgReinstated"]);
}

async fn what_was_undone_and_what_undid_it_are_found_in_the_history(world: World) {
    let (_, _, at) = suspended(&world).await;
    let ana = world.operator().await;
    revert(&ana, at).await.is(303);
    let undone = world.position().await;
    // The frame of each page links to the last event, so it is the other one that tells.
    let suspension = format!("href=\"/admin/history/{at}\"");
    ana.get("/admin/history?only=reverted").await.is(200).shows("1 event").shows(&suspension);
    let reverts = ana.get("/admin/history?only=reverts").await;
    assert!(!reverts.is(200).shows("1 event").body.contains(&suspension));
    ana.get(&format!("/admin/history/{at}")).await.shows("This was undone by");
    ana.get(&format!("/admin/history/{undone}")).await.shows("This undoes");
}

engines! {
    a_suspension_is_undone_with_a_click_and_that_again,
    a_protected_organisation_comes_back_as_any_other,
    what_was_decided_since_is_shown_and_not_overrun,
    a_change_of_policy_is_undone_to_whom_it_reached,
    boxes_that_were_saved_together_are_undone_together,
    what_cannot_be_undone_says_why_and_nonsense_is_not_found,
    a_click_that_is_sent_twice_undoes_once_and_gives_one_answer,
    what_was_undone_and_what_undid_it_are_found_in_the_history,
}

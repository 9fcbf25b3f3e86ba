//! What becomes of members: another role, their removal, their own departure; in the console and inside the organisation.

use api::bus::{Envelope, Principal, SendError};
use domain::Org;
use domain::org::{MemberCommand, OrgError, Role};
use domain::values::{OrgId, PersonId};
use futures::future::join_all;

use crate::client::Client;
use crate::world::World;

fn console(org: OrgId, member: &Client, change: &str) -> String {
    format!("/admin/orgs/{}/members/{}/{change}", org.0, member.person().0)
}

fn inside(member: &Client, change: &str) -> String {
    format!("/org/acme/members/{}/{change}", member.person().0)
}

async fn an_operator_changes_a_role_and_takes_it_back(world: World) {
    let acme = world.org("acme").await;
    let (ana, mike) = (world.operator().await, world.member(acme).await);
    ana.get(&format!("/admin/orgs/{}/members", acme.0)).await.shows("Change role").shows("Remove");
    let path = console(acme, &mike, "role");
    ana.get(&path).await.is(200).shows("Change the role of");
    let done = ana.submit(&path, &[("role", "admin")]).await;
    done.is(303);
    let page = ana.get(done.location()).await;
    page.is(200).shows("made").shows("admin of");
    mike.get("/org/acme/dashboard").await.is(200).shows("You are an admin here.");
    let position = world.position().await;
    ana.submit(&format!("/admin/history/{position}/revert"), &[]).await.is(303);
    mike.get("/org/acme/dashboard").await.shows("You are a member here.");
    world.verify().await;
}

async fn whoever_is_removed_sees_nothing_from_the_next_request_on(world: World) {
    let acme = world.org("acme").await;
    let (ana, mike) = (world.operator().await, world.member(acme).await);
    mike.get("/org/acme/dashboard").await.is(200);
    ana.submit(&console(acme, &mike, "removal"), &[]).await.is(303);
    for path in
        ["/org/acme/dashboard", "/org/acme/members", "/org/acme/roles", "/api/v1/orgs/acme/permissions"]
    {
        mike.get(path).await.is(404);
    }
    mike.get("/organisations/select").await.hides("Acme");
    let position = world.position().await;
    ana.submit(&format!("/admin/history/{position}/revert"), &[]).await.is(303);
    mike.get("/org/acme/dashboard").await.is(200).shows("You are a member here.");
    world.verify().await;
}

async fn an_admin_changes_members_and_no_owner(world: World) {
    let acme = world.org("acme").await;
    let (olga, adam) = (world.owner(acme).await, world.joined(acme, "adam@example.com", Role::Admin).await);
    let mike = world.member(acme).await;
    adam.get("/org/acme/members").await.is(200).shows(&inside(&mike, "role")).hides(&inside(&olga, "role"));
    mike.get("/org/acme/members").await.is(200).hides("Change role");
    adam.get(&inside(&mike, "role")).await.is(200).shows("value=\"admin\"").hides("value=\"owner\"");
    olga.get(&inside(&mike, "role")).await.is(200).shows("value=\"owner\"");
    let before = world.position().await;
    adam.submit(&inside(&mike, "role"), &[("role", "admin")]).await.is(303);
    adam.submit(&inside(&mike, "role"), &[("role", "owner")]).await.is(403);
    adam.submit(&inside(&olga, "role"), &[("role", "member")]).await.is(403);
    adam.submit(&inside(&olga, "removal"), &[]).await.is(403);
    assert_eq!(world.since(before).await, ["MemberRoleChanged"]);
    olga.submit(&inside(&mike, "role"), &[("role", "owner")]).await.is(303);
    olga.submit(&inside(&adam, "removal"), &[]).await.is(303);
    adam.get("/org/acme/members").await.is(404);
    world.verify().await;
}

async fn the_last_owner_stays_and_is_told_why(world: World) {
    let acme = world.org("acme").await;
    let (ana, olga, mike) = (world.operator().await, world.owner(acme).await, world.member(acme).await);
    let before = world.position().await;
    let why = "an organisation always has an owner, and this is the last one";
    ana.submit(&console(acme, &olga, "role"), &[("role", "admin")]).await.is(422).shows(why);
    ana.submit(&console(acme, &olga, "removal"), &[]).await.is(422).shows(why);
    olga.submit(&inside(&olga, "role"), &[("role", "member")]).await.is(422).shows(why);
    olga.submit("/org/acme/departure", &[]).await.is(422).shows(why);
    assert_eq!(world.since(before).await, [""; 0]);
    olga.submit(&inside(&mike, "role"), &[("role", "owner")]).await.is(303);
    olga.submit("/org/acme/departure", &[]).await.leads_to("/");
    olga.get("/org/acme/dashboard").await.is(404);
    ana.get("/admin/orgs").await.is(200).shows("mike@example.com").hides("olga@example.com");
    world.verify().await;
}

async fn whoever_leaves_is_gone_and_can_be_invited_again(world: World) {
    let acme = world.org("acme").await;
    let (_olga, mike) = (world.owner(acme).await, world.member(acme).await);
    mike.get("/org/acme/departure").await.is(200).shows("Leave Acme Ltd");
    mike.submit("/org/acme/departure", &[]).await.leads_to("/");
    mike.get("/org/acme/dashboard").await.is(404);
    world.admitted(acme, mike.person(), Role::Admin).await;
    mike.get("/org/acme/dashboard").await.is(200).shows("You are an admin here.");
    world.verify().await;
}

async fn what_somebody_else_did_meanwhile_is_shown_first(world: World) {
    let acme = world.org("acme").await;
    let (ana, olga, mike) = (world.operator().await, world.owner(acme).await, world.member(acme).await);
    let path = console(acme, &mike, "role");
    let page = ana.get(&path).await;
    olga.submit(&inside(&mike, "role"), &[("role", "admin")]).await.is(303);
    let fields = page.filled(&[("role", "owner")]);
    ana.post(&path, &fields).await.is(409).shows("Somebody changed this organisation while you were here.");
    mike.get("/org/acme/dashboard").await.shows("You are an admin here.");
}

/// Two owners demote each other at the same moment, 100 times: one of them stays each time.
async fn of_two_last_owners_who_demote_each_other_one_stays(world: World) {
    let acme = world.org("acme").await;
    let (olga, otto) = (world.owner(acme).await, world.joined(acme, "otto@example.com", Role::Owner).await);
    let (olga, otto) = (olga.person(), otto.person());
    for _ in 0..100 {
        let answers =
            join_all([(olga, otto), (otto, olga)].map(|(by, of)| demote(&world, acme, by, of))).await;
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(done, 1, "{answers:?}");
        let demoted = if answers[0].is_ok() { otto } else { olga };
        world.given(acme, MemberCommand::ChangeRole { person: demoted, role: Role::Owner }.into()).await;
    }
    world.verify().await;
}

async fn demote(world: &World, org: OrgId, by: PersonId, of: PersonId) -> Result<(), SendError<OrgError>> {
    let proven_at = Some(api::clock::now());
    let principal = Principal::Person { person: by, grant: None, proven_at };
    let command = MemberCommand::ChangeRole { person: of, role: Role::Member };
    world.app.bus.send::<Org>(&principal, org, command, Envelope::new()).await.map(drop)
}

engines!(
    an_operator_changes_a_role_and_takes_it_back,
    whoever_is_removed_sees_nothing_from_the_next_request_on,
    an_admin_changes_members_and_no_owner,
    the_last_owner_stays_and_is_told_why,
    whoever_leaves_is_gone_and_can_be_invited_again,
    what_somebody_else_did_meanwhile_is_shown_first,
    of_two_last_owners_who_demote_each_other_one_stays,
);

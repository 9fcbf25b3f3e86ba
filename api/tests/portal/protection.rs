//! Protected organisations, the operator's own first: nobody shuts themselves out for good.

use api::{clock, reactor};
use chrono::{DateTime, TimeDelta, Utc};
use domain::org::{OrgCommand, Role};
use domain::values::OrgId;

use crate::client::{Answer, Client};
use crate::world::World;

async fn the_suspension_of_a_protected_org_ends_by_itself(world: World) {
    let (ana, dream) = protected(&world).await;
    let before = world.position().await;
    suspend(&ana, dream).await.is(303);
    ana.get(&format!("/admin/orgs/{dream}"))
        .await
        .is(200)
        .shows("It is reinstated by itself")
        .shows("Confirm the suspension");
    world
        .auditor()
        .await
        .get(&format!("/admin/orgs/{dream}"))
        .await
        .shows("It is reinstated")
        .hides("Confirm the suspension");
    reactor::act(&world.app, in_minutes(14)).await.expect("acts");
    assert_eq!(world.since(before).await, ["OrgSuspended", "OrgReinstatementScheduled", "AuditorGranted"]);
    reactor::act(&world.app, in_minutes(16)).await.expect("acts");
    reactor::act(&world.app, in_minutes(17)).await.expect("acts");
    assert_eq!(world.since(before + 3).await, ["OrgReinstated"]);
    ana.get(&format!("/admin/orgs/{dream}/history"))
        .await
        .shows("The timer")
        .shows("set the timer that reinstates");
    ana.get("/org/dreamineering/dashboard").await.is(200);
    world.verify().await;
}

async fn two_timers_reinstate_once(world: World) {
    let (ana, dream) = protected(&world).await;
    suspend(&ana, dream).await.is(303);
    let before = world.position().await;
    let late = in_minutes(16);
    let acts = (0..8).map(|_| reactor::act(&world.app, late));
    for act in futures::future::join_all(acts).await {
        act.expect("acts");
    }
    assert_eq!(world.since(before).await, ["OrgReinstated"]);
}

async fn only_a_new_sign_in_confirms(world: World) {
    let (ana, dream) = protected(&world).await;
    suspend(&ana, dream).await.is(303);
    let confirmation = format!("/admin/orgs/{dream}/confirmation");
    ana.get(&confirmation).await.is(200).shows("Sign in again first");
    ana.submit(&confirmation, &[]).await.is(422).shows("sign out and in again first");
    let before = world.position().await;
    let again = world.signed_in(ana.person()).await;
    again.get(&confirmation).await.is(200).hides("Sign in again first");
    let done = again.submit(&confirmation, &[]).await;
    again
        .get(done.is(303).location())
        .await
        .shows("</strong> confirmed the suspension of")
        .hides("reinstated by itself");
    reactor::act(&world.app, in_minutes(60)).await.expect("acts");
    assert_eq!(world.since(before).await, ["OrgSuspensionConfirmed"]);
    world.verify().await;
}

async fn signing_out_to_sign_in_again_leads_back(world: World) {
    let (ana, dream) = protected(&world).await;
    let there = format!("%2Fadmin%2Forgs%2F{dream}%2Fconfirmation");
    ana.post(&format!("/logout?next={there}"), &[]).await.leads_to(&format!("/login?next={there}"));
    world.anonymous().post("/logout?next=https%3A%2F%2Fevil.example", &[]).await.leads_to("/login");
}

/// S4: the console does not depend on any organisation, the operator's own included.
async fn whoever_suspends_their_own_org_still_has_the_console(world: World) {
    let (ana, dream) = protected(&world).await;
    suspend(&ana, dream).await.is(303);
    ana.get("/org/dreamineering/dashboard").await.is(403).shows("Suspended by mistake");
    for path in ["/admin/orgs", "/admin/superadmins", "/admin/history", &format!("/admin/orgs/{dream}")] {
        ana.get(path).await.is(200);
    }
    ana.submit(&format!("/admin/orgs/{dream}/reinstatement"), &[]).await.is(303);
    ana.get("/org/dreamineering/dashboard").await.is(200);
}

async fn the_first_refusal_of_a_suspension_is_measured_and_shown(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let mike = world.member(acme).await;
    let page = format!("/admin/orgs/{acme}");
    world.suspended(acme, "The invoice of May is unpaid").await;
    ana.get(&page).await.is(200).shows("No member has asked for anything since.");
    mike.get("/org/acme/dashboard").await.is(403);
    let first = ana.get(&page).await;
    let told = first.shows("The first request of a member was refused").body.clone();
    mike.get("/org/acme/members").await.is(403);
    let told_later = ana.get(&page).await.body.clone();
    let sentence = |page: &str| {
        page.split("was refused ").nth(1).and_then(|rest| rest.split('<').next()).map(str::to_owned)
    };
    assert_eq!(sentence(&told), sentence(&told_later), "only the first counts");
    world.given(acme, OrgCommand::Reinstate).await;
    ana.get(&page).await.hides("was refused");
}

/// A superadmin and their own organisation, which is protected.
async fn protected(world: &World) -> (Client, OrgId) {
    let (ana, dream) = (world.operator().await, world.org("dreamineering").await);
    world.joined(dream, "ana@example.com", Role::Owner).await;
    world.given(dream, OrgCommand::Protect).await;
    (ana, dream)
}

async fn suspend(ana: &Client, org: OrgId) -> Answer {
    let fields = [("reason", "Suspended by mistake"), ("confirmed", "dreamineering")];
    ana.submit(&format!("/admin/orgs/{org}/suspension"), &fields).await
}

fn in_minutes(minutes: i64) -> projections::Timestamp {
    (DateTime::<Utc>::from(clock::now()) + TimeDelta::minutes(minutes)).into()
}

engines! {
    the_suspension_of_a_protected_org_ends_by_itself,
    two_timers_reinstate_once,
    only_a_new_sign_in_confirms,
    signing_out_to_sign_in_again_leads_back,
    whoever_suspends_their_own_org_still_has_the_console,
    the_first_refusal_of_a_suspension_is_measured_and_shown,
}

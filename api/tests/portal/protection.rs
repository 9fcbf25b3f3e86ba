//! Protected organisations, the operator's own first: nobody shuts themselves out for good.

use std::time::Duration;

use api::clock;
use api::jobs::timers;
use chrono::{DateTime, TimeDelta, Utc};
use domain::org::{Confirmation, LifecycleCommand, OrgCommand, Role};
use domain::values::OrgId;
use projections::{Db, EventLog};

use crate::client::{Answer, Client};
use crate::process::Process;
use crate::wire::Wire;
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
    timers::act(&world.app, in_minutes(14)).await.expect("acts");
    assert_eq!(world.since(before).await, ["OrgSuspended", "OrgReinstatementScheduled", "AuditorGranted"]);
    timers::act(&world.app, in_minutes(16)).await.expect("acts");
    timers::act(&world.app, in_minutes(17)).await.expect("acts");
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
    let acts = (0..8).map(|_| timers::act(&world.app, late));
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
    let command_id = clock::new_id().to_string();
    ana.post(&confirmation, &[("command_id", &command_id)]).await.is(422).shows("Sign in again first");
    let before = world.position().await;
    let again = world.signed_in(ana.person()).await;
    again.get(&confirmation).await.is(200).hides("Sign in again first");
    let done = again.submit(&confirmation, &[]).await;
    again
        .get(done.is(303).location())
        .await
        .shows("</strong> confirmed the suspension of")
        .hides("reinstated by itself");
    timers::act(&world.app, in_minutes(60)).await.expect("acts");
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
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    ana.get(&page).await.hides("was refused");
}

/// The real program, on what it finds when it starts.
async fn the_program_does_what_came_due_while_it_was_away(world: World) {
    let (_, dream) = protected(&world).await;
    let (slug, at) = ("dreamineering".parse().expect("a slug"), in_minutes(-15).into());
    let confirmed = Some(Confirmation { slug, at });
    world
        .given(
            dream,
            OrgCommand::Lifecycle(LifecycleCommand::Suspend {
                reason: "Suspended by mistake".parse().expect("a reason"),
                confirmed,
            }),
        )
        .await;
    let (before, url) = (world.position().await, world.app.settings.database_url.clone());
    world.app.db.close().await;
    let program = Process::start(env!("CARGO_BIN_EXE_portal"), &url).await;
    let mut visitor = Wire::new(program.address);
    let reinstated = async {
        while !visitor
            .get("/metrics")
            .await
            .is_ok_and(|answer| answer.body.contains("portal_commands_total{outcome=\"done\"} 1"))
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), reinstated).await.expect("within a second or so");
    program.kill().await;
    let log = EventLog::open(Db::open(&url).await.expect("opens")).await.expect("opens");
    let events = log.tail(before, 10).await.expect("no gap");
    assert_eq!(events.iter().map(|event| event.event_type.as_str()).collect::<Vec<_>>(), ["OrgReinstated"]);
    assert_eq!(events[0].metadata().expect("readable").causation, Some(before - 1));
}

/// A superadmin and their own organisation, which is protected.
async fn protected(world: &World) -> (Client, OrgId) {
    let (ana, dream) = (world.operator().await, world.org("dreamineering").await);
    world.joined(dream, "ana@example.com", Role::Owner).await;
    world.given(dream, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
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
    the_program_does_what_came_due_while_it_was_away,
    only_a_new_sign_in_confirms,
    signing_out_to_sign_in_again_leads_back,
    whoever_suspends_their_own_org_still_has_the_console,
    the_first_refusal_of_a_suspension_is_measured_and_shown,
}

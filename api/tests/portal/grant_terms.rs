//! Platform roles for a time: they begin and end by the clock, the history follows, and the policy keeps them short.

use std::time::Duration;

use api::bus::{Envelope, Principal, SendError};
use api::clock;
use api::jobs::timers;
use chrono::TimeDelta;
use domain::grant::PlatformRole::{Auditor, Superadmin};
use domain::grant::{End, GrantCommand, PlatformRole, Term};
use domain::org::{LifecycleCommand, OrgCommand};
use domain::values::{OrgId, PersonId};
use domain::{Grant, Org};
use projections::{Timestamp, grants};

use crate::client::{Answer, Client};
use crate::world::World;

const PAGE: &str = "/admin/superadmins";
const NEW: &str = "/admin/superadmins/new";
const WHY: &str = "Stands in for Ana this week";
const HOME: &str = "/organisations/select";

fn give(role: PlatformRole, term: Term) -> GrantCommand {
    GrantCommand::Give { role, reason: WHY.parse().expect("a reason"), term, at: clock::now().into() }
}

/// Sends the form of a new role with these fields besides the usual ones.
async fn grant(client: &Client, email: &str, fields: &[(&str, &str)]) -> Answer {
    let usual = [("email", email), ("role", "superadmin"), ("reason", WHY)];
    client.submit(NEW, &[&usual, fields].concat()).await
}

/// Somebody who holds a role for so many milliseconds from now on.
async fn for_millis(world: &World, millis: i64) -> (Client, Timestamp) {
    let until = clock::after(TimeDelta::milliseconds(millis));
    let person = world.person("bo@example.com").await;
    world.grant(person, give(Superadmin, Term::until(until.into()))).await;
    (world.signed_in(person).await, until)
}

/// Until that moment has come, by the clock that the program goes by.
async fn until(moment: Timestamp) {
    while let Ok(left) = moment.signed_duration_since(*clock::now()).to_std() {
        tokio::time::sleep(left.max(Duration::from_micros(1))).await;
    }
}

async fn a_role_ends_on_time_though_nothing_records_it(world: World) {
    world.operator().await;
    let (bo, end) = for_millis(&world, 1500).await;
    let before = world.position().await;
    bo.get(PAGE).await.is(200);
    bo.get(NEW).await.is(200);
    until(end).await;
    bo.get(PAGE).await.leads_to(HOME);
    bo.post(NEW, &[]).await.leads_to(HOME);
    assert_eq!(world.since(before).await, [""; 0]);
    let page = world.auditor().await.get(PAGE).await;
    page.is(200).shows("ended <time").hides("for a time");
}

async fn the_end_is_an_event_soon_after(world: World) {
    let ana = world.operator().await;
    let (_, end) = for_millis(&world, 1200).await;
    let (before, running) = (world.position().await, tokio::spawn(timers::run(world.app.clone())));
    until(end).await;
    let recorded = loop {
        let events = world.app.log.tail(before, 10).await.expect("no gap");
        match events.first() {
            Some(event) => break event.clone(),
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
        assert!(clock::now().signed_duration_since(*end) < TimeDelta::seconds(10), "nothing came");
    };
    running.abort();
    let wait = Duration::from_secs(5);
    world.app.projector.wait_for(recorded.position, wait).await.expect("the pages have it soon");
    let late = recorded.recorded_at.signed_duration_since(*end);
    assert_eq!(recorded.event_type, "SuperadminExpired");
    assert!(late >= TimeDelta::zero() && late < TimeDelta::seconds(1), "{late} after the end");
    let granted = world.app.log.at(&[before]).await.expect("readable");
    assert_eq!(granted[0].event_type, "SuperadminGranted");
    assert_eq!(recorded.metadata().expect("readable").causation, Some(before), "what set the time");
    let page = ana.get(PAGE).await;
    let past = page.is(200).body.split_once("Past grants").expect("a part of the page").1;
    assert!(past.contains("expired") && past.contains("The timer"), "{past}");
    ana.get("/admin/history").await.shows("ended superadmin of");
    world.verify().await;
}

async fn two_timers_record_it_once(world: World) {
    world.operator().await;
    let (_, end) = for_millis(&world, 300).await;
    let before = world.position().await;
    until(end).await;
    let acts = (0..8).map(|_| timers::act(&world.app, clock::now()));
    for act in futures::future::join_all(acts).await {
        act.expect("acts");
    }
    assert_eq!(world.since(before).await, ["SuperadminExpired"]);
    assert_eq!(grants::next_due(&world.app.db).await.expect("readable"), None);
    world.verify().await;
}

async fn a_role_from_a_time_on_begins_on_time_and_counts_from_then_on(world: World) {
    let ana = world.operator().await;
    let begin = clock::after(TimeDelta::milliseconds(3000));
    let person = world.person("bo@example.com").await;
    world.grant(person, give(Superadmin, Term { from: Some(begin.into()), end: End::Never })).await;
    let bo = world.signed_in(person).await;
    let before = world.position().await;
    bo.get(PAGE).await.leads_to(HOME);
    let page = ana.get(PAGE).await;
    page.is(200).shows("begins <time").shows("There is only one superadmin without an end date.");
    let own = format!("{PAGE}/{}/revocation?role=superadmin", ana.person());
    let leave = [("role", "superadmin"), ("reason", WHY)];
    ana.post(&own, &[&leave[..], &[("command_id", &clock::new_id().to_string())]].concat()).await.is(422);
    until(begin).await;
    bo.get(PAGE).await.is(200);
    timers::act(&world.app, clock::now()).await.expect("acts");
    timers::act(&world.app, clock::now()).await.expect("acts");
    assert_eq!(world.since(before).await, ["SuperadminStarted"]);
    ana.get(PAGE).await.is(200).shows("2 superadmins").hides("There is only one superadmin");
    ana.submit(&own, &leave).await.leads_to("/");
    world.verify().await;
}

/// The right ended between the gate and the writing: the append itself refuses.
async fn what_was_begun_in_time_is_not_written_too_late(world: World) {
    world.operator().await;
    let (bo, end) = for_millis(&world, 700).await;
    let grant = grants::active(&world.app.db, bo.person().0, clock::now()).await.expect("readable");
    let principal = Principal::Person {
        person: bo.person(),
        grant: Some(grant.expect("it holds")),
        proven_at: Some(clock::now()),
    };
    let create = |slug: &str| {
        OrgCommand::Lifecycle(LifecycleCommand::Create {
            name: "Acme".parse().expect("a name"),
            slug: slug.parse().expect("a slug"),
            owner: None,
        })
    };
    let send = async |slug| {
        world.app.bus.send::<Org>(&principal, OrgId(clock::new_id()), create(slug), Envelope::new()).await
    };
    send("in-time").await.expect("it holds");
    let before = world.position().await;
    until(end).await;
    let late = send("too-late").await;
    assert!(matches!(late, Err(SendError::Forbidden)), "{late:?}");
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn a_form_that_was_opened_in_time_and_sent_too_late_changes_nothing(world: World) {
    let ana = world.operator().await;
    let (bo, end) = for_millis(&world, 900).await;
    let form = bo.get(NEW).await;
    let before = world.position().await;
    until(end).await;
    let typed = [("email", "cy@example.com"), ("role", "auditor"), ("reason", WHY)];
    let late = bo.post(NEW, &form.filled(&typed)).await;
    late.leads_to(HOME);
    assert_eq!(world.since(before).await, [""; 0]);
    ana.get(PAGE).await.is(200).hides("cy@example.com");
}

async fn the_form_gives_a_role_for_a_time(world: World) {
    let ana = world.operator().await;
    let before = world.position().await;
    grant(&ana, "bo@example.com", &[("lasting", "3600")]).await.is(303);
    let page = ana.get(PAGE).await;
    page.is(200).shows("1 superadmin, and 1 for a time").shows("ends <time").shows(WHY);
    let person = world.person("bo@example.com").await;
    let held = grants::of_oneself(&world.app.db, person.0).await.expect("readable");
    let length = held[0].until_at.expect("an end").signed_duration_since(*held[0].granted_at);
    assert!((TimeDelta::seconds(3595)..=TimeDelta::seconds(3605)).contains(&length), "{length}");
    grant(&ana, "cy@example.com", &[("lasting", "until"), ("until", "2100-01-31T18:00")]).await.is(303);
    grant(&ana, "dee@example.com", &[("lasting", "604800"), ("from", "2099-12-31 06:30")]).await.is(303);
    let page = ana.get(PAGE).await;
    page.shows("2100-01-31 18:00 UTC").shows("2099-12-31 06:30 UTC").shows("2100-01-07 06:30 UTC");
    assert_eq!(world.since(before).await, ["SuperadminGranted"; 3]);
}

async fn a_form_that_is_sent_twice_gives_one_role_for_one_time(world: World) {
    let ana = world.operator().await;
    let form = ana.get(NEW).await;
    let typed = [("email", "bo@example.com"), ("role", "superadmin"), ("reason", WHY), ("lasting", "3600")];
    let (fields, before) = (form.filled(&typed), world.position().await);
    let seen = format!("{PAGE}?seen={}", before + 1);
    let (one, other) = tokio::join!(ana.post(NEW, &fields), ana.post(NEW, &fields));
    for answer in [one, other, ana.post(NEW, &fields).await] {
        answer.leads_to(&seen);
    }
    assert_eq!(world.since(before).await, ["SuperadminGranted"]);
}

async fn what_somebody_holds_already_is_shown_before_it_is_changed(world: World) {
    let ana = world.operator().await;
    grant(&ana, "bo@example.com", &[("lasting", "3600")]).await.is(303);
    let before = world.position().await;
    let longer = [("email", "bo@example.com"), ("role", "superadmin"), ("reason", WHY), ("lasting", "86400")];
    let shown = ana.submit(NEW, &longer).await;
    shown.is(422).shows("holds superadmin already").shows("Change role").shows(WHY);
    assert_eq!(world.since(before).await, [""; 0]);
    ana.post(NEW, &shown.filled(&longer)).await.is(303);
    assert_eq!(world.since(before).await, ["SuperadminRevoked", "SuperadminGranted"]);
    let person = world.person("bo@example.com").await;
    let change = format!("{NEW}?person={person}&role=superadmin");
    let form = ana.get(&change).await;
    form.is(200).shows("holds superadmin already");
    assert_eq!(form.value("email").as_deref(), Some("bo@example.com"));
    grant(&ana, "bo@example.com", &[("role", "auditor"), ("lasting", "3600")]).await.is(422);
    let cy = world.granted("cy@example.com", Superadmin).await;
    world.revoked(person, Superadmin).await;
    let stale = ana.post(NEW, &form.filled(&longer)).await;
    stale.is(409).shows("Somebody changed the roles of this person while you were here.");
    ana.get(&change).await.is(404);
    ana.get(PAGE).await.is(200).shows("replaced");
    cy.get(PAGE).await.is(200);
    world.verify().await;
}

async fn the_last_who_stands_for_good_is_not_given_an_end(world: World) {
    let ana = world.operator().await;
    let bo = world.person("bo@example.com").await;
    world.grant(bo, give(Superadmin, Term::for_seconds(3600))).await;
    let before = world.position().await;
    let typed = [("email", "ana@example.com"), ("role", "superadmin"), ("reason", WHY), ("lasting", "3600")];
    let shown = ana.submit(NEW, &typed).await;
    let refused = ana.post(NEW, &shown.is(422).filled(&typed)).await;
    refused.is(422).shows("there must always be a superadmin without an end date, and this is the last one");
    let own = format!("{PAGE}/{}/revocation?role=superadmin", ana.person());
    ana.get(&own).await.is(200).shows("This is the last superadmin without an end date.");
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn a_time_that_makes_no_sense_stands_beside_its_field(world: World) {
    let ana = world.operator().await;
    let before = world.position().await;
    for (fields, told) in [
        (&[("lasting", "until")][..], "give a date and a time"),
        (&[("lasting", "until"), ("until", "tomorrow <b>")], "give a date and a time"),
        (&[("lasting", "until"), ("until", "2001-01-01T10:00")], "choose an end that is still to come"),
        (
            &[("lasting", "until"), ("until", "2100-01-01T10:00"), ("from", "2100-01-02T10:00")],
            "choose an end after the beginning",
        ),
        (&[("lasting", "3601")], "choose one of these"),
        (&[("lasting", "-3600")], "choose one of these"),
        (&[("from", "99999-01-01T10:00")], "give a date and a time"),
    ] {
        let refused = grant(&ana, "bo@example.com", fields).await;
        refused.is(422).shows(told).shows(WHY);
        for (name, value) in fields.iter().filter(|(name, _)| *name != "lasting") {
            assert_eq!(refused.value(name).as_deref(), Some(*value), "{fields:?}");
        }
    }
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn a_policy_keeps_roles_short_in_the_console_and_not_at_the_server(world: World) {
    let world = world.with(|settings| settings.grant_max_days = Some(7));
    let ana = world.operator().await; // from the shell, for good
    let before = world.position().await;
    ana.get(NEW).await.is(200).hides("for good").hides("30 days").shows("7 days");
    for lasting in ["good", "2592000", ""] {
        let refused = grant(&ana, "bo@example.com", &[("lasting", lasting)]).await;
        refused.is(422).shows("here a role must end within 7 days");
    }
    let far = [("lasting", "until"), ("until", "2100-01-31T18:00")];
    grant(&ana, "bo@example.com", &far).await.is(422).shows("here a role must end within 7 days");
    assert_eq!(world.since(before).await, [""; 0]);
    grant(&ana, "bo@example.com", &[("lasting", "604800")]).await.is(303);
    world.granted("cy@example.com", Auditor).await;
    // Not only the page says so.
    let grant = grants::active(&world.app.db, ana.person().0, clock::now()).await.expect("readable");
    let principal = Principal::Person { person: ana.person(), grant, proven_at: Some(clock::now()) };
    let person = PersonId(clock::new_id());
    let sent =
        world.app.bus.send::<Grant>(&principal, person, give(Auditor, Term::FOR_GOOD), Envelope::new()).await;
    assert!(matches!(sent, Err(SendError::Rule(domain::grant::GrantError::MustEnd { days: 7 }))), "{sent:?}");
}

async fn nobody_gives_more_time_than_they_have(world: World) {
    let ana = world.operator().await;
    let (bo, _) = for_millis(&world, 2 * 3_600_000).await;
    bo.get(NEW).await.is(200).hides("for good").hides("8 hours").shows("1 hour");
    let before = world.position().await;
    for lasting in ["good", "28800"] {
        let refused = grant(&bo, "cy@example.com", &[("lasting", lasting)]).await;
        refused.is(422).shows("choose an end that is no later than yours");
    }
    let own = [("email", "bo@example.com"), ("role", "superadmin"), ("reason", WHY), ("lasting", "good")];
    let shown = bo.submit(NEW, &own).await;
    bo.post(NEW, &shown.is(422).filled(&own)).await.is(422).shows("no later than yours");
    assert_eq!(world.since(before).await, [""; 0]);
    grant(&bo, "cy@example.com", &[("lasting", "3600")]).await.is(303);
    grant(&ana, "dee@example.com", &[("lasting", "good")]).await.is(303);
}

async fn an_account_shows_its_own_roles_and_nobody_elses(world: World) {
    let ana = world.operator().await;
    let (bo, _) = for_millis(&world, 3_600_000).await;
    let page = bo.get("/account").await;
    page.is(200).shows("Platform roles").shows(WHY).shows("ends <time").shows("Give up this role");
    page.hides("Given by the test").shows(&format!("/admin/superadmins/{}/revocation", bo.person()));
    ana.get("/account").await.is(200).shows("Given by the test").shows("for good").hides(WHY);
    let aud = world.auditor().await;
    aud.get("/account").await.is(200).shows("A superadmin can take it back.").hides("revocation");
    let own = format!("{PAGE}/{}/revocation?role=superadmin", bo.person());
    bo.submit(&own, &[("role", "superadmin"), ("reason", WHY)]).await.leads_to("/");
    bo.get("/account").await.is(200).hides("Platform roles");
    world.somebody("dee@example.com").await.get("/account").await.is(200).hides("Platform roles");
}

engines! {
    a_role_ends_on_time_though_nothing_records_it,
    the_end_is_an_event_soon_after,
    two_timers_record_it_once,
    a_role_from_a_time_on_begins_on_time_and_counts_from_then_on,
    what_was_begun_in_time_is_not_written_too_late,
    a_form_that_was_opened_in_time_and_sent_too_late_changes_nothing,
    the_form_gives_a_role_for_a_time,
    a_form_that_is_sent_twice_gives_one_role_for_one_time,
    what_somebody_holds_already_is_shown_before_it_is_changed,
    the_last_who_stands_for_good_is_not_given_an_end,
    a_time_that_makes_no_sense_stands_beside_its_field,
    a_policy_keeps_roles_short_in_the_console_and_not_at_the_server,
    nobody_gives_more_time_than_they_have,
    an_account_shows_its_own_roles_and_nobody_elses,
}

//! Platform roles that a second superadmin has to approve: asked for, approved, declined, withdrawn, and never lost.

use api::bus::{Envelope, Principal, SendError};
use api::clock;
use domain::Grant;
use domain::grant::PlatformRole::{Auditor, Superadmin};
use domain::grant::{GrantCommand, GrantError, Term};
use domain::values::RequestId;
use projections::{Timestamp, grants};
use uuid::Uuid;

use crate::client::{Answer, Client};
use crate::world::{PASSWORD, World};

const PAGE: &str = "/admin/superadmins";
const NEW: &str = "/admin/superadmins/new";
const WHY: &str = "Stands in for Ana this week";
const NOT_NOW: &str = "An auditor can see that already";

fn under_approval(world: &World) -> World {
    world.with(|settings| settings.grant_approval = true)
}

/// Asks for superadmin, and gives the request.
async fn ask(world: &World, client: &Client, email: &str) -> Uuid {
    let form = client.get(NEW).await;
    let typed = [("email", email), ("role", "superadmin"), ("reason", WHY), ("lasting", "86400")];
    let fields = form.filled(&typed);
    client.post(NEW, &fields).await.is(303);
    let id = fields.iter().find(|(name, _)| *name == "command_id").expect("every form has one").1;
    assert_eq!(world.since(world.position().await - 1).await, ["GrantRequested"]);
    id.parse().expect("an id")
}

fn path(request: Uuid, decision: &str) -> String {
    format!("{PAGE}/requests/{request}/{decision}")
}

async fn decide(client: &Client, request: Uuid, decision: &str) -> Answer {
    client.submit(&path(request, decision), &[("reason", NOT_NOW)][..reasons(decision)]).await
}

/// Only a refusal has a reason.
fn reasons(decision: &str) -> usize {
    usize::from(decision == "refusal")
}

async fn one_asks_and_another_approves(world: World) {
    let world = under_approval(&world);
    let ana = world.operator().await;
    let bo = world.granted("bo@example.com", Superadmin).await;
    ana.get(PAGE).await.is(200).shows("Ask for a role").shows("There is no open request.");
    let request = ask(&world, &ana, "nina@example.com").await;
    let page = ana.get(PAGE).await;
    page.is(200).shows("You asked for this; somebody else must approve.").shows("Who can: bo@example.com.");
    page.shows(&path(request, "withdrawal")).hides(&path(request, "approval")).hides("/password/");
    let nina = world.person("nina@example.com").await;
    let nina = world.signed_in(nina).await;
    nina.get(PAGE).await.leads_to("/organisations/select");
    ana.get(&path(request, "approval"))
        .await
        .is(200)
        .shows("You asked for this; somebody else must approve.");

    bo.get(PAGE).await.is(200).shows(&path(request, "approval")).shows(&path(request, "refusal"));
    bo.get(&path(request, "approval")).await.is(200).shows("for 1 day").shows(WHY).shows("ana@example.com");
    let done = decide(&bo, request, "approval").await;
    let page = bo.get(done.is(303).location()).await;
    page.is(200).shows("approved and granted superadmin to").shows("/password/");
    nina.get(PAGE).await.is(200);
    let held = grants::of_oneself(&world.app.db, nina.person().0).await.expect("readable");
    let length = held[0].until_at.expect("an end").signed_duration_since(*held[0].granted_at);
    assert!((86_395..=86_405).contains(&length.num_seconds()), "a day from the approval on: {length}");
    let past = ana.get(PAGE).await;
    let past = past.body.split_once("Past requests").expect("a part of the page").1.to_owned();
    assert!(past.contains("approved") && past.contains("bo@example.com"), "{past}");
    let before = world.position().await;
    let id = clock::new_id().to_string();
    bo.post(&path(request, "approval"), &[("command_id", &id)]).await.is(303); // it is so already
    assert_eq!(world.since(before).await, [""; 0]);
    world.verify().await;
}

async fn whoever_asked_or_gets_it_does_not_approve(world: World) {
    let ana = world.operator().await;
    let bo = world.granted("bo@example.com", Superadmin).await;
    let world = under_approval(&world);
    let (ana, bo) = (world.signed_in(ana.person()).await, world.signed_in(bo.person()).await);
    world.revoked(bo.person(), Superadmin).await;
    let term = Term::for_seconds(3600);
    let reason = WHY.parse().expect("a reason");
    world
        .grant(bo.person(), GrantCommand::Give { role: Superadmin, reason, term, at: clock::now().into() })
        .await;
    let shown = ana
        .submit(
            NEW,
            &[("email", "bo@example.com"), ("role", "superadmin"), ("reason", WHY), ("lasting", "86400")],
        )
        .await;
    shown.is(422).shows("holds superadmin already");
    let longer = [("email", "bo@example.com"), ("role", "superadmin"), ("reason", WHY), ("lasting", "86400")];
    let fields = shown.filled(&longer);
    ana.post(NEW, &fields).await.is(303);
    let request: Uuid = fields[0].1.parse().expect("the command's id comes first");
    let before = world.position().await;
    let id = clock::new_id().to_string();
    for (client, why) in [(&ana, GrantError::OwnRequest), (&bo, GrantError::ForOneself)] {
        let refused = client.post(&path(request, "approval"), &[("command_id", &id)]).await;
        refused.is(422).shows(&why.to_string());
    }
    bo.get(PAGE).await.is(200).shows("This is for yourself; somebody else must approve.");
    ana.get(PAGE)
        .await
        .is(200)
        .shows("There is no other superadmin who could approve it.")
        .shows("portal grant bo@example.com");
    assert_eq!(world.since(before).await, [""; 0]);
    let cy = world.granted("cy@example.com", Superadmin).await;
    decide(&cy, request, "approval").await.is(303);
    assert_eq!(world.since(before + 1).await, ["SuperadminRevoked", "SuperadminGranted"]);
    world.verify().await;
}

async fn a_request_is_declined_with_a_reason_or_withdrawn_by_whoever_asked(world: World) {
    let world = under_approval(&world);
    let ana = world.operator().await;
    let bo = world.granted("bo@example.com", Superadmin).await;
    let first = ask(&world, &ana, "nina@example.com").await;
    let short = bo.submit(&path(first, "refusal"), &[("reason", "short <b>")]).await;
    short.is(422).shows("give a reason of 10 to 500 characters").shows("short &lt;b&gt;</textarea>");
    decide(&bo, first, "refusal").await.is(303);
    ana.get(PAGE).await.is(200).shows(NOT_NOW).shows("declined");
    let second = ask(&world, &ana, "nina@example.com").await;
    let id = clock::new_id().to_string();
    let refused = bo.post(&path(second, "withdrawal"), &[("command_id", &id)]).await;
    refused.is(422).shows(&GrantError::NotYours.to_string());
    decide(&ana, second, "withdrawal").await.is(303);
    ana.get(PAGE).await.is(200).shows("withdrawn").shows("There is no open request.");
    for request in [first, second, Uuid::nil()] {
        let answer = bo.get(&path(request, "approval")).await;
        if request == Uuid::nil() {
            answer.is(404)
        } else {
            answer.is(200).shows("There is nothing left to decide.")
        };
    }
    bo.get(&path(first, "nonsense")).await.is(404);
    world.verify().await;
}

async fn one_of_two_decisions_at_once_wins_and_the_other_is_told(world: World) {
    let world = under_approval(&world);
    let ana = world.operator().await;
    let bo = world.granted("bo@example.com", Superadmin).await;
    let cy = world.granted("cy@example.com", Superadmin).await;
    for round in 0..10 {
        let request = ask(&world, &ana, &format!("nina{round}@example.com")).await;
        let before = world.position().await;
        let (approval, refusal) = (path(request, "approval"), path(request, "refusal"));
        let (yes, no) = (bo.get(&approval).await, cy.get(&refusal).await);
        let (yes_fields, no_fields) = (yes.filled(&[]), no.filled(&[("reason", NOT_NOW)]));
        let (yes, no) = tokio::join!(bo.post(&approval, &yes_fields), cy.post(&refusal, &no_fields));
        let mut statuses = [yes.status, no.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409], "{} {}", yes.body, no.body);
        let (loser, told) = if yes.status == 409 {
            (&yes, "cy@example.com</strong> declined the request")
        } else {
            (&no, "bo@example.com</strong> approved and granted")
        };
        loser.shows(told).shows("There is nothing left to decide.");
        assert_eq!(world.since(before).await.len(), 1);
        // What is sent again is what it was.
        if no.status == 303 {
            cy.post(&refusal, &no_fields).await.is(303);
        } else {
            bo.post(&approval, &yes_fields).await.is(303);
        }
        assert_eq!(world.since(before).await.len(), 1);
    }
    world.verify().await;
}

async fn with_approval_nobody_gives_alone_but_the_shell(world: World) {
    let world = under_approval(&world);
    let ana = world.operator().await;
    let grant = grants::active(&world.app.db, ana.person().0, clock::now()).await.expect("readable");
    let principal = Principal::Person { person: ana.person(), grant, proven_at: Some(clock::now()) };
    let (person, reason) = (world.person("bo@example.com").await, WHY.parse().expect("a reason"));
    let give = GrantCommand::Give { role: Auditor, reason, term: Term::FOR_GOOD, at: clock::now().into() };
    let sent = world.app.bus.send::<Grant>(&principal, person, give.clone(), Envelope::new()).await;
    assert!(matches!(sent, Err(SendError::Rule(GrantError::NeedsApproval))), "{sent:?}");
    world.grant(person, give).await;
    // Nobody speaks for another: neither for a second superadmin, nor from the shell.
    let approve =
        GrantCommand::Approve { request: RequestId(clock::new_id()), by: person, at: clock::now().into() };
    for principal in [principal, Principal::Shell, Principal::Setup, Principal::Timer] {
        let sent = world.app.bus.send::<Grant>(&principal, person, approve.clone(), Envelope::new()).await;
        assert!(matches!(sent, Err(SendError::Forbidden)), "{principal:?}: {sent:?}");
    }
    ana.get(PAGE).await.is(200).shows("Break-glass").shows("Somebody on the server");
}

async fn what_was_asked_for_until_a_moment_lapses_with_it(world: World) {
    let world = under_approval(&world);
    let ana = world.operator().await;
    let bo = world.granted("bo@example.com", Superadmin).await;
    let person = world.person("nina@example.com").await;
    let grant = grants::active(&world.app.db, ana.person().0, clock::now()).await.expect("readable");
    let principal = Principal::Person { person: ana.person(), grant, proven_at: Some(clock::now()) };
    let until: Timestamp = clock::after(chrono::TimeDelta::milliseconds(800));
    let request = clock::new_id();
    let ask = GrantCommand::Request {
        request: RequestId(request),
        role: Superadmin,
        reason: WHY.parse().expect("a reason"),
        term: Term::until(until.into()),
        by: ana.person(),
        person,
        at: clock::now().into(),
    };
    world.app.bus.send::<Grant>(&principal, person, ask, Envelope::new()).await.expect("asks");
    let form = bo.get(&path(request, "approval")).await;
    let before = world.position().await;
    while clock::now() < until {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let late = bo.post(&path(request, "approval"), &form.filled(&[])).await;
    late.is(422).shows("the end that was asked for has passed");
    bo.get(PAGE).await.is(200).hides(&path(request, "approval")).shows(&path(request, "refusal"));
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn an_auditor_sees_requests_and_decides_none(world: World) {
    let world = under_approval(&world);
    let ana = world.operator().await;
    let aud = world.auditor().await;
    let request = ask(&world, &ana, "nina@example.com").await;
    let page = aud.get(PAGE).await;
    page.is(200).shows("nina@example.com").shows(WHY).hides("/requests/").hides("Ask for a role");
    for decision in ["approval", "refusal", "withdrawal"] {
        aud.get(&path(request, decision)).await.is(403);
        aud.post(&path(request, decision), &[("reason", NOT_NOW)]).await.is(403);
    }
}

async fn a_link_to_sign_in_waits_for_the_approval(world: World) {
    let world = under_approval(&world);
    let ana = world.operator().await;
    let bo = world.granted("bo@example.com", Superadmin).await;
    let request = ask(&world, &ana, "nina@example.com").await;
    assert_eq!(ana.cookie("portal-once"), None);
    let done = decide(&bo, request, "approval").await;
    let page = bo.get(done.is(303).location()).await;
    let token = page.body.split_once("http://127.0.0.1:8080/password/").expect("a link").1.get(..64);
    let link = format!("/password/{}", token.expect("a whole one"));
    let nina = world.anonymous();
    nina.post(&link, &[("password", PASSWORD)]).await.leads_to("/");
    nina.get(PAGE).await.is(200);
}

engines! {
    one_asks_and_another_approves,
    whoever_asked_or_gets_it_does_not_approve,
    a_request_is_declined_with_a_reason_or_withdrawn_by_whoever_asked,
    one_of_two_decisions_at_once_wins_and_the_other_is_told,
    with_approval_nobody_gives_alone_but_the_shell,
    what_was_asked_for_until_a_moment_lapses_with_it,
    an_auditor_sees_requests_and_decides_none,
    a_link_to_sign_in_waits_for_the_approval,
}

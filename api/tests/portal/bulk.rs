//! One order for many organisations: rehearsed, carried out for each by itself, and undone together.

use api::bus::{self, Envelope, Principal};
use api::clock;
use domain::Org;
use domain::grant::PlatformRole::Superadmin;
use domain::org::{LifecycleCommand, OrgCommand};
use domain::values::OrgId;
use projections::{grants, sessions};
use uuid::Uuid;

use crate::client::{Answer, Client};
use crate::world::{PASSWORD, World};

const REASON: &str = "The invoice of May is unpaid";

async fn three(world: &World) -> [OrgId; 3] {
    [world.org("acme").await, world.org("bolt").await, world.org("cube").await]
}

fn asking(noun: &str, orgs: &[OrgId]) -> String {
    let orgs: Vec<String> = orgs.iter().map(|org| format!("org={org}")).collect();
    format!("/admin/orgs/{noun}?{}", orgs.join("&"))
}

/// The form of a page as it would be sent, with these fields besides.
fn filled(page: &Answer, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let form = page.body.split("<form").find(|form| form.contains("name=\"command_id\"")).expect("a form");
    let mut all = vec![];
    for name in ["command_id", "org"] {
        for tag in form.split(&format!("name=\"{name}\" value=\"")).skip(1) {
            all.push((name.to_owned(), tag.split('"').next().expect("a value").to_owned()));
        }
    }
    all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    all
}

async fn send(client: &Client, path: &str, fields: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    client.post(path, &fields).await
}

/// Suspends these, and gives where what was done together stands.
async fn suspended(ana: &Client, orgs: &[OrgId]) -> String {
    let path = asking("suspension", orgs);
    let form = filled(&ana.get(&path).await, &[("reason", REASON)]);
    send(ana, &path, &form).await.is(303).location().split('?').next().expect("a path").to_owned()
}

/// Presses the button of the page that would undo it.
async fn reverted(ana: &Client, together: &str) -> Answer {
    let path = format!("{together}/revert");
    let form = filled(ana.get(&path).await.is(200), &[]);
    send(ana, &path, &form).await
}

async fn the_list_offers_it_to_those_who_may_and_only_for_now(world: World) {
    let acme = world.org("acme").await;
    let ana = world.operator().await;
    let tick = format!("name=\"org\" value=\"{acme}\"");
    ana.get("/admin/orgs").await.shows(&tick).shows("formaction=\"/admin/orgs/suspension\"");
    ana.get("/admin/orgs?at=1").await.is(200).shows("Acme").hides(&tick).hides("formaction");
    world.auditor().await.get("/admin/orgs").await.is(200).hides(&tick).hides("formaction");
}

async fn a_preview_says_what_would_become_of_each_and_does_nothing(world: World) {
    let [acme, bolt, cube] = three(&world).await;
    world.suspended(bolt, "Unpaid since May").await;
    world.given(cube, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    let ana = world.operator().await;
    let before = world.position().await;
    let page = ana.get(&asking("suspension", &[acme, bolt, cube])).await;
    page.is(200).shows("<h1>Suspend 1 organisation").shows("1 of 3").shows("It is suspended");
    page.shows("it is suspended already").shows("it is protected").shows("suspend it by itself");
    page.shows(&format!("/admin/orgs/{cube}/suspension"));
    assert!(
        page.body.contains("kept out, each counted once")
            && page.value("org").is_some_and(|org| org.starts_with(&acme.to_string()))
    );
    ana.get(&asking("reinstatement", &[acme, bolt]))
        .await
        .shows("Reinstate 1 organisation")
        .shows("it is not suspended");
    assert_eq!(world.since(before).await, [""; 0]);
    ana.get("/admin/orgs/suspension").await.is(200).shows("No organisation is selected.");
}

async fn what_cannot_be_meant_is_said_and_the_rest_stays(world: World) {
    let acme = world.org("acme").await;
    let (ana, nobodys) = (world.operator().await, Uuid::nil());
    let path = format!("/admin/orgs/suspension?org={acme}&org={acme}&org={nobodys}&org=acm%3Ce");
    let page = ana.get(&path).await;
    page.is(422).shows("“acm&lt;e” is no id of an organisation").shows("was named twice; it counts once");
    page.shows(&format!("there is no organisation with the id {nobodys}")).shows("Suspend 1 organisation");
    let many: Vec<OrgId> = (0..101).map(|_| OrgId(clock::new_id())).collect();
    ana.get(&asking("suspension", &many))
        .await
        .is(422)
        .shows("at most 100 organisations at once, and these are 101");
    let before = world.position().await;
    let short = send(&ana, &path, &filled(&page, &[("reason", "too short")])).await;
    short.is(422).shows("give a reason of 10 to 500 characters").shows("too short</textarea>");
    assert!(short.value("org").is_some_and(|org| org.starts_with(&acme.to_string())));
    for wrong in ["acme", &format!("{acme}:x")] {
        let id = clock::new_id().to_string();
        let form = [("command_id", id.as_str()), ("org", wrong), ("reason", REASON)];
        ana.post("/admin/orgs/suspension", &form).await.is(422).shows("is no id of an organisation");
    }
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn three_are_suspended_of_which_one_refuses_and_each_by_a_command_of_its_own(world: World) {
    let orgs @ [acme, bolt, cube] = three(&world).await;
    let mike = world.member(acme).await;
    let ana = world.operator().await;
    let path = asking("suspension", &orgs);
    let form = filled(&ana.get(&path).await, &[("reason", REASON)]);
    world.given(bolt, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    let before = world.position().await;
    let done = send(&ana, &path, &form).await;
    assert_eq!(world.since(before).await, ["OrgSuspended", "OrgSuspended"]);
    let page = ana.get(done.is(303).location()).await;
    page.is(200)
        .shows("You suspended 2 organisations.")
        .shows("1 was refused: Bolt Ltd (this was changed in the meantime).");
    page.shows("Undo").shows("Suspended 2 organisations").shows("What was refused");
    mike.get("/org/acme/dashboard").await.is(403).shows(REASON);
    let events = world.app.log.tail(before, 2).await.expect("readable");
    let metadata: Vec<_> = events.iter().map(|event| event.metadata().expect("readable")).collect();
    assert_eq!(metadata[0].correlation.to_string(), form[0].1);
    assert_eq!(metadata[0].correlation, metadata[1].correlation);
    assert_ne!(metadata[0].command, metadata[1].command);
    let about: Vec<&str> = events.iter().map(|event| event.aggregate_id.as_str()).collect();
    assert!(about.contains(&acme.to_string().as_str()) && about.contains(&cube.to_string().as_str()));
    for place in ["/admin/history".to_owned(), format!("/admin/history/{}", before + 1)] {
        ana.get(&place).await.is(200).shows("one of 2 done together");
    }
    world.verify().await;
}

async fn the_same_form_twice_does_nothing_twice(world: World) {
    let orgs = three(&world).await;
    let ana = world.operator().await;
    let path = asking("suspension", &orgs);
    let form = filled(&ana.get(&path).await, &[("reason", REASON)]);
    let before = world.position().await;
    let (one, other) = tokio::join!(send(&ana, &path, &form), send(&ana, &path, &form));
    let again = send(&ana, &path, &form).await;
    let first = one.is(303).location().to_owned();
    assert_eq!([other.is(303).location(), again.is(303).location()], [first.as_str(); 2]);
    assert_eq!(world.since(before).await, ["OrgSuspended"; 3]);
    ana.get(&first).await.shows("You suspended 3 organisations.").hides("refused:");
}

/// As after `kill -9`: some of its commands were carried out, the answer never came, and the form is sent again.
async fn a_form_that_was_cut_off_midway_goes_on_when_it_is_sent_again(world: World) {
    let orgs @ [acme, ..] = three(&world).await;
    let ana = world.operator().await;
    let path = asking("suspension", &orgs);
    let form = filled(&ana.get(&path).await, &[("reason", REASON)]);
    let order: Uuid = form[0].1.parse().expect("an id");
    let sequence = form.iter().find_map(|(_, value)| value.strip_prefix(&format!("{acme}:"))?.parse().ok());
    let grant = grants::active(&world.app.db, ana.person().0, clock::now()).await.expect("read");
    let principal = Principal::Person { person: ana.person(), grant, proven_at: Some(clock::now()) };
    let suspend = OrgCommand::Lifecycle(LifecycleCommand::Suspend {
        reason: REASON.parse().expect("a reason"),
        confirmed: None,
    });
    let envelope = Envelope {
        command_id: clock::id_within(order, acme),
        correlation: Some(order),
        expected_sequence: sequence,
        ..Envelope::new()
    };
    let before = world.position().await;
    world.app.bus.send::<Org>(&principal, acme, suspend, envelope).await.expect("carried out");
    let done = send(&ana, &path, &form).await;
    assert_eq!(world.since(before).await, ["OrgSuspended"; 3]);
    ana.get(done.is(303).location()).await.shows("You suspended 3 organisations.").hides("refused:");
    world.verify().await;
}

async fn what_was_done_together_is_undone_together_and_that_again(world: World) {
    let orgs @ [acme, ..] = three(&world).await;
    let mike = world.member(acme).await;
    let ana = world.operator().await;
    let together = suspended(&ana, &orgs).await;
    ana.get(&format!("{together}/revert"))
        .await
        .is(200)
        .shows("3 of 3 can be brought back")
        .shows("Revert 3 organisations");
    let before = world.position().await;
    let undone = reverted(&ana, &together).await;
    let page = ana.get(undone.is(303).location()).await;
    page.is(200).shows("You reinstated 3 organisations.").shows("Undo");
    assert_eq!(world.since(before).await, ["OrgReinstated"; 3]);
    mike.get("/org/acme/dashboard").await.is(200);
    for event in world.app.log.tail(before, 3).await.expect("readable") {
        let metadata = event.metadata().expect("readable");
        let undone = metadata.reverts.expect("it undoes something");
        assert_eq!(metadata.causation, Some(undone));
        ana.get(&format!("/admin/history/{undone}"))
            .await
            .shows("This was undone by")
            .shows("one of 3 done together");
    }
    let second = ana.get(&format!("{together}/revert")).await;
    second.is(200).shows("0 of 3 can be brought back").shows("it was reverted by #").hides("command_id");
    let id = clock::new_id().to_string();
    ana.post(&format!("{together}/revert"), &[("command_id", &id)])
        .await
        .is(409)
        .shows("Nothing was done.")
        .shows("it was reverted by #");
    let of_undoing = undone.location().split('?').next().expect("a path");
    let again = reverted(&ana, of_undoing).await;
    ana.get(again.is(303).location()).await.shows("You suspended 3 organisations.");
    mike.get("/org/acme/dashboard").await.is(403).shows(REASON);
    assert_eq!(world.since(before + 3).await, ["OrgSuspended"; 3]);
    world.verify().await;
}

async fn what_somebody_decided_since_about_one_stops_no_other_and_is_named(world: World) {
    let orgs @ [_, bolt, cube] = three(&world).await;
    let ana = world.operator().await;
    let together = suspended(&ana, &orgs).await;
    world.given(bolt, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    let later = world.position().await;
    let path = format!("{together}/revert");
    let preview = ana.get(&path).await;
    preview
        .is(200)
        .shows("2 of 3 can be brought back")
        .shows(&format!("#{later} decided about the same since"));
    let form = filled(&preview, &[]);
    world.given(cube, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    let before = world.position().await;
    let done = send(&ana, &path, &form).await;
    assert_eq!(world.since(before).await, ["OrgReinstated"]);
    ana.get(done.is(303).location())
        .await
        .shows("You reinstated 1 organisation.")
        .shows("1 was refused: Cube Ltd (this was changed in the meantime).");
    let left = filled(ana.get(&path).await.shows("1 of 3 can be brought back"), &[]);
    send(&ana, &path, &left).await.is(303);
    assert_eq!(world.since(before).await, ["OrgReinstated", "OrgReinstated"]);
    world.verify().await;
}

/// The button beside what was just done knows no sequences: it undoes what stands there.
async fn undo_takes_back_all_that_can_be_and_names_what_cannot(world: World) {
    let orgs @ [_, bolt, _] = three(&world).await;
    let ana = world.operator().await;
    let together = suspended(&ana, &orgs).await;
    world.given(bolt, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    let (before, id) = (world.position().await, clock::new_id().to_string());
    let (path, form) = (format!("{together}/revert"), [("command_id", id.as_str())]);
    let done = ana.post(&path, &form).await;
    assert_eq!(done.is(303).location(), ana.post(&path, &form).await.is(303).location());
    assert_eq!(world.since(before).await, ["OrgReinstated"; 2]);
    ana.get(done.location())
        .await
        .shows("You reinstated 2 organisations.")
        .shows("1 was refused: Bolt Ltd (#")
        .shows("decided about the same since");
}

/// A protected organisation that was reinstated with others is suspended again with the timer that protects it.
async fn a_protected_one_goes_back_with_its_timer_and_comes_again(world: World) {
    let orgs @ [acme, bolt, _] = three(&world).await;
    for org in orgs {
        world.suspended(org, REASON).await;
    }
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    let ana = world.operator().await;
    let path = asking("reinstatement", &[acme, bolt]);
    let done = send(&ana, &path, &filled(&ana.get(&path).await, &[])).await;
    let together = done.is(303).location().split('?').next().expect("a path").to_owned();
    let before = world.position().await;
    let undone = reverted(&ana, &together).await;
    let mut happened = world.since(before).await;
    happened.sort();
    assert_eq!(happened, ["OrgReinstatementScheduled", "OrgSuspended", "OrgSuspended"]);
    let again = reverted(&ana, undone.is(303).location().split('?').next().expect("a path")).await;
    ana.get(again.is(303).location()).await.shows("You reinstated 2 organisations.");
    world.verify().await;
}

async fn one_proof_is_enough_for_all_and_without_it_nothing_is_done(world: World) {
    let orgs = three(&world).await;
    let person = world.with_password("ana@example.com").await;
    let ana = world.operator().await;
    let path = asking("suspension", &orgs);
    let form = filled(&ana.get(&path).await, &[("reason", REASON)]);
    let old = clock::after(-chrono::Duration::minutes(bus::PROOF_MINUTES + 1));
    for session in sessions::of_person(&world.app.db, person, clock::now()).await.expect("readable") {
        sessions::prove(&world.app.db, session.session_id, old, false).await.expect("stored");
    }
    let before = world.position().await;
    let asked = send(&ana, &path, &form).await;
    asked.is(403).shows("suspend 3 organisations");
    assert_eq!(world.since(before).await, [""; 0]);
    let proof = ("sudo_password".to_owned(), PASSWORD.to_owned());
    let proven: Vec<_> = form.into_iter().chain([proof]).collect();
    send(&ana, &path, &proven).await.is(303);
    assert_eq!(world.since(before).await, ["OrgSuspended"; 3]);
}

/// Whoever knows the id of an order, and it stands on pages, adds nothing to it.
async fn an_order_is_one_persons(world: World) {
    let orgs @ [acme, ..] = three(&world).await;
    let ana = world.operator().await;
    let together = suspended(&ana, &orgs[1..]).await;
    let bob = world.granted("bob@example.com", Superadmin).await;
    let (before, order) = (world.position().await, together.rsplit('/').next().expect("an id").to_owned());
    let form = [("command_id", order.as_str()), ("org", &*acme.to_string()), ("reason", REASON)];
    bob.post("/admin/orgs/suspension", &form).await.is(409).shows("sent before, with other content");
    let form = [("command_id", order.as_str())];
    bob.post(&format!("{together}/revert"), &form).await.is(409).shows("sent before, with other content");
    ana.post(&format!("{together}/revert"), &form).await.is(409).shows("Nothing was done.");
    assert_eq!(world.since(before).await, [""; 0]);
    let undone = reverted(&bob, &together).await; // with an order of his own
    bob.get(undone.is(303).location()).await.shows("You reinstated 2 organisations.");
    ana.get(undone.location()).await.shows("One order by bob@example.com").hides("You reinstated");
}

async fn nobody_else_gets_near_it(world: World) {
    let orgs @ [acme, ..] = three(&world).await;
    let ana = world.operator().await;
    let (path, id) = (asking("suspension", &orgs), clock::new_id().to_string());
    let together = suspended(&ana, &orgs[1..]).await;
    let (aud, olga, before) = (world.auditor().await, world.owner(acme).await, world.position().await);
    let form = [("command_id", id.as_str()), ("org", &*format!("{acme}:3")), ("reason", REASON)];
    for path in [&path, &format!("{together}/revert")] {
        aud.get(path).await.is(403);
        aud.post(path, &form).await.is(403);
        olga.get(path).await.leads_to("/org/acme/dashboard");
        olga.post(path, &form).await.leads_to("/org/acme/dashboard");
    }
    aud.get(&together).await.is(200).shows("Suspended 2 organisations").hides("Revert all of it");
    olga.get(&together).await.leads_to("/org/acme/dashboard");
    for nothing in [clock::new_id().to_string(), "acme".to_owned()] {
        ana.get(&format!("/admin/history/bulk/{nothing}")).await.is(404);
        ana.get(&format!("/admin/history/bulk/{nothing}/revert")).await.is(404);
    }
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn a_hundred_at_once_are_one_click(world: World) {
    let mut orgs = vec![];
    for number in 0..100 {
        orgs.push(world.org(&format!("org-{number}")).await);
    }
    let ana = world.operator().await;
    let before = world.position().await;
    let together = suspended(&ana, &orgs).await;
    reverted(&ana, &together).await.is(303);
    assert_eq!(world.since(before).await.len(), 200);
    ana.get(&together).await.is(200).shows("Suspended 100 organisations");
}

engines! {
    the_list_offers_it_to_those_who_may_and_only_for_now,
    a_preview_says_what_would_become_of_each_and_does_nothing,
    what_cannot_be_meant_is_said_and_the_rest_stays,
    three_are_suspended_of_which_one_refuses_and_each_by_a_command_of_its_own,
    the_same_form_twice_does_nothing_twice,
    a_form_that_was_cut_off_midway_goes_on_when_it_is_sent_again,
    what_was_done_together_is_undone_together_and_that_again,
    what_somebody_decided_since_about_one_stops_no_other_and_is_named,
    undo_takes_back_all_that_can_be_and_names_what_cannot,
    a_protected_one_goes_back_with_its_timer_and_comes_again,
    one_proof_is_enough_for_all_and_without_it_nothing_is_done,
    an_order_is_one_persons,
    nobody_else_gets_near_it,
    a_hundred_at_once_are_one_click,
}

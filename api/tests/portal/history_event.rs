//! `/admin/history/{position}`: one event, by its permanent link.

use api::clock;
use api::jobs::timers;
use domain::org::{Confirmation, LifecycleCommand, OrgCommand};
use projections::seal::step::SealProgress;
use projections::seal::{self, SigningKey};

use crate::history::a_past;
use crate::world::World;

async fn an_event_says_who_why_when_and_what_it_changed(world: World) {
    let (ana, acme, _) = a_past(&world).await;
    let page = ana.get("/admin/history/4").await;
    page.is(200).shows("Ana Silva").shows("The invoice of March is unpaid").shows("203.0.113.7");
    page.shows("situation").shows("Active").shows("Suspended").shows("OrgSuspended").shows("version 1");
    page.shows("&quot;OrgSuspended&quot;").shows(&format!("about={acme}")).shows("correlation=");
    for (label, beside) in
        [("Before, of the same", 2), ("After, of the same", 5), ("Before, of all", 3), ("After, of all", 5)]
    {
        let button = page.body.split("<a ").find(|link| link.contains(label)).expect(label);
        assert!(button.contains(&format!("href=\"/admin/history/{beside}\"")), "{button:.200}");
    }
    let first = ana.get("/admin/history/1").await;
    first.is(200).shows("data-off").shows("superadmin");
    ana.get("/admin/history?q=march").await.shows("href=\"/admin/history/4\"");
}

async fn what_an_event_changed_is_told_field_by_field(world: World) {
    let (ana, ..) = a_past(&world).await;
    let page = ana.get("/admin/history/6").await;
    let row = page.body.split("<tr>").find(|row| row.contains(">name<")).expect("a row").to_owned();
    assert!(row.contains("Beta Ltd") && row.contains("Beta &amp; Söhne"), "{row:.400}");
    page.hides(">slug<");
    let created = ana.get("/admin/history/2").await;
    created.shows(">slug<").shows(">situation<").shows("Unborn").hides("›");
}

async fn causes_and_consequences_are_a_tree(world: World) {
    let (ana, acme, _) = a_past(&world).await;
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    let (reason, slug) = ("They asked for it".parse().expect("a reason"), "acme".parse().expect("a slug"));
    let confirmed = Some(Confirmation { slug, at: clock::now().into() });
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Suspend { reason, confirmed })).await;
    let suspended = world.position().await - 1;
    timers::act(&world.app, clock::after(chrono::Duration::minutes(16))).await.expect("acts");
    let reinstated = world.position().await;
    assert_eq!(world.since(suspended + 1).await, ["OrgReinstated"]);
    let cause = ana.get(&format!("/admin/history/{suspended}")).await;
    cause.is(200).shows("With the same command:").shows(&format!("href=\"/admin/history/{reinstated}\""));
    let consequence = ana.get(&format!("/admin/history/{reinstated}")).await;
    consequence.is(200).shows("The timer").shows("<ul class=\"tree\"><li><span class=\"sentence\">");
    consequence.shows("<li aria-current=\"true\">");
}

async fn an_event_that_is_not_there_is_not_found(world: World) {
    let (ana, ..) = a_past(&world).await;
    for nothing in ["0", "-1", "7", "999999", "9223372036854775808", "words", "4x", "%00"] {
        let status = if nothing == "%00" { 400 } else { 404 };
        ana.get(&format!("/admin/history/{nothing}")).await.is(status);
    }
}

async fn an_event_is_taken_along_with_its_proof_once_it_is_sealed(world: World) {
    let (ana, ..) = a_past(&world).await;
    ana.get("/admin/history/4").await.shows("nothing is sealed in this portal yet");
    ana.get("/admin/history/4/evidence").await.is(409).shows("There is no evidence");
    let key = SigningKey::new("portal.example/log", &[7; 32]).expect("a key");
    while seal::read_on(&world.app.db, key.origin()).await.expect("sound") != SealProgress::End {}
    let turn =
        seal::SealStep::begin(&world.app.db, key.origin()).await.expect("readable").expect("nobody else");
    let signed = key.sign(turn.standing().size(), turn.standing().root());
    turn.sealed(&signed).await.expect("noted");
    ana.get("/admin/history/4").await.shows("/admin/history/4/evidence");
    let answer = ana.get("/admin/history/4/evidence").await;
    let evidence: seal::Evidence = serde_json::from_str(&answer.is(200).body).expect("evidence");
    assert_eq!(evidence.check(&key.public()), Ok((4, 6)));
    let forged = answer.body.replacen("March", "April", 1);
    let forged: seal::Evidence = serde_json::from_str(&forged).expect("evidence");
    assert!(forged.check(&key.public()).is_err());
    world.given(world.org("later").await, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    ana.get("/admin/history/7").await.shows("not sealed yet: the last checkpoint is of 6 events");
    for nothing in ["0", "-1", "999999", "words"] {
        ana.get(&format!("/admin/history/{nothing}/evidence")).await.is(404);
    }
}

engines! {
    an_event_says_who_why_when_and_what_it_changed,
    what_an_event_changed_is_told_field_by_field,
    causes_and_consequences_are_a_tree,
    an_event_that_is_not_there_is_not_found,
    an_event_is_taken_along_with_its_proof_once_it_is_sealed,
}

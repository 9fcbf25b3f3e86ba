//! `/admin/orgs/{id}/{action}`: everything that can be done to an organisation, and by whom it was done meanwhile.

use std::time::Duration;

use api::{clock, routes};
use domain::grant::PlatformRole::{Auditor, Superadmin};
use domain::org::{LifecycleCommand, OrgCommand, Role};
use projections::access_log;
use uuid::Uuid;

use crate::world::World;

async fn every_action_is_carried_out_and_said(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    world.owner(acme).await;
    let before = world.position().await;
    let reason = [("reason", "The invoice of May is unpaid")];
    for (action, fields, sentence) in [
        ("name", &[("name", "Apex")][..], "You renamed the organisation to Apex"),
        ("slug", &[("slug", "apex")], "You changed the slug of Apex to apex"),
        ("suspension", &reason, "You suspended Apex: The invoice of May is unpaid"),
        ("reinstatement", &[], "You reinstated Apex"),
        ("protection", &[], "You protected Apex"),
        ("unprotection", &[], "You lifted the protection of Apex"),
        ("archive", &reason, "You archived Apex: The invoice of May is unpaid"),
        ("restoration", &[], "You restored Apex"),
    ] {
        let done = ana.submit(&format!("/admin/orgs/{acme}/{action}"), fields).await;
        let page = ana.get(done.is(303).location()).await;
        assert!(text(&page.is(200).body).contains(sentence), "{sentence}: {}", text(&page.body));
    }
    assert_eq!(
        world.since(before).await,
        [
            "OrgRenamed",
            "OrgSlugChanged",
            "OrgSuspended",
            "OrgReinstated",
            "OrgProtected",
            "OrgUnprotected",
            "OrgArchived",
            "OrgRestored"
        ]
    );
    world.verify().await;
}

/// What a page says, without its tags.
fn text(html: &str) -> String {
    let words = html.split('<').filter_map(|part| part.split_once('>')).map(|(_, words)| words);
    words.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn a_wrong_field_is_named_and_everything_typed_is_kept(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let before = world.position().await;
    for (action, field, typed, sentence) in [
        ("name", "name", "a\u{202e}b", "a name can't contain"),
        ("slug", "slug", "No Slug", "a slug has only the letters"),
        ("invitations", "email", "otto at example", "this is not an e-mail address"),
    ] {
        let refused = ana.submit(&format!("/admin/orgs/{acme}/{action}"), &[(field, typed)]).await;
        refused.is(422).shows(sentence);
        assert_eq!(refused.value(field).as_deref(), Some(typed));
    }
    ana.submit(&format!("/admin/orgs/{acme}/suspension"), &[("reason", "short <b>")])
        .await
        .is(422)
        .shows("give a reason of 10 to 500 characters")
        .shows("short &lt;b&gt;</textarea>");
    let both = [("email", "x"), ("role", "superadmin")];
    ana.submit(&format!("/admin/orgs/{acme}/invitations"), &both)
        .await
        .is(422)
        .shows("this is not an e-mail address")
        .shows("choose a role that this organisation has");
    assert_eq!(world.since(before).await, [""; 0]);
}

/// Nothing is overwritten: the page says what happened, keeps what was typed, and takes it when it is sent again.
async fn somebody_who_was_quicker_is_named_and_a_second_send_works(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let bob = world.granted("bob@example.com", Superadmin).await;
    let path = format!("/admin/orgs/{acme}/name");
    let form = ana.get(&path).await;
    bob.submit(&path, &[("name", "Bob's")]).await.is(303);
    let before = world.position().await;
    let stale = ana.post(&path, &form.filled(&[("name", "Ana's <i>")])).await;
    stale.is(409).shows("Somebody changed this organisation while you were here.").shows("bob@example.com");
    assert!(text(&stale.body).contains("renamed the organisation to Bob's"), "{}", text(&stale.body));
    assert_eq!(stale.value("name").as_deref(), Some("Ana's <i>"));
    assert_eq!(world.since(before).await, [""; 0]);
    assert_eq!(access_log::recent(&world.app.db, 1).await.expect("readable")[0].command, "Rename");
    ana.post(&path, &stale.filled(&[("name", "Ana's <i>")])).await.is(303);
    assert_eq!(world.since(before).await, ["OrgRenamed"]);
}

/// Without a field of the form being right about it: a sequence is a number and nothing to trust.
async fn a_sequence_that_never_was_is_only_stale(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let before = world.position().await;
    for sequence in ["0", "-1", "99", "9223372036854775807", "-9223372036854775808"] {
        let id = clock::new_id().to_string();
        let fields = [("command_id", id.as_str()), ("expected_sequence", sequence), ("name", "Apex")];
        ana.post(&format!("/admin/orgs/{acme}/name"), &fields).await.is(409);
    }
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn of_two_at_the_same_moment_one_is_told_about_the_other(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let bob = world.granted("bob@example.com", Superadmin).await;
    let (path, before) = (format!("/admin/orgs/{acme}/name"), world.position().await);
    let (anas, bobs) = (ana.get(&path).await, bob.get(&path).await);
    let (one, other) = (anas.filled(&[("name", "Anas")]), bobs.filled(&[("name", "Bobs")]));
    let (one, other) = tokio::join!(ana.post(&path, &one), bob.post(&path, &other));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    assert_eq!(world.since(before).await, ["OrgRenamed"]);
}

/// The second click of a form is never told that somebody was quicker: that was the first.
async fn two_clicks_are_one_and_both_are_told_so(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let path = format!("/admin/orgs/{acme}/name");
    for round in 0..10 {
        let (before, form, name) = (world.position().await, ana.get(&path).await, format!("Apex {round}"));
        let fields = form.filled(&[("name", &name)]);
        let click = async |after: u64| {
            tokio::time::sleep(Duration::from_millis(after)).await;
            ana.post(&path, &fields).await
        };
        let (one, two, three) = tokio::join!(click(0), click(0), click(round));
        for answer in [one, two, three] {
            answer.is(303);
        }
        assert_eq!(world.since(before).await, ["OrgRenamed"]);
    }
}

async fn what_is_so_already_is_no_error(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let done = ana.submit(&format!("/admin/orgs/{acme}/name"), &[("name", "Apex Ltd")]).await;
    ana.get(done.is(303).location()).await.is(200).shows("</strong> renamed the organisation");
    let before = world.position().await;
    for action in ["reinstatement", "restoration", "unprotection"] {
        let done = ana.submit(&format!("/admin/orgs/{acme}/{action}"), &[]).await;
        let page = ana.get(done.is(303).location()).await;
        page.is(200)
            .shows("Nothing changed: it was so already.")
            .hides("renamed the organisation to <span class=\"name\">Apex Ltd</span></span> · ")
            .hides("Undo");
    }
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn a_protected_organisation_wants_its_slug_typed(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    let (path, before) = (format!("/admin/orgs/{acme}/suspension"), world.position().await);
    let reason = ("reason", "The invoice is unpaid");
    for typed in ["", "acm", "bolt", "Acme Ltd"] {
        let refused = ana.submit(&path, &[reason, ("confirmed", typed)]).await;
        refused.is(422).shows("type its slug to confirm").shows("The invoice is unpaid</textarea>");
    }
    assert_eq!(world.since(before).await, [""; 0]);
    ana.submit(&path, &[reason, ("confirmed", "ACME")]).await.is(303);
    assert_eq!(world.since(before).await, ["OrgSuspended", "OrgReinstatementScheduled"]);
}

async fn a_rule_that_refuses_is_said_on_the_form_and_kept_apart_from_the_log(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let form = ana.get(&format!("/admin/orgs/{acme}/name")).await;
    world.suspended(acme, "The invoice is unpaid").await;
    let before = world.position().await;
    let (id, sequence) = (form.value("command_id").expect("an id"), "2");
    let fields = [("command_id", id.as_str()), ("expected_sequence", sequence), ("name", "Apex")];
    let refused = ana.post(&format!("/admin/orgs/{acme}/name"), &fields).await;
    refused.is(422).shows("this organisation is suspended; reinstate it first");
    assert_eq!(world.since(before).await, [""; 0]);
    let entry = access_log::recent(&world.app.db, 1).await.expect("readable").remove(0);
    assert_eq!((entry.command.as_str(), entry.target), ("Rename", format!("org:{acme}")));
    assert_eq!(entry.refusal, "this organisation is suspended; reinstate it first");
    assert_eq!(entry.command_id.map(|id| id.to_string()), Some(id));
}

async fn a_revocation_holds_from_the_next_request_on_also_in_the_middle_of_a_form(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    world.granted("bob@example.com", Superadmin).await;
    let path = format!("/admin/orgs/{acme}/name");
    let form = ana.get(&path).await;
    world.revoked(ana.person(), Superadmin).await;
    let before = world.position().await;
    ana.post(&path, &form.filled(&[("name", "Apex")])).await.leads_to("/organisations/select");
    ana.get("/admin/orgs").await.leads_to("/organisations/select");
    assert_eq!(world.since(before).await, [""; 0]);
    let ana = world.granted("ana@example.com", Auditor).await;
    ana.post(&path, &form.filled(&[("name", "Apex")])).await.is(403);
    ana.get("/admin/orgs").await.is(200);
    assert_eq!(world.since(before + 1).await, [""; 0]);
}

/// Raced, whichever comes first: nothing is ever done after the revocation.
async fn nothing_is_done_after_a_revocation(world: World) {
    let acme = world.org("acme").await;
    world.granted("bob@example.com", Superadmin).await;
    for round in 0..20 {
        let ana = world.granted("ana@example.com", Superadmin).await;
        let (before, id) = (world.position().await, clock::new_id().to_string());
        let (path, name) = (format!("/admin/orgs/{acme}/name"), format!("Apex {round}"));
        let fields = [("command_id", id.as_str()), ("name", &name)];
        tokio::join!(ana.post(&path, &fields), world.revoked(ana.person(), Superadmin));
        let happened = world.since(before).await;
        assert_eq!(happened.last().map(String::as_str), Some("SuperadminRevoked"), "{happened:?}");
    }
}

/// All four combinations of own and foreign ids, for every route of the table that has two.
async fn an_invitation_is_reached_through_its_own_organisation_only(world: World) {
    let (ana, acme, bolt) = (world.operator().await, world.org("acme").await, world.org("bolt").await);
    let (gia, hal) = (world.person("gia@example.com").await, world.person("hal@example.com").await);
    let (to_acme, to_bolt) =
        (world.invited(acme, gia, Role::Member).await, world.invited(bolt, hal, Role::Member).await);
    let (own, nobodys) = ([(acme.0, to_acme.0), (bolt.0, to_bolt.0)], Uuid::nil());
    let foreign = [(acme.0, to_bolt.0), (bolt.0, to_acme.0), (acme.0, nobodys), (nobodys, to_acme.0)];
    let routes: Vec<_> =
        routes::entries(&world.app).into_iter().filter(|e| e.path.contains("{invitation}")).collect();
    assert!(routes.len() > 1);
    for route in routes {
        let before = world.position().await;
        for ((org, invitation), status) in
            foreign.iter().map(|ids| (ids, 404)).chain(own.iter().map(|ids| (ids, 303)))
        {
            let id = clock::new_id().to_string();
            let path = route.path.replace("{id}", &org.to_string());
            let path = path.replace("{invitation}", &invitation.to_string());
            ana.post(&path, &[("command_id", &id)]).await.is(status);
        }
        assert_eq!(world.since(before).await.len(), 2);
    }
}

async fn an_organisation_or_an_action_that_is_not_there_is_not_found(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let (nobodys, id) = (Uuid::nil(), clock::new_id().to_string());
    for path in [
        format!("/admin/orgs/{nobodys}"),
        format!("/admin/orgs/{nobodys}/members"),
        format!("/admin/orgs/{nobodys}/history"),
        format!("/admin/orgs/{nobodys}/name"),
        format!("/admin/orgs/{acme}/deletion"),
        format!("/admin/orgs/{acme}/Name"),
        "/admin/orgs/acme".to_owned(),
        "/admin/orgs/acme/name".to_owned(),
        "/admin/nothing".to_owned(),
    ] {
        ana.get(&path).await.is(404);
    }
    let fields = [("command_id", id.as_str()), ("name", "Apex")];
    ana.post(&format!("/admin/orgs/{nobodys}/name"), &fields).await.is(404);
}

async fn an_invitation_is_handed_over_once(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let invite = [("email", "gia@example.com"), ("role", "admin")];
    let done = ana.submit(&format!("/admin/orgs/{acme}/invitations"), &invite).await;
    let link = ana.get(done.is(303).location()).await.invitation_link();
    let token = link.trim_start_matches("/invitations/");
    ana.get(&format!("/admin/orgs/{acme}/members")).await.hides(token).shows("gia@example.com");
    world.anonymous().get(&link).await.is(200).shows("gia@example.com");
    let again = ana.submit(&format!("/admin/orgs/{acme}/invitations"), &invite).await;
    again.is(422).shows("this person has an open invitation");
}

engines! {
    every_action_is_carried_out_and_said,
    a_wrong_field_is_named_and_everything_typed_is_kept,
    somebody_who_was_quicker_is_named_and_a_second_send_works,
    a_sequence_that_never_was_is_only_stale,
    of_two_at_the_same_moment_one_is_told_about_the_other,
    two_clicks_are_one_and_both_are_told_so,
    what_is_so_already_is_no_error,
    a_protected_organisation_wants_its_slug_typed,
    a_rule_that_refuses_is_said_on_the_form_and_kept_apart_from_the_log,
    a_revocation_holds_from_the_next_request_on_also_in_the_middle_of_a_form,
    nothing_is_done_after_a_revocation,
    an_invitation_is_reached_through_its_own_organisation_only,
    an_organisation_or_an_action_that_is_not_there_is_not_found,
    an_invitation_is_handed_over_once,
}

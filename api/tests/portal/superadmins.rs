//! `/admin/superadmins`: platform roles given and taken in the browser, and everything that is remembered of it.

use api::clock;
use domain::grant::PlatformRole::{self, Auditor, Superadmin};
use domain::grant::{GrantCommand, GrantError, Term};
use domain::values::PersonId;
use projections::people;
use uuid::Uuid;

use crate::client::{Answer, Client};
use crate::world::{PASSWORD, World};

const PAGE: &str = "/admin/superadmins";
const NEW: &str = "/admin/superadmins/new";
const REASON: &str = "Second pair of eyes";
const LEFT: &str = "Left the company in May";

fn revocation(person: PersonId, role: &str) -> String {
    format!("{PAGE}/{person}/revocation?role={role}")
}

async fn grant(client: &Client, email: &str, role: &str) -> Answer {
    client.submit(NEW, &[("email", email), ("role", role), ("reason", REASON)]).await
}

async fn revoke(client: &Client, person: PersonId, role: &str) -> Answer {
    client.submit(&revocation(person, role), &[("role", role), ("reason", LEFT)]).await
}

/// What a page says, without its tags.
fn text(page: &Answer) -> String {
    let words = page.body.split('<').filter_map(|part| part.split_once('>')).map(|(_, words)| words);
    words.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(page: &Answer, sentence: &str) {
    assert!(text(page.is(200)).contains(sentence), "{sentence:?} in {}", text(page));
}

fn password_link(page: &Answer) -> Option<String> {
    let token = page.body.split_once("http://127.0.0.1:8080/password/")?.1.get(..64)?;
    Some(format!("/password/{token}"))
}

async fn somebody_unknown_gets_a_link_once_and_is_in(world: World) {
    let ana = world.operator().await;
    let done = grant(&ana, "Nina@Example.com", "superadmin").await;
    let page = ana.get(done.is(303).location()).await;
    says(&page, "You granted superadmin to nina@example.com: Second pair of eyes");
    says(&page, "2 superadmins");
    let link = password_link(&page).expect("a link");
    assert_eq!(password_link(&ana.get(PAGE).await), None, "it is shown once");
    let nina = world.anonymous();
    nina.get(&link).await.is(200).shows("nina@example.com");
    nina.post(&link, &[("password", PASSWORD)]).await.leads_to("/");
    nina.get("/").await.leads_to("/admin/orgs");
    nina.get(NEW).await.is(200);
    nina.get(&link).await.is(404);
    world.verify().await;
}

/// Two links are out when a role is given twice; the second is nothing any more once the first was followed.
async fn a_link_opens_nothing_for_whoever_has_a_password(world: World) {
    let ana = world.operator().await;
    let mut links = vec![];
    for role in ["superadmin", "auditor"] {
        let done = grant(&ana, "nina@example.com", role).await;
        links.extend(password_link(&ana.get(done.is(303).location()).await));
    }
    world.anonymous().post(&links[0], &[("password", PASSWORD)]).await.leads_to("/");
    world.anonymous().get(&links[1]).await.is(404);
    world.anonymous().post(&links[1], &[("password", "another one entirely")]).await.is(404);
    world.with_password("pat@example.com").await;
    let done = grant(&ana, "pat@example.com", "auditor").await;
    assert_eq!(password_link(&ana.get(done.is(303).location()).await), None);
}

async fn it_holds_from_the_next_request_on_and_so_does_the_revocation(world: World) {
    let (ana, sam) = (world.operator().await, world.stranger().await);
    let before = world.position().await;
    sam.get(PAGE).await.leads_to("/org/elsewhere/dashboard");
    grant(&ana, "stranger@example.com", "superadmin").await.is(303);
    says(&sam.get(PAGE).await, "stranger@example.com");
    says(&ana.get(&revocation(sam.person(), "superadmin")).await, "From the next request on, that ends.");
    let done = revoke(&ana, sam.person(), "superadmin").await;
    sam.get(PAGE).await.leads_to("/org/elsewhere/dashboard");
    sam.post(NEW, &[]).await.leads_to("/org/elsewhere/dashboard");
    let page = ana.get(done.is(303).location()).await;
    says(&page, "You revoked superadmin of stranger@example.com: Left the company in May");
    let past = page.body.split_once("Past grants").expect("a part of the page").1;
    for known in ["stranger@example.com", REASON, LEFT, "ana@example.com"] {
        assert!(past.contains(known), "{known:?} in {past}");
    }
    assert_eq!(world.since(before).await, ["SuperadminGranted", "SuperadminRevoked"]);
    world.verify().await;
}

async fn the_last_superadmin_stays(world: World) {
    let ana = world.operator().await;
    let (path, before) = (revocation(ana.person(), "superadmin"), world.position().await);
    says(&ana.get(PAGE).await, "There is only one superadmin without an end date.");
    says(&ana.get(&path).await, "This is the last superadmin without an end date.");
    let id = clock::new_id().to_string();
    let fields = [("command_id", id.as_str()), ("role", "superadmin"), ("reason", LEFT)];
    let refused = ana.post(&path, &fields).await;
    refused
        .is(422)
        .shows("there must always be a superadmin without an end date, and this is the last one")
        .shows(LEFT);
    assert_eq!(world.since(before).await, [""; 0]);
    let bob = world.granted("bob@example.com", Superadmin).await;
    ana.get(PAGE).await.hides("There is only one superadmin without an end date.");
    ana.post(&path, &refused.filled(&fields[1..])).await.leads_to("/");
    says(&bob.get(PAGE).await, "There is only one superadmin without an end date.");
}

async fn whoever_revokes_their_own_role_is_told_and_goes_home(world: World) {
    let ana = world.operator().await;
    let bob = world.granted("bob@example.com", Superadmin).await;
    bob.get(&revocation(ana.person(), "superadmin")).await.is(200).hides("This is yourself.");
    ana.get(&revocation(ana.person(), "superadmin")).await.is(200).shows("This is yourself.");
    revoke(&ana, ana.person(), "superadmin").await.leads_to("/");
    ana.get("/").await.leads_to("/organisations/select");
    ana.get(PAGE).await.leads_to("/organisations/select");
}

async fn a_stale_page_is_told_what_happened(world: World) {
    let ana = world.operator().await;
    let bob = world.granted("bob@example.com", Superadmin).await;
    let cleo = world.granted("cleo@example.com", Superadmin).await.person();
    let (path, fields) = (revocation(cleo, "superadmin"), [("role", "superadmin"), ("reason", LEFT)]);
    let form = ana.get(&path).await;
    grant(&bob, "cleo@example.com", "auditor").await.is(303);
    let before = world.position().await;
    let stale = ana.post(&path, &form.filled(&fields)).await;
    stale.is(409).shows("Somebody changed the roles of this person while you were here.").shows(LEFT);
    assert!(text(&stale).contains("bob@example.com granted auditor to cleo@example.com"), "{}", text(&stale));
    assert_eq!(world.since(before).await, [""; 0]);
    ana.post(&path, &stale.filled(&fields)).await.is(303);
    let form = ana.get(&revocation(cleo, "auditor")).await;
    revoke(&bob, cleo, "auditor").await.is(303);
    let fields = [("role", "auditor"), ("reason", LEFT)];
    let stale = ana.post(&path, &form.filled(&fields)).await;
    stale.is(409).shows("There is nothing left to revoke.");
    assert_eq!(world.since(before).await, ["SuperadminRevoked", "AuditorRevoked"]);
}

async fn two_clicks_are_one(world: World) {
    let ana = world.operator().await;
    for round in 0..5 {
        let (before, email) = (world.position().await, format!("nina{round}@example.com"));
        let form = ana.get(NEW).await;
        let fields = form.filled(&[("email", &email), ("role", "superadmin"), ("reason", REASON)]);
        let click = || ana.post(NEW, &fields);
        let (one, two) = tokio::join!(click(), click());
        let seen = format!("{PAGE}?seen={}", before + 1);
        for answer in [one, two, click().await] {
            answer.leads_to(&seen);
        }
        let found = people::by_id(&world.app.db, world.person(&email).await).await.expect("readable");
        let path = revocation(PersonId(found.expect("made once").person_id), "superadmin");
        let form = ana.get(&path).await;
        let fields = form.filled(&[("role", "superadmin"), ("reason", LEFT)]);
        let click = || ana.post(&path, &fields);
        let (one, two) = tokio::join!(click(), click());
        let seen = format!("{PAGE}?seen={}", before + 2);
        for answer in [one, two, click().await] {
            answer.leads_to(&seen);
        }
        assert_eq!(world.since(before).await, ["SuperadminGranted", "SuperadminRevoked"]);
    }
}

async fn a_refused_grant_leaves_nobody_behind(world: World) {
    let ana = world.operator().await;
    let id = clock::new_id().to_string();
    let fields =
        |email| [("command_id", id.as_str()), ("email", email), ("role", "auditor"), ("reason", REASON)];
    ana.post(NEW, &fields("olga@example.com")).await.is(303);
    ana.post(NEW, &fields("nobody@example.com")).await.is(409); // the id of another command
    let nobody = world.app.lookups.person(&"nobody@example.com".parse().expect("an address")).await;
    assert_eq!(nobody.expect("an answer"), None);
    world.verify().await;
}

async fn a_role_that_is_held_already_is_no_error_and_said(world: World) {
    let ana = world.operator().await;
    let cleo = world.granted("cleo@example.com", Auditor).await;
    let before = world.position().await;
    let done = grant(&ana, "cleo@example.com", "auditor").await;
    let page = ana.get(done.is(303).location()).await;
    says(&page, "cleo@example.com holds this role already. Nothing was changed.");
    assert_eq!(world.since(before).await, [""; 0]);
    ana.get(&format!("{PAGE}?held={}", Uuid::nil())).await.is(200).hides("already");
    cleo.get(PAGE).await.is(200);
}

async fn an_auditor_sees_all_of_it_and_changes_nothing(world: World) {
    let ana = world.operator().await;
    let aud = world.auditor().await;
    let before = world.position().await;
    let page = aud.get(PAGE).await;
    says(&page, "ana@example.com");
    page.hides(NEW).hides("revocation").hides("Grant a role");
    let path = revocation(ana.person(), "superadmin");
    for path in [NEW, path.as_str()] {
        aud.get(path).await.is(403);
        let id = clock::new_id().to_string();
        let fields = [("command_id", id.as_str()), ("role", "superadmin"), ("reason", LEFT)];
        aud.post(path, &fields).await.is(403);
    }
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn wrong_input_is_named_and_everything_typed_is_kept(world: World) {
    let ana = world.operator().await;
    let cleo = world.granted("cleo@example.com", Auditor).await.person();
    let before = world.position().await;
    let typed = [("email", "cleo at example"), ("role", "owner"), ("reason", "short <b>")];
    let refused = ana.submit(NEW, &typed).await;
    refused
        .is(422)
        .shows("this is not an e-mail address")
        .shows("choose superadmin or auditor")
        .shows("give a reason of 10 to 500 characters")
        .shows("short &lt;b&gt;</textarea>");
    assert_eq!(refused.value("email").as_deref(), Some("cleo at example"));
    let path = revocation(cleo, "auditor");
    let refused = ana.submit(&path, &[("role", "auditor"), ("reason", "short <b>")]).await;
    refused.is(422).shows("give a reason of 10 to 500 characters").shows("short &lt;b&gt;</textarea>");
    ana.submit(&path, &[("role", "owner"), ("reason", LEFT)]).await.is(422).shows("superadmin or auditor");
    let never = [("role", "superadmin"), ("reason", LEFT)];
    ana.submit(&path, &never).await.is(422).shows(&GrantError::NotHeld.to_string());
    for nobody in [world.person("nobody@example.com").await, PersonId(Uuid::nil())] {
        ana.get(&revocation(nobody, "superadmin")).await.is(404);
        ana.post(&revocation(nobody, "superadmin"), &[("command_id", &Uuid::nil().to_string())])
            .await
            .is(404);
    }
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn past_grants_are_kept_page_by_page(world: World) {
    let ana = world.operator().await;
    let cleo = world.person("cleo@example.com").await;
    let give = async |role: PlatformRole, reason: String| {
        let reason = reason.parse().expect("a reason");
        let give = GrantCommand::Give { role, reason, term: Term::FOR_GOOD, at: clock::now().into() };
        world.grant(cleo, give).await;
    };
    for round in 1..=51 {
        give(Auditor, format!("Audit number {round}.")).await;
        world.revoked(cleo, Auditor).await;
    }
    let newest = ana.get(PAGE).await;
    newest.is(200).shows("Audit number 51.").shows("Audit number 2.").hides("Audit number 1.");
    let (_, before) = newest.body.split_once("?before=").expect("a link to older ones");
    let before: String = before.chars().take_while(char::is_ascii_digit).collect();
    let oldest = ana.get(&format!("{PAGE}?before={before}")).await;
    oldest.is(200).shows("Audit number 1.").hides("Audit number 2.").hides("?before=");
}

engines! {
    somebody_unknown_gets_a_link_once_and_is_in,
    a_link_opens_nothing_for_whoever_has_a_password,
    it_holds_from_the_next_request_on_and_so_does_the_revocation,
    the_last_superadmin_stays,
    whoever_revokes_their_own_role_is_told_and_goes_home,
    a_stale_page_is_told_what_happened,
    two_clicks_are_one,
    a_refused_grant_leaves_nobody_behind,
    a_role_that_is_held_already_is_no_error_and_said,
    an_auditor_sees_all_of_it_and_changes_nothing,
    wrong_input_is_named_and_everything_typed_is_kept,
    past_grants_are_kept_page_by_page,
}

//! `/setup/{token}`, `/password/{token}` and `/sign-in/{token}`: links from the server's shell.

use api::identity::links;
use domain::grant::PlatformRole;
use projections::testing;

use crate::world::{PASSWORD, World};

const ANA: [(&str, &str); 3] = [("name", "Ana"), ("email", "ana@example.com"), ("password", PASSWORD)];

async fn the_first_link_makes_one_superadmin_and_works_once(world: World) {
    let token = links::first_start(&world.app).await.expect("stored");
    let (path, ana) = (format!("/setup/{token}"), world.anonymous());
    ana.get(&path).await.is(200).shows("You will be the first superadmin");
    ana.post(&path, &ANA).await.leads_to("/admin/orgs");
    ana.get("/admin/orgs").await.is(200).shows("No organisations yet.");
    assert_eq!(world.since(0).await, ["SuperadminGranted"]);
    world.anonymous().get(&path).await.is(404);
    world.anonymous().post(&path, &ANA).await.is(404);
    assert_eq!(world.since(1).await, [""; 0]);
}

async fn every_wrong_field_is_named_and_nothing_typed_is_lost(world: World) {
    let path = format!("/setup/{}", links::first_start(&world.app).await.expect("stored"));
    let wrong = [("name", " "), ("email", "ana at example"), ("password", "short")];
    let refused = world.anonymous().post(&path, &wrong).await;
    refused.is(422).shows("give your name in 1 to 100 characters").shows("this is not an e-mail address");
    refused.shows("a password has 10 to 200 characters").hides("value=\"short\"");
    assert_eq!(refused.value("email").as_deref(), Some("ana at example"));
    assert_eq!(world.since(0).await, [""; 0]);
    world.anonymous().post(&path, &ANA).await.leads_to("/admin/orgs");
}

async fn two_who_hold_the_link_make_one_superadmin(world: World) {
    let path = format!("/setup/{}", links::first_start(&world.app).await.expect("stored"));
    let (ana, eve) = (world.anonymous(), world.anonymous());
    let eves = [("name", "Eve"), ("email", "eve@example.com"), ("password", PASSWORD)];
    let (one, other) = tokio::join!(ana.post(&path, &ANA), eve.post(&path, &eves));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404]);
    assert_eq!(world.since(0).await, ["SuperadminGranted"]);
}

/// Name, password and role are written together: whoever was refused comes again with the same link.
async fn a_store_that_refuses_leaves_the_first_link_as_it_was(world: World) {
    let path = format!("/setup/{}", links::first_start(&world.app).await.expect("stored"));
    let url = world.app.settings.database_url.clone();
    testing::hold_the_log(&url, async {
        world.anonymous().post(&path, &ANA).await.is(503).shows("Nothing was done");
    })
    .await;
    assert_eq!(world.since(0).await, [""; 0]);
    let ana = world.anonymous();
    ana.post(&path, &ANA).await.leads_to("/admin/orgs");
    ana.get("/admin/orgs").await.is(200);
    assert_eq!(world.since(0).await, ["SuperadminGranted"]);
    let login = [("email", "ana@example.com"), ("password", PASSWORD)];
    world.anonymous().post("/login", &login).await.leads_to("/");
}

/// The link of an empty portal opens no account that is there.
async fn an_account_that_is_there_is_not_taken_over(world: World) {
    world.with_password("ana@example.com").await;
    let path = format!("/setup/{}", links::first_start(&world.app).await.expect("stored"));
    world.anonymous().post(&path, &ANA).await.is(422).shows("somebody with this address has an account");
    assert_eq!(world.since(0).await, [""; 0]);
    world
        .anonymous()
        .post(&path, &[("name", "Ana"), ("email", "ana2@example.com"), ("password", PASSWORD)])
        .await
        .is(303);
}

/// Somebody else became superadmin from the shell while the link was lying around.
async fn the_first_link_opens_nothing_once_there_is_a_superadmin(world: World) {
    let path = format!("/setup/{}", links::first_start(&world.app).await.expect("stored"));
    world.operator().await;
    let before = world.position().await;
    let eve = world.anonymous();
    eve.get(&path).await.is(404);
    eve.post(&path, &ANA).await.is(404);
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn a_new_first_link_replaces_the_one_before(world: World) {
    let old = links::first_start(&world.app).await.expect("stored");
    let new = links::first_start(&world.app).await.expect("stored");
    world.anonymous().get(&format!("/setup/{old}")).await.is(404);
    world.anonymous().get(&format!("/setup/{new}")).await.is(200);
}

/// Whoever had a session before somebody chose the password has it no longer.
async fn a_password_link_sets_the_password_once_and_ends_what_was_open(world: World) {
    let before = world.granted("ana@example.com", PlatformRole::Auditor).await;
    let token = links::choose_password(&world.app, before.person()).await.expect("stored");
    let (path, ana) = (format!("/password/{token}"), world.anonymous());
    ana.get(&path).await.is(200).shows("ana@example.com");
    ana.post(&path, &[("password", "short")]).await.is(422).shows("a password has 10 to 200 characters");
    ana.post(&path, &[("password", PASSWORD)]).await.leads_to("/");
    ana.get("/admin/orgs").await.is(200);
    before.get("/admin/orgs").await.is(303);
    world.anonymous().post(&path, &[("password", "an entirely different sentence")]).await.is(404);
    let login = [("email", "ana@example.com"), ("password", PASSWORD)];
    world.anonymous().post("/login", &login).await.leads_to("/");
}

/// Both forms were open before either was sent.
async fn of_two_password_links_of_one_person_one_is_used(world: World) {
    for round in 0..3 {
        let email = format!("ana{round}@example.com");
        let person = world.person(&email).await;
        let mut paths = vec![];
        for _ in 0..2 {
            let token = links::choose_password(&world.app, person).await.expect("stored");
            paths.push(format!("/password/{token}"));
        }
        let (ana, eve) = (world.anonymous(), world.anonymous());
        let (anas, eves) = ([("password", PASSWORD)], [("password", "an entirely different sentence")]);
        let (one, other) = tokio::join!(ana.post(&paths[0], &anas), eve.post(&paths[1], &eves));
        let (chosen, late) = if one.status == 303 { (&anas, &other) } else { (&eves, &one) };
        assert_eq!([one.status, other.status].iter().filter(|status| **status == 303).count(), 1, "{round}");
        late.is(404).shows("This link opens nothing. It works once, and for a day.");
        for path in &paths {
            world.anonymous().get(path).await.is(404);
        }
        world.anonymous().post("/login", &[("email", &email), chosen[0]]).await.leads_to("/");
    }
}

/// Links that sign in whoever has them are for a database that is thrown away.
async fn a_demonstrations_link_opens_nothing_in_a_portal_that_serves(world: World) {
    let person = world.person("ana@example.com").await;
    let path = format!("/sign-in/{}", links::sign_in(&world.app, person).await.expect("stored"));
    let anybody = world.anonymous();
    anybody.get(&path).await.is(404);
    anybody.post(&path, &[]).await.is(404);
    assert_eq!(anybody.cookie("portal"), None);
    world.demonstrating().anonymous().post(&path, &[]).await.leads_to("/");
}

/// A token is for one purpose, and for the address that it was made for.
async fn a_token_opens_only_what_it_was_made_for(world: World) {
    let world = world.demonstrating();
    let person = world.person("ana@example.com").await;
    let app = &world.app;
    let password = links::choose_password(app, person).await.expect("stored");
    let (first, demo) =
        (links::first_start(app).await.expect("ok"), links::sign_in(app, person).await.expect("ok"));
    for (fits, token) in [("/password/", &password), ("/setup/", &first), ("/sign-in/", &demo)] {
        for place in ["/password/", "/setup/", "/sign-in/", "/invitations/"] {
            let answer = world.anonymous().get(&format!("{place}{token}")).await;
            answer.is(if place == fits { 200 } else { 404 });
        }
        let (cut, longer, edited) = (&token[..63], format!("{token}0"), format!("{}g", &token[..63]));
        for wrong in [cut, &longer, &edited, &token.to_uppercase(), "", "%20", "..", &"a".repeat(5000)] {
            let status = world.anonymous().get(&format!("{fits}{wrong}")).await.status;
            assert!(status == 404 || *wrong == token.to_uppercase(), "{wrong}: {status}");
        }
    }
}

engines! {
    a_store_that_refuses_leaves_the_first_link_as_it_was,
    an_account_that_is_there_is_not_taken_over,
    the_first_link_makes_one_superadmin_and_works_once,
    every_wrong_field_is_named_and_nothing_typed_is_lost,
    two_who_hold_the_link_make_one_superadmin,
    the_first_link_opens_nothing_once_there_is_a_superadmin,
    a_new_first_link_replaces_the_one_before,
    a_password_link_sets_the_password_once_and_ends_what_was_open,
    of_two_password_links_of_one_person_one_is_used,
    a_demonstrations_link_opens_nothing_in_a_portal_that_serves,
    a_token_opens_only_what_it_was_made_for,
}

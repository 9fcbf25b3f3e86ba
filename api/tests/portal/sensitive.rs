//! The table of what is sensitive: complete, in the documentation, and what the running program asks by.

use api::access::sensitive_routes::{BY_COMMAND, ROUTES};
use api::bus::sensitive::{Act, as_markdown};
use api::routes;
use domain::org::Role;

use crate::sudo::{ASKED, confirm, long_ago};
use crate::world::{PASSWORD, World};

const WHY: &str = "Three invoices are unpaid since May.";

async fn every_route_that_changes_something_has_a_line(world: World) {
    let entries = routes::entries(&world.app.clone().demonstrating());
    let posts = entries.iter().filter(|entry| entry.method == "POST");
    for entry in posts {
        let by_itself = ROUTES.iter().filter(|(method, path, _)| *method == "POST" && *path == entry.path);
        let by_command = BY_COMMAND.iter().filter(|path| **path == entry.path);
        let lines = by_itself.count() + by_command.count();
        assert_eq!(lines, 1, "{entry:?} stands once in ROUTES or BY_COMMAND of access/sensitive_routes.rs");
    }
    for (method, path, _) in ROUTES {
        assert!(entries.iter().any(|entry| entry.method == *method && entry.path == *path), "{path} is gone");
    }
    for path in BY_COMMAND {
        assert!(entries.iter().any(|entry| entry.method == "POST" && entry.path == *path), "{path} is gone");
    }
    // What gives data away as a file is a route of its own, and is decided upon as well.
    for entry in entries.iter().filter(|entry| entry.method == "GET" && entry.path.ends_with("/export")) {
        assert!(ROUTES.iter().any(|(method, path, _)| *method == "GET" && *path == entry.path), "{entry:?}");
    }
}

#[test]
fn the_table_stands_in_the_documentation() {
    let page = include_str!("../../../docs/decisions/0027-seen-and-asked.md");
    assert!(page.contains(&as_markdown()), "put this into decision 27:\n{}", as_markdown());
    let kept = api::jobs::retention::as_markdown();
    assert!(page.contains(&kept), "and this:\n{kept}");
    assert!(Act::ALL.iter().all(|act| act.line().because.len() > 10));
}

async fn what_was_missing_is_asked_about_and_then_done(world: World) {
    let acme = world.org("acme").await;
    let ana = long_ago(&world, "ana@example.com").await;
    let id = api::clock::new_id().to_string();
    let define =
        [("command_id", id.as_str()), ("code", "project"), ("label", "Project"), ("description", "")];
    let define = [define.as_slice(), &[("action", "read"), ("spread", "opt_in")]].concat();
    ana.post("/admin/reference-data/new", &define).await.is(303);
    let guest = world.person("guest@example.com").await;
    let invitation = world.invited(acme, guest, Role::Member).await;
    let link = format!("/admin/orgs/{acme}/invitations/{invitation}/link");
    let id = api::clock::new_id().to_string();
    let slug = format!("/admin/orgs/{acme}/slug");
    let invite = format!("/admin/orgs/{acme}/invitations");
    let before = world.position().await;
    let cases: [(&str, Vec<(&str, &str)>, &str); 4] = [
        (&invite, vec![("email", "eve@example.com"), ("role", "owner")], "invite somebody"),
        (&link, vec![("command_id", &id)], "make a new invitation link"),
        (&slug, vec![("slug", "apex")], "change the slug"),
        ("/admin/reference-data/project/spread", vec![("spread", "everywhere")], "change the rollout policy"),
    ];
    for (path, fields, what) in &cases {
        let is_button = path.ends_with("/link");
        let asked = if is_button { ana.post(path, fields).await } else { ana.submit(path, fields).await };
        asked
            .is(403)
            .shows(ASKED)
            .shows(what)
            .shows("This is a sensitive action. Confirm your password to continue.");
        assert_eq!(world.since(before).await, [""; 0], "{path}");
    }
    let (path, fields, _) = &cases[0];
    let asked = ana.submit(path, fields).await;
    confirm(&ana, path, &asked, PASSWORD).await.is(303);
    assert_eq!(world.since(before).await, ["MemberInvited"]);
    for (path, fields, _) in &cases[2..] {
        ana.submit(path, fields).await.is(303);
    }
    assert_eq!(world.since(before).await.len(), 3, "one proof is enough for a while");
}

async fn an_export_asks_first_and_the_page_leads_back_to_it(world: World) {
    world.org("acme").await;
    let ana = long_ago(&world, "ana@example.com").await;
    let path = "/admin/history/export?format=ndjson&q=acme%20ltd";
    let asked = ana.get(path).await;
    asked.is(403).shows(ASKED).shows("export the history").shows("action=\"/account/confirmation\"");
    asked.hides("OrgCreated");
    let wrong = confirm(&ana, "/account/confirmation", &asked, "wrong horse battery").await;
    wrong.is(422).shows("this is not your password");
    ana.get(path).await.is(403);
    let done = confirm(&ana, "/account/confirmation", &wrong, PASSWORD).await;
    done.is(200).shows("Your download starts by itself").shows("q=acme%20ltd");
    assert_eq!(done.header("refresh"), Some(format!("0; url={path}").as_str()));
    ana.get(path).await.is(200).shows("OrgCreated");
    let elsewhere = [("next", "https://evil.example/"), ("back", "//evil.example")];
    ana.post("/account/confirmation", &elsewhere).await.is(404);
    world.auditor().await.get(path).await.is(200); // signed in a moment ago
}

async fn with_a_second_factor_a_password_alone_is_not_enough(world: World) {
    let acme = world.org("acme").await;
    let ana = long_ago(&world, "ana@example.com").await;
    ana.post("/account/second-factor/secret", &[("sudo_password", PASSWORD)]).await.is(200);
    let (_, codes) = crate::second_factor::enrolled(&ana).await;
    crate::sudo::age(&world, ana.person()).await;
    let path = format!("/admin/orgs/{acme}/suspension");
    let before = world.position().await;
    let asked = ana.submit(&path, &[("reason", WHY)]).await;
    asked
        .is(403)
        .shows("name=\"sudo_code\"")
        .hides("name=\"sudo_password\"")
        .shows("Enter a code from your app");
    confirm(&ana, &path, &asked, PASSWORD).await.is(422).shows("this code is not right");
    assert_eq!(world.since(before).await, [""; 0]);
    let mut fields = crate::sudo::hidden(&asked);
    fields.push(("sudo_code".to_owned(), codes[0].clone()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    ana.post(&path, &fields).await.is(303);
    assert_eq!(world.since(before).await, ["OrgSuspended"]);
}

/// Signing in anew, and a new password, would otherwise be the way around a second factor.
async fn a_password_makes_no_proof_fresh_beside_a_second_factor(world: World) {
    let world = crate::passkeys::named(&world);
    let acme = world.org("acme").await;
    let path = format!("/admin/orgs/{acme}/suspension");
    let ana = long_ago(&world, "ana@example.com").await;
    crate::passkeys::given(&world, ana.person(), &[1, 2, 3]).await;
    let before = world.position().await;
    let fresh = world.anonymous();
    fresh.post("/login", &[("email", "ana@example.com"), ("password", PASSWORD)]).await.is(303);
    let asked = fresh.submit(&path, &[("reason", WHY)]).await;
    asked.is(403).shows("Confirm with your passkey to continue.").hides("name=\"sudo_password\"");
    let typed = asked.filled(&[("reason", WHY), ("sudo_password", PASSWORD)]);
    fresh.post(&path, &typed).await.is(422).shows("a password is not enough here");
    let new = [("current", PASSWORD), ("password", "an entirely different sentence")];
    ana.post("/account/password", &new).await.is(303);
    ana.submit(&path, &[("reason", WHY)]).await.is(403).shows("Confirm with your passkey to continue.");
    assert_eq!(world.since(before).await, [""; 0]);
}

engines! {
    a_password_makes_no_proof_fresh_beside_a_second_factor,
    every_route_that_changes_something_has_a_line,
    what_was_missing_is_asked_about_and_then_done,
    an_export_asks_first_and_the_page_leads_back_to_it,
    with_a_second_factor_a_password_alone_is_not_enough,
}

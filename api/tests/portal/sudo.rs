//! Sudo: what is grave wants a proof that is fresh, and then goes on with what was being done.

use api::{bus, clock};
use domain::grant::{GrantCommand, PlatformRole, Term};
use domain::org::{LifecycleCommand, OrgCommand, Role};
use domain::values::PersonId;
use projections::{access_log, sessions};

use crate::client::{Answer, Client};
use crate::world::{PASSWORD, World};

const WHY: &str = "Three invoices are unpaid since May.";
pub(crate) const ASKED: &str = "Confirm that it is you";

/// A superadmin with a password, whose last proof is too old by a minute.
pub(crate) async fn long_ago(world: &World, email: &str) -> Client {
    let person = world.with_password(email).await;
    let reason = "Given by the test".parse().expect("a reason");
    let (role, at) = (PlatformRole::Superadmin, clock::now().into());
    world.grant(person, GrantCommand::Give { role, reason, term: Term::FOR_GOOD, at }).await;
    let client = world.signed_in(person).await;
    age(world, person).await;
    client
}

/// Makes every proof of somebody too old.
pub(crate) async fn age(world: &World, person: PersonId) {
    let old = clock::after(-chrono::Duration::minutes(bus::PROOF_MINUTES + 1));
    for session in sessions::of_person(&world.app.db, person, clock::now()).await.expect("readable") {
        sessions::prove(&world.app.db, session.session_id, old, false).await.expect("stored");
    }
}

/// Every field that a page sends without being typed, as a browser reads them.
pub(crate) fn hidden(page: &Answer) -> Vec<(String, String)> {
    let tags = page.body.split('<').filter(|tag| tag.starts_with("input type=\"hidden\" name="));
    let attribute = |tag: &str, name: &str| {
        let value = tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
        let value = value.expect("an attribute").0.replace("&quot;", "\"").replace("&lt;", "<");
        value.replace("&gt;", ">").replace("&amp;", "&")
    };
    tags.map(|tag| (attribute(tag, "name"), attribute(tag, "value"))).collect()
}

/// Sends the page that asks for a proof, with this password.
pub(crate) async fn confirm(client: &Client, path: &str, page: &Answer, password: &str) -> Answer {
    let mut fields = hidden(page);
    fields.push(("sudo_password".to_owned(), password.to_owned()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    client.post(path, &fields).await
}

async fn each_grave_command_is_asked_about_and_then_done(world: World) {
    let acme = world.org("acme").await;
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    let old = world.granted("old@example.com", PlatformRole::Auditor).await.person();
    let grave = [
        (format!("/admin/orgs/{acme}/suspension"), "suspend an organisation", "OrgSuspended"),
        (format!("/admin/orgs/{acme}/archive"), "archive an organisation", "OrgArchived"),
        (format!("/admin/orgs/{acme}/unprotection"), "lift the protection of", "OrgUnprotected"),
        ("/admin/superadmins/new".to_owned(), "grant a platform role", "AuditorGranted"),
        (format!("/admin/superadmins/{old}/revocation"), "revoke a platform role", "AuditorRevoked"),
    ];
    for (round, (path, what, event)) in grave.iter().enumerate() {
        let ana = long_ago(&world, &format!("ana{round}@example.com")).await;
        let before = world.position().await;
        let fields = match path.rsplit('/').next() {
            Some("suspension" | "archive") => vec![("reason", WHY), ("confirmed", "acme")],
            Some("new") => vec![("email", "nina@example.com"), ("role", "auditor"), ("reason", WHY)],
            Some("revocation") => vec![("role", "auditor"), ("reason", WHY)],
            _ => vec![],
        };
        let asked = ana.submit(path, &fields).await;
        asked.is(403).shows(ASKED).shows(what).hides("Error 403");
        assert_eq!(world.since(before).await, [""; 0], "{path}");
        confirm(&ana, path, &asked, PASSWORD).await.is(303);
        assert_eq!(world.since(before).await[0], *event, "{path}");
        if *event == "OrgArchived" {
            world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Restore)).await;
        }
    }
    let refusals = access_log::recent(&world.app.db, 100).await.expect("readable");
    assert_eq!(refusals, [], "to be asked is not to be refused");
    world.verify().await;
}

async fn nothing_that_was_typed_is_lost(world: World) {
    let acme = world.org("acme").await;
    let ana = long_ago(&world, "ana@example.com").await;
    let path = format!("/admin/orgs/{acme}/suspension");
    let reason = "\"Unpaid\" & <b>'late'</b>\r\nseit Mai – 請求書 🧾 100 % +1=2";
    let form = ana.get(&path).await;
    let fields = form.filled(&[("reason", reason), ("name", "once")]);
    let asked = ana.post(&path, &fields).await;
    let theirs = |page: &Answer| {
        let all = hidden(page).into_iter();
        all.filter(|(name, _)| !name.starts_with("sudo_")).collect::<Vec<_>>()
    };
    let owned = |fields: &[(&str, &str)]| -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    assert_eq!(theirs(&asked), owned(&fields));
    let wrong = confirm(&ana, &path, &asked, "wrong horse battery").await;
    wrong.is(422).shows("this is not your password").shows("suspend an organisation");
    wrong.hides("wrong horse battery");
    assert_eq!(theirs(&wrong), owned(&fields));
    let before = world.position().await;
    confirm(&ana, &path, &wrong, PASSWORD).await.is(303);
    let events = world.app.log.tail(before, 10).await.expect("no gap");
    let stored = format!("{:?}", events[0]);
    assert!(stored.contains("請求書 🧾 100 % +1=2"), "{stored}");
    // What is there twice stays there twice, and in its place.
    let twice = [("b", "2"), ("a", "1"), ("b", ""), ("sudo_password", "wrong horse battery"), ("c", "ü")];
    let wrong = ana.post("/organisations/default", &twice).await;
    assert_eq!(theirs(wrong.is(422)), owned(&[("b", "2"), ("a", "1"), ("b", ""), ("c", "ü")]));
}

async fn a_proof_is_asked_for_once_in_a_while(world: World) {
    let (acme, beta) = (world.org("acme").await, world.org("beta").await);
    let suspend = |org| format!("/admin/orgs/{org}/suspension");
    let ana = long_ago(&world, "ana@example.com").await;
    ana.submit(&format!("/admin/orgs/{acme}/name"), &[("name", "Apex")]).await.is(303);
    let asked = ana.submit(&suspend(acme), &[("reason", WHY)]).await;
    confirm(&ana, &suspend(acme), &asked, PASSWORD).await.is(303);
    ana.submit(&suspend(beta), &[("reason", WHY)]).await.is(303);
    let fresh = world.anonymous();
    fresh.post("/login", &[("email", "ana@example.com"), ("password", PASSWORD)]).await.is(303);
    let archive = format!("/admin/orgs/{beta}/archive");
    fresh.submit(&archive, &[("reason", WHY)]).await.is(303);
}

async fn a_proof_is_of_one_person_in_one_session(world: World) {
    let acme = world.org("acme").await;
    let path = format!("/admin/orgs/{acme}/suspension");
    let (ana, bob) = (long_ago(&world, "ana@example.com").await, long_ago(&world, "bob@example.com").await);
    let elsewhere = long_ago(&world, "ana@example.com").await;
    let hash = world.app.passwords.hash("an entirely different sentence".to_owned()).await.expect("hashes");
    projections::testing::set_password(&world.app.db, bob.person(), &hash).await.expect("stored");
    let before = world.position().await;
    let asked = bob.submit(&path, &[("reason", WHY)]).await;
    confirm(&bob, &path, &asked, PASSWORD).await.is(422).shows("this is not your password");
    let asked = ana.submit(&path, &[("reason", "short")]).await;
    asked.is(422).hides(ASKED); // what can't be done is said before anybody is asked
    ana.post("/account/name", &[("name", "Ana"), ("sudo_password", PASSWORD)]).await.is(303);
    for other in [&bob, &elsewhere] {
        other.submit(&path, &[("reason", WHY)]).await.is(403).shows(ASKED);
    }
    assert_eq!(world.since(before).await, [""; 0]);
    ana.submit(&path, &[("reason", WHY)]).await.is(303);
}

async fn guessing_is_slowed_down_and_loses_nothing(world: World) {
    let acme = world.org("acme").await;
    let ana = long_ago(&world, "ana@example.com").await;
    let path = format!("/admin/orgs/{acme}/suspension");
    let before = world.position().await;
    let mut page = ana.submit(&path, &[("reason", WHY)]).await;
    for _ in 0..10 {
        page = confirm(&ana, &path, &page, "wrong horse battery").await;
        page.is(422);
    }
    let slowed = confirm(&ana, &path, &page, PASSWORD).await;
    slowed.is(429).shows("Too many attempts").shows(WHY);
    assert!(slowed.header("retry-after").is_some());
    assert_eq!(world.since(before).await, [""; 0]);
    // Signing in counts apart, so nobody is kept from their work by whoever guesses elsewhere.
    let fresh = world.anonymous().from("203.0.113.9");
    fresh.post("/login", &[("email", "ana@example.com"), ("password", PASSWORD)]).await.is(303);
}

async fn two_clicks_after_the_proof_are_one(world: World) {
    let acme = world.org("acme").await;
    let ana = long_ago(&world, "ana@example.com").await;
    let path = format!("/admin/orgs/{acme}/suspension");
    let before = world.position().await;
    let asked = ana.submit(&path, &[("reason", WHY)]).await;
    let click = || confirm(&ana, &path, &asked, PASSWORD);
    let (one, two) = tokio::join!(click(), click());
    let seen = format!("/admin/orgs/{acme}?seen={}", before + 1);
    for answer in [one, two, click().await] {
        answer.leads_to(&seen);
    }
    assert_eq!(world.since(before).await, ["OrgSuspended"]);
}

async fn a_proof_gives_no_right(world: World) {
    let acme = world.org("acme").await;
    let path = format!("/admin/orgs/{acme}/suspension");
    let id = clock::new_id().to_string();
    let fields = [("command_id", id.as_str()), ("reason", WHY), ("sudo_password", PASSWORD)];
    let before = world.position().await;
    let olga = world.with_password("olga@example.com").await;
    world.joined(acme, "olga@example.com", Role::Owner).await;
    world.signed_in(olga).await.post(&path, &fields).await.leads_to("/org/acme/dashboard");
    let aud = world.with_password("aud@example.com").await;
    world.auditor().await;
    world.signed_in(aud).await.post(&path, &fields).await.is(403).hides(ASKED);
    world.anonymous().post(&path, &fields).await.leads_to("/login?next=%2F");
    assert_eq!(world.since(before).await[1..], ["MemberJoined", "AuditorGranted"]);
}

/// Who came in by an invitation twice would otherwise have a new proof without having proven anything.
async fn joining_an_organisation_proves_nothing(world: World) {
    let acme = world.org("acme").await;
    let ana = long_ago(&world, "ana@example.com").await;
    let invitation = world.invited(acme, ana.person(), Role::Member).await;
    let link = world.link(acme, invitation, ana.person()).await;
    ana.post(&link, &[]).await.leads_to("/org/acme/dashboard");
    let path = format!("/admin/orgs/{acme}/suspension");
    ana.submit(&path, &[("reason", WHY)]).await.is(403).shows(ASKED);
}

async fn whoever_has_nothing_to_prove_with_is_told(world: World) {
    let acme = world.org("acme").await;
    let ana = world.operator().await;
    let old = clock::after(-chrono::Duration::minutes(bus::PROOF_MINUTES + 1));
    let open = sessions::of_person(&world.app.db, ana.person(), clock::now()).await.expect("readable");
    sessions::prove(&world.app.db, open[0].session_id, old, false).await.expect("stored");
    let path = format!("/admin/orgs/{acme}/suspension");
    let asked = ana.submit(&path, &[("reason", WHY)]).await;
    asked.is(403).shows("You have no password").hides("name=\"sudo_password\"");
    confirm(&ana, &path, &asked, "").await.is(422);
}

engines! {
    each_grave_command_is_asked_about_and_then_done,
    nothing_that_was_typed_is_lost,
    a_proof_is_asked_for_once_in_a_while,
    a_proof_is_of_one_person_in_one_session,
    guessing_is_slowed_down_and_loses_nothing,
    two_clicks_after_the_proof_are_one,
    a_proof_gives_no_right,
    joining_an_organisation_proves_nothing,
    whoever_has_nothing_to_prove_with_is_told,
}

//! The account log: what happens to how somebody signs in is kept, shown to them and to operators, and a line of the log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use api::clock;
use api::identity::account_log::AccountEvent;
use domain::values::PersonId;
use projections::operator_reads::OperatorRead;
use projections::scope::ViewKind;
use projections::{account_log, testing};
use tracing_subscriber::fmt::MakeWriter;

use crate::client::Client;
use crate::world::{PASSWORD, World};

const NEW: &str = "an entirely different sentence";

/// What is kept about somebody, oldest first.
async fn kinds(world: &World, person: PersonId) -> Vec<&'static str> {
    let entries = account_log::of_person(&world.app.db, person, None, 99).await.expect("readable");
    entries.iter().rev().map(|entry| AccountEvent::of(&entry.kind).expect("a known kind").as_str()).collect()
}

async fn sign_in(world: &World, password: &str) -> Client {
    let client = world.anonymous();
    client.post("/login", &[("email", "ana@example.com"), ("password", password)]).await;
    client
}

async fn what_happens_to_an_account_is_kept_and_shown(world: World) {
    let person = world.with_password("ana@example.com").await;
    sign_in(&world, "wrong horse battery").await;
    let ana = sign_in(&world, PASSWORD).await;
    sign_in(&world, PASSWORD).await;
    crate::sudo::age(&world, person).await;
    ana.post("/account/second-factor/secret", &[("sudo_password", "wrong horse battery")]).await.is(422);
    let proof = [("sudo_password", PASSWORD), ("sudo_what", "set up a second factor")];
    ana.post("/account/second-factor/secret", &proof).await.is(200);
    ana.post("/account/password", &[("current", PASSWORD), ("password", NEW)]).await.is(303);
    sign_in(&world, NEW).await;
    ana.post("/account/sessions", &[]).await.is(303);
    ana.post("/logout", &[]).await.is(303);
    let kept = [
        "sign_in_failed",
        "signed_in",
        "signed_in",
        "sudo_failed",
        "sudo_confirmed",
        "password_changed",
        "signed_in",
        "sessions_ended",
        "signed_out",
    ];
    assert_eq!(kinds(&world, person).await, kept);
    let ana = world.signed_in(person).await;
    let all = ana.get("/account/activity").await;
    all.is(200).shows("Sign-in failed").shows("with a wrong password").shows("203.0.113.7");
    all.shows("Confirmed a sensitive action").shows("to set up a second factor").shows("Password changed");
    ana.get("/account").await.is(200).shows("Sign-in activity").shows("Signed out");
    let bob = world.somebody("bob@example.com").await;
    bob.get("/account/activity").await.is(200).shows("Nothing yet.").hides("203.0.113.7");
    bob.get("/admin/history/sign-ins").await.is(303);
    let aud = world.auditor().await;
    aud.get("/admin/history/sign-ins").await.is(200).shows("ana@example.com").shows("Sign-in failed");
    aud.get(&format!("/admin/history/sign-ins?person={person}")).await.is(200).shows("Show everybody");
    aud.get(&format!("/admin/history/sign-ins?person={}", bob.person()))
        .await
        .is(200)
        .hides("ana@example.com");
    let rows = testing::every_row(&world.app.db).await;
    for secret in [PASSWORD, NEW, "wrong horse battery"] {
        assert!(!rows.contains(secret), "{secret} is kept");
    }
}

async fn second_factors_are_kept_as_they_come_and_go(world: World) {
    let person = world.with_password("ana@example.com").await;
    let ana = world.signed_in(person).await;
    let (_, codes) = crate::second_factor::enrolled(&ana).await;
    let half = sign_in(&world, PASSWORD).await;
    half.post("/login/code", &[("code", "000000")]).await.is(422);
    half.post("/login/code", &[("code", &codes[0])]).await.is(303);
    ana.post("/account/second-factor/codes", &[]).await.is(200);
    ana.post("/account/second-factor/removal", &[]).await.is(303);
    let kept = [
        "second_factor_added",
        "sign_in_failed",
        "signed_in",
        "recovery_code_used",
        "recovery_codes_made",
        "second_factor_removed",
    ];
    assert_eq!(kinds(&world, person).await, kept);
    ana.get("/account/activity").await.shows("with a password and a recovery code");
    let rows = testing::every_row(&world.app.db).await;
    assert!(codes.iter().all(|code| !rows.contains(code)));
}

async fn guessing_from_everywhere_does_not_fill_the_database(world: World) {
    let person = world.with_password("ana@example.com").await;
    for number in 0..60 {
        let client = world.anonymous().from(&format!("198.51.100.{number}"));
        client.post("/login", &[("email", "ana@example.com"), ("password", "wrong horse")]).await;
        client.post("/login", &[("email", "nobody@example.com"), ("password", "wrong horse")]).await;
    }
    let kept = kinds(&world, person).await.len();
    assert!((1..=20).contains(&kept), "{kept} entries of 60 failures");
    let everybody = testing::every_row(&world.app.db).await;
    assert!(!everybody.contains("nobody@example.com"));
}

/// Where somebody signs in from says something of the organisations that they belong to.
async fn a_look_at_sign_ins_is_noted_of_the_organisations_of_those_shown(world: World) {
    let (acme, bolt) = (world.org("acme").await, world.org("bolt").await);
    let (olga, ana) = (world.owner(acme).await, world.operator().await);
    let of_olga = format!("/admin/history/sign-ins?person={}", olga.person());
    let noted = async |org| crate::operator_access::looks(&world, &ana, org).await.len();
    account_log_of(&world, olga.person()).await;
    let before = (noted(acme).await, noted(bolt).await);
    ana.get(&of_olga).await.is(200).shows("203.0.113.7");
    assert_eq!((noted(acme).await, noted(bolt).await), (before.0 + 1, before.1));
}

async fn account_log_of(world: &World, person: PersonId) {
    let client = api::identity::client::Client {
        address: Some("203.0.113.7".parse().expect("an address")),
        agent: None,
    };
    api::identity::account_log::note(
        &world.app,
        person,
        AccountEvent::SignedIn.with("with a password"),
        &client,
        None,
    )
    .await;
}

/// What the process says about itself.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panicked").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Said {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

async fn lines_of_the_log_say_who_and_from_where_and_no_address_of_mail(world: World) {
    let person = world.with_password("ana@example.com").await;
    let said = Said::default();
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_writer(said.clone());
    let log = log.json().flatten_event(true).with_span_list(false);
    let listening = tracing::subscriber::set_default(log.finish());
    sign_in(&world, "wrong horse battery").await;
    let ana = sign_in(&world, PASSWORD).await;
    world.anonymous().post("/login", &[("email", "x@example.com"), ("password", "wrong")]).await;
    ana.get("/account").await.is(200);
    drop(listening);
    let said = String::from_utf8(said.0.lock().expect("nobody panicked").clone()).expect("text");
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).expect("one JSON object")).collect();
    let told: Vec<(&str, Option<&str>, &str)> = lines
        .iter()
        .filter(|line| line["message"] == "account")
        .map(|line| {
            (
                line["kind"].as_str().expect("a kind"),
                line["person"].as_str(),
                line["address"].as_str().expect("from where"),
            )
        })
        .collect();
    let (who, from) = (person.to_string(), "203.0.113.7");
    let expected = [
        ("sign_in_failed", Some(who.as_str()), from),
        ("signed_in", Some(who.as_str()), from),
        ("sign_in_failed", None, from),
    ];
    assert_eq!(told, expected);
    let of_account =
        lines.iter().find(|line| line["span"]["route"] == "/account").expect("a line of the request");
    assert_eq!(
        (of_account["span"]["person"].as_str(), of_account["span"]["address"].as_str()),
        (Some(&*who), Some(from))
    );
    assert!(!said.contains("@example.com"), "{said}");
}

/// One sweep, however much there is: the young stays, and what was never asked about is left alone.
async fn what_is_old_enough_is_forgotten_hourly(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let read = |days: i64| OperatorRead {
        read_id: clock::new_id(),
        at: clock::after(-chrono::Duration::days(days)),
        person_id: ana.person().0,
        session_id: clock::new_id(),
        org_id: Some(acme.0),
        shown: ViewKind::Opened,
        page: "/admin/orgs/{id}".to_owned(),
    };
    for _ in 0..3 {
        world.app.recorder.record((0..400).map(|_| read(731)).collect()).await.expect("room");
    }
    world.app.recorder.record(vec![read(729)]).await.expect("room");
    world.app.recorder.flush().await;
    let before = world.position().await;
    api::jobs::retention::sweep(&world.app).await;
    let rows = testing::every_row(&world.app.db).await;
    assert_eq!(rows.lines().filter(|row| row.starts_with("operator_read ")).count(), 1);
    assert_eq!(world.position().await, before);
    world.verify().await;
}

engines! {
    a_look_at_sign_ins_is_noted_of_the_organisations_of_those_shown,
    what_is_old_enough_is_forgotten_hourly,
    what_happens_to_an_account_is_kept_and_shown,
    second_factors_are_kept_as_they_come_and_go,
    guessing_from_everywhere_does_not_fill_the_database,
    lines_of_the_log_say_who_and_from_where_and_no_address_of_mail,
}

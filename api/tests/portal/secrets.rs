//! What must be nowhere afterwards: tokens and passwords, in tables, pages and the process's own log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use api::clock;
use domain::org::Role;
use projections::second_factors::{self, NewSecondFactor};
use projections::testing;
use tracing_subscriber::fmt::MakeWriter;

use crate::world::{PASSWORD, World};

/// Everything that the process says about itself, from the most talkative level on.
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

async fn no_token_is_kept_or_logged_anywhere(world: World) {
    let said = Said::default();
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(said.clone());
    let listening = tracing::subscriber::set_default(log.finish());
    let secrets = a_life(&world).await;
    drop(listening);
    let said = String::from_utf8(said.0.lock().expect("nobody panicked").clone()).expect("text");
    assert!(said.contains("/invitations/{token}"), "the log has the routes: {said}");
    let rows = testing::every_row(&world.app.db).await;
    assert!(rows.contains("otto@example.com") && rows.contains("OrgCreated"), "{rows}");
    let ana = world.somebody("ana@example.com").await.from("127.0.0.1");
    let mut pages = String::new();
    for page in ["/admin/orgs", "/admin/history", "/admin/superadmins", "/account", "/metrics"] {
        pages.push_str(&ana.get(page).await.is(200).body);
    }
    for (what, secret) in secrets {
        for (place, text) in [("a table", &rows), ("the log", &said), ("a page", &pages)] {
            assert!(!text.contains(&secret), "{what} in {place}");
        }
    }
}

/// First start, an organisation, an invitation, a session: with every secret that there was on the way.
async fn a_life(world: &World) -> Vec<(&'static str, String)> {
    let first = api::identity::links::first_start(&world.app).await.expect("stored");
    let (ana, otto, gia) = (world.anonymous(), world.anonymous(), world.anonymous());
    ana.get(&format!("/setup/{first}")).await.is(200);
    let form = [("name", "Ana"), ("email", "ana@example.com"), ("password", PASSWORD)];
    ana.post(&format!("/setup/{first}"), &form).await.is(303);
    let new = ana.get("/admin/orgs/new").await;
    let fields = [("name", "Acme"), ("slug", "acme"), ("owner_email", "otto@example.com")];
    let done = ana.post("/admin/orgs", &new.filled(&fields)).await;
    let once = ana.cookie("portal-once").expect("handed over");
    ana.get(done.is(303).location()).await.shows(&once);
    let path = format!("/invitations/{once}");
    otto.get(&path).await.is(200);
    otto.post(&path, &[("name", "Otto"), ("password", "an entirely different sentence")]).await.is(303);
    let org = domain::values::OrgId(done.org_id());
    let person = world.person("gia@example.com").await;
    let invitation = world.invited(org, person, Role::Member).await;
    let open = world.link(org, invitation, person).await;
    gia.get(&open).await.is(200);
    gia.post(&open, &[("name", ""), ("password", "hunter2")]).await.is(422);
    world
        .anonymous()
        .post("/login", &[("email", "ana@example.com"), ("password", "Wrong-Horse-7")])
        .await
        .is(422);
    let sessions = [ana.cookie("portal"), otto.cookie("portal")].map(|token| token.expect("a session"));
    let [anas, ottos] = sessions;
    let device = otto.cookie("portal-device").expect("a known device");
    let (code, other, half) = second_factor(world).await;
    vec![
        ("the first link", first),
        ("a used invitation", once),
        ("an open invitation", open.trim_start_matches("/invitations/").to_owned()),
        ("a session", anas),
        ("another session", ottos),
        ("a known device", device),
        ("a password", PASSWORD.to_owned()),
        ("a guest's password", "an entirely different sentence".to_owned()),
        ("a refused password", "hunter2".to_owned()),
        ("a wrong password", "Wrong-Horse-7".to_owned()),
        ("a password to confirm with", "Sudo-Horse-8".to_owned()),
        ("a used recovery code", code),
        ("a recovery code", other),
        ("half a sign-in", half),
    ]
}

/// A second factor: a recovery code that was used, one that was not, and the handle of a sign-in that was not finished.
async fn second_factor(world: &World) -> (String, String, String) {
    let person = world.with_password("sue@example.com").await;
    let sue = world.signed_in(person).await;
    sue.post("/account/name", &[("name", "Sue"), ("sudo_password", "Sudo-Horse-8")]).await.is(422);
    let enrolled = second_factors::enrol(
        &world.app.db,
        NewSecondFactor { person, session_id: uuid::Uuid::nil(), secret: &[7; 20], step: 0, codes: &[] },
        clock::now(),
    )
    .await;
    assert!(enrolled.expect("stored"));
    let sue = world.signed_in(person).await;
    let page = sue.post("/account/second-factor/codes", &[]).await;
    let codes: Vec<&str> = page.is(200).body.split("<li><code>").skip(1).map(|rest| &rest[..19]).collect();
    let sign_in = async || {
        let client = world.anonymous();
        let fields = [("email", "sue@example.com"), ("password", PASSWORD)];
        client.post("/login", &fields).await.leads_to("/login/code?next=%2F");
        client
    };
    sign_in().await.post("/login/code", &[("code", codes[0])]).await.is(303);
    let half = sign_in().await.cookie("portal-half").expect("a handle");
    (codes[0].to_owned(), codes[1].to_owned(), half)
}

engines! { no_token_is_kept_or_logged_anywhere }

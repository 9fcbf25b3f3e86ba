//! `/account/second-factor` and `/login/code`: codes from an app, recovery codes, and the setting that wants them.

use api::bus;
use api::clock;
use api::identity::links;
use domain::grant::PlatformRole;
use domain::org::Role;
use domain::values::PersonId;
use projections::second_factors::{self, NewSecondFactor};
use projections::{challenges, sessions, testing};
use totp_rs::{Builder, Secret};

use crate::client::{Answer, Client};
use crate::world::{PASSWORD, World};

const PAGE: &str = "/account/second-factor";
const SECRET: &str = "/account/second-factor/secret";
const CODES: &str = "/account/second-factor/codes";
const REMOVAL: &str = "/account/second-factor/removal";
const CODE: &str = "/login/code?next=%2Faccount";

/// What an app with this secret shows so many seconds from now.
pub(crate) fn code(secret: &str, from_now: i64) -> String {
    let secret = Secret::try_from_base32(secret.replace(' ', "")).expect("letters of a secret");
    let totp = Builder::new().with_secret(secret).with_account_name("ana").build().expect("long enough");
    totp.generate(u64::try_from(clock::now().timestamp() + from_now).expect("after 1970")).to_string()
}

fn codes(page: &Answer) -> Vec<String> {
    let items = page.body.split("<li><code>").skip(1).filter_map(|rest| rest.split_once('<'));
    items.map(|(code, _)| code.to_owned()).collect()
}

/// Turns it on with the code of now, so that the next one still counts; gives the secret and the recovery codes.
pub(crate) async fn enrolled(client: &Client) -> (String, Vec<String>) {
    let shown = client.post(SECRET, &[]).await;
    let secret = shown.is(200).value("secret").expect("a secret");
    let done = client.post(PAGE, &[("secret", &secret), ("code", &code(&secret, 0))]).await;
    (secret, codes(done.is(200)))
}

/// A browser with Ana's password shown, and no code yet.
pub(crate) async fn half_in(world: &World) -> Client {
    let client = world.anonymous();
    let fields = [("email", "ana@example.com"), ("password", PASSWORD), ("next", "/account")];
    client.post("/login", &fields).await.leads_to(CODE);
    client
}

pub(crate) async fn type_code(client: &Client, code: &str) -> Answer {
    client.post("/login/code", &[("code", code), ("next", "/account")]).await
}

async fn it_is_set_up_with_a_code_and_asked_for_from_then_on(world: World) {
    let person = world.with_password("ana@example.com").await;
    let (ana, elsewhere) = (world.signed_in(person).await, world.signed_in(person).await);
    ana.get(PAGE).await.is(200).shows("Set up codes");
    let shown = ana.post(SECRET, &[]).await;
    let secret = shown.is(200).shows("class=\"qr\"").shows("role=\"img\"").value("secret").expect("a secret");
    shown.shows(&secret);
    let stored = second_factors::of_person(&world.app.db, person).await.expect("readable");
    assert_eq!(stored, None, "nothing is kept before it is confirmed");
    let wrong = ana.post(PAGE, &[("secret", &secret), ("code", "12345")]).await;
    assert_eq!(wrong.is(422).value("secret").as_ref(), Some(&secret), "the same to try again");
    let done = ana.post(PAGE, &[("secret", &secret), ("code", &code(&secret, 0))]).await;
    assert_eq!(codes(done.is(200).shows("shown now and never again")).len(), 10);
    elsewhere.get("/account").await.is(303);
    ana.get(PAGE).await.is(200).shows("10 of 10").hides("class=\"qr\"");
    ana.post(SECRET, &[]).await.leads_to(PAGE);
    let again = [("secret", secret.as_str()), ("code", &code(&secret, 30))];
    ana.post(PAGE, &again).await.leads_to(PAGE);

    let next = half_in(&world).await;
    assert_eq!(next.cookie("portal"), None, "half is not in");
    next.get("/account").await.leads_to("/login?next=%2Faccount");
    next.get(CODE).await.is(200).shows("Enter a code");
    type_code(&next, "000000").await.is(422).shows("this code is not right");
    type_code(&next, &format!(" {} ", code(&secret, 30))).await.leads_to("/account");
    next.get("/account").await.is(200);
    assert_eq!(next.cookie("portal-half"), None);
    next.get(CODE).await.leads_to("/account");
}

async fn no_code_is_taken_twice(world: World) {
    let person = world.with_password("ana@example.com").await;
    let (secret, recovery) = enrolled(&world.signed_in(person).await).await;
    let (one, two) = (half_in(&world).await, half_in(&world).await);
    let next = code(&secret, 30);
    let (first, second) = tokio::join!(type_code(&one, &next), type_code(&two, &next));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422], "one of two at the same moment");
    type_code(&half_in(&world).await, &next).await.is(422).shows("used before");
    for attempt in 0..2 {
        let typed = recovery[0].to_uppercase().replace('-', " ");
        let answer = type_code(&half_in(&world).await, &typed).await;
        answer.is(if attempt == 0 { 303 } else { 422 });
    }
    type_code(&half_in(&world).await, &recovery[1]).await.is(303);
    let left = second_factors::of_person(&world.app.db, person).await.expect("readable");
    assert_eq!(left.map(|totp| totp.codes_left), Some(8));
}

async fn a_code_of_somebody_else_opens_nothing(world: World) {
    let ana = world.with_password("ana@example.com").await;
    enrolled(&world.signed_in(ana).await).await;
    let bob = world.with_password("bob@example.com").await;
    let (secret, recovery) = enrolled(&world.signed_in(bob).await).await;
    let client = half_in(&world).await;
    for foreign in [code(&secret, 0), code(&secret, 30), recovery[0].clone(), String::new()] {
        type_code(&client, &foreign).await.is(422);
    }
}

async fn a_half_sign_in_ends_after_minutes_and_with_its_use(world: World) {
    let person = world.with_password("ana@example.com").await;
    let (_, recovery) = enrolled(&world.signed_in(person).await).await;
    let client = half_in(&world).await;
    let handle = client.cookie("portal-half").expect("a handle");
    type_code(&client, &recovery[0]).await.is(303);
    let thief = world.anonymous();
    thief.keep("portal-half", &handle);
    type_code(&thief, &recovery[1]).await.leads_to("/login?next=%2Faccount");
    let late = half_in(&world).await;
    late.get(CODE).await.is(200);
    challenges::sweep(&world.app.db, clock::after(chrono::Duration::minutes(9))).await.expect("swept");
    late.get(CODE).await.is(200);
    challenges::sweep(&world.app.db, clock::after(chrono::Duration::minutes(11))).await.expect("swept");
    late.get(CODE).await.leads_to("/login?next=%2Faccount");
    type_code(&late, &recovery[1]).await.leads_to("/login?next=%2Faccount");
    type_code(&world.anonymous(), &recovery[1]).await.leads_to("/login?next=%2Faccount");
}

async fn guessing_codes_is_slowed_down(world: World) {
    let person = world.with_password("ana@example.com").await;
    let (secret, _) = enrolled(&world.signed_in(person).await).await; // one code
    let client = half_in(&world).await;
    for _ in 0..9 {
        type_code(&client, "000000").await.is(422);
    }
    let slowed = type_code(&half_in(&world).await, &code(&secret, 30)).await;
    slowed.is(429).shows("Too many attempts");
}

/// Whoever proves a password, or gets to set one, still has the code before them.
async fn no_door_leads_around_it(world: World) {
    let world = world.demonstrating();
    let acme = world.org("acme").await;
    let (one, two) = (world.person("one@example.com").await, world.person("two@example.com").await);
    let invitation = world.invited(acme, one, Role::Member).await;
    let invited = world.link(acme, invitation, one).await;
    for person in [one, two] {
        let enrolled = second_factors::enrol(
            &world.app.db,
            NewSecondFactor { person, session_id: uuid::Uuid::nil(), secret: &[7; 20], step: 0, codes: &[] },
            clock::now(),
        )
        .await;
        assert!(enrolled.expect("stored"));
    }
    let token = links::sign_in(&world.app, one).await.expect("stored");
    let choose = links::choose_password(&world.app, two).await.expect("stored");
    let doors = [
        (format!("/sign-in/{token}"), vec![]),
        (invited, vec![("name", "One"), ("password", PASSWORD)]),
        (format!("/password/{choose}"), vec![("password", PASSWORD)]),
    ];
    for (door, fields) in doors {
        let client = world.anonymous();
        let answer = client.post(&door, &fields).await;
        assert!(answer.is(303).location().starts_with("/login/code?next="), "{door}: {answer:?}");
        assert_eq!(client.cookie("portal"), None, "{door}");
    }
}

async fn changing_it_wants_a_fresh_proof(world: World) {
    let person = world.with_password("ana@example.com").await;
    let ana = world.signed_in(person).await;
    let old = clock::after(-chrono::Duration::minutes(bus::PROOF_MINUTES + 1));
    let age = async || {
        for session in sessions::of_person(&world.app.db, person, clock::now()).await.expect("readable") {
            sessions::prove(&world.app.db, session.session_id, old, false).await.expect("stored");
        }
    };
    age().await;
    ana.post(SECRET, &[]).await.is(403).shows("set up a second factor");
    ana.post(SECRET, &[("sudo_password", PASSWORD)]).await.is(200).shows("class=\"qr\"");
    let (_, recovery) = enrolled(&ana).await;
    age().await;
    for path in [CODES, REMOVAL] {
        ana.post(path, &[]).await.is(403).shows("Confirm that it is you");
    }
    ana.post(CODES, &[("sudo_password", PASSWORD)]).await.is(422).shows("this code is not right");
    let fresh = codes(ana.post(CODES, &[("sudo_code", &recovery[1])]).await.is(200));
    type_code(&half_in(&world).await, &recovery[0]).await.is(422);
    type_code(&half_in(&world).await, &fresh[0]).await.is(303);
    ana.post(REMOVAL, &[]).await.leads_to("/account?done=second-factor");
    let plain = world.anonymous();
    plain.post("/login", &[("email", "ana@example.com"), ("password", PASSWORD)]).await.leads_to("/");
    type_code(&half_way(&world, person).await, &fresh[1]).await.is(422);
}

/// A browser whose sign-in waits, whether there is anything to wait for or not.
async fn half_way(world: &World, person: PersonId) -> Client {
    let token = api::identity::session::Token::new().expect("random");
    let expires_at = clock::after(chrono::Duration::minutes(1));
    let purpose = challenges::ChallengePurpose::Code;
    let waiting = challenges::NewChallenge { purpose, person: Some(person), state: "", expires_at };
    challenges::begin(&world.app.db, &token.hash, waiting).await.expect("stored");
    let client = world.anonymous();
    client.keep("portal-half", &token.plain);
    client
}

async fn the_console_stays_closed_without_it_where_it_is_wanted(world: World) {
    let acme = world.org("acme").await;
    let world = world.with(|settings| settings.require_second_factor = true);
    let ana = world.operator().await;
    let hash = world.app.passwords.hash(PASSWORD.to_owned()).await.expect("hashes");
    testing::set_password(&world.app.db, ana.person(), &hash).await.expect("stored");
    let aud = world.auditor().await;
    let (path, why) = (format!("/admin/orgs/{acme}/suspension"), "Three invoices are unpaid");
    let id = clock::new_id().to_string();
    let fields = [("command_id", id.as_str()), ("reason", why)];
    let before = world.position().await;
    for operator in [&ana, &aud] {
        for page in ["/admin", "/admin/orgs", "/admin/nowhere", path.as_str()] {
            operator.get(page).await.leads_to(PAGE);
        }
        operator.post(&path, &fields).await.leads_to(PAGE);
        operator.get("/").await.leads_to("/admin/orgs");
        operator.get(PAGE).await.is(200).shows("The operator console requires a second factor.");
    }
    world.owner(acme).await.get("/admin/orgs").await.leads_to("/org/acme/dashboard");
    assert_eq!(world.since(before + 2).await, [""; 0]);

    let (secret, _) = enrolled(&ana).await;
    ana.get("/admin/orgs").await.is(200);
    ana.get(PAGE).await.hides("The operator console requires");
    // A session that has shown a password alone is none, and can't change anything about it.
    let weak = world.signed_in(ana.person()).await;
    weak.get("/admin/orgs").await.leads_to(PAGE);
    weak.post(REMOVAL, &[]).await.is(403).shows("sign in with the second factor that you have");
    let again = half_in(&world).await;
    type_code(&again, &code(&secret, 30)).await.is(303);
    again.get("/admin/orgs").await.is(200);
    ana.post("/account/password", &[("current", PASSWORD), ("password", "an entirely different sentence")])
        .await
        .is(303);
    ana.get("/admin/orgs").await.is(200);
    ana.post(REMOVAL, &[]).await.is(303);
    ana.get("/admin/orgs").await.leads_to(PAGE);
    world.granted("bob@example.com", PlatformRole::Superadmin).await;
    world.revoked(ana.person(), PlatformRole::Superadmin).await;
    ana.get(PAGE).await.is(200).hides("The operator console requires");
}

engines! {
    it_is_set_up_with_a_code_and_asked_for_from_then_on,
    no_code_is_taken_twice,
    a_code_of_somebody_else_opens_nothing,
    a_half_sign_in_ends_after_minutes_and_with_its_use,
    guessing_codes_is_slowed_down,
    no_door_leads_around_it,
    changing_it_wants_a_fresh_proof,
    the_console_stays_closed_without_it_where_it_is_wanted,
}

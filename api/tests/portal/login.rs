//! `/login`, `/logout`, and what a session is worth.

use axum::body::Body;
use axum::http::Request;
use chrono::Duration;
use projections::sessions;

use crate::client::Client;
use crate::world::{PASSWORD, World};

async fn sign_in(client: &Client, email: &str, password: &str, next: &str) -> crate::client::Answer {
    client.post("/login", &[("email", email), ("password", password), ("next", next)]).await
}

async fn the_right_password_signs_in_and_leads_on(world: World) {
    world.with_password("ana@example.com").await;
    let ana = world.anonymous();
    ana.get("/account").await.leads_to("/login?next=%2Faccount");
    ana.get("/login?next=%2Faccount").await.is(200).shows("value=\"/account\"");
    sign_in(&ana, " ANA@Example.com ", PASSWORD, "/account").await.leads_to("/account");
    ana.get("/account").await.is(200).shows("ana@example.com");
}

/// The same bytes for every reason, so that nobody learns which addresses have an account.
async fn nothing_tells_why_a_sign_in_failed(world: World) {
    world.with_password("ana@example.com").await;
    world.person("bob@example.com").await;
    let mut told = vec![];
    for (email, password) in [
        ("ana@example.com", "wrong horse battery"),
        ("bob@example.com", PASSWORD),
        ("bob@example.com", ""),
        ("eve@example.com", PASSWORD),
        ("not-an-address!", PASSWORD),
    ] {
        let answer = sign_in(&world.anonymous(), email, password, "").await;
        answer.is(422).shows("don't belong together").shows(email).hides(PASSWORD);
        let (status, headers, body) = answer.told();
        let headers: Vec<_> = headers.into_iter().filter(|(name, _)| name != "content-length").collect();
        told.push((status, headers, body.replace(email, "")));
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:#?}");
}

async fn a_flood_of_attempts_is_slowed_down_for_whoever_tries(world: World) {
    world.with_password("ana@example.com").await;
    for known in ["ana@example.com", "nobody@example.com"] {
        for _ in 0..10 {
            sign_in(&world.anonymous(), known, "wrong horse battery", "").await.is(422);
        }
        let refused = sign_in(&world.anonymous(), known, PASSWORD, "").await;
        refused.is(429).shows("Too many attempts");
        let seconds: u64 = refused.header("retry-after").and_then(|s| s.parse().ok()).expect("seconds");
        assert!((1..=60).contains(&seconds), "{seconds}");
        let spelled = format!(" {} ", known.to_uppercase());
        sign_in(&world.anonymous(), &spelled, PASSWORD, "").await.is(429);
    }
    sign_in(&world.anonymous().from("203.0.113.9"), "eve@example.com", PASSWORD, "").await.is(422);
}

/// Nor does a header: nobody is believed about where a request comes from, unless the operator says so.
async fn an_address_that_tries_many_accounts_is_slowed_down_whatever_it_claims(world: World) {
    let world =
        world.with(|settings| settings.trusted_proxies = vec!["10.0.0.1/32".parse().expect("a network")]);
    for attempt in 0..60 {
        // One network of one customer: a /64 is as many addresses as they like.
        let from = format!("2001:db8:1:2::{attempt:x}").parse().expect("an address");
        let account = format!("a{attempt}@example.com").parse().expect("an address");
        world.app.throttle.sign_in(Some(&account), Some(from), None).await.expect("not too many yet");
    }
    let request = Request::post("/login")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-for", "198.51.100.1")
        .header("forwarded", "for=198.51.100.1")
        .header("x-real-ip", "198.51.100.1");
    let body = Body::from("email=ana%40example.com&password=x");
    let client = world.anonymous().from("2001:db8:1:2::ffff");
    client.send(request.body(body).expect("a request")).await.is(429);
    let elsewhere = world.anonymous().from("2001:db8:1:3::1");
    sign_in(&elsewhere, "ana@example.com", "x", "").await.is(422);
}

async fn other_sites_are_never_led_to(world: World) {
    let tries = [
        "https://evil.example/",
        "https:evil.example",
        "https:/evil.example",
        "///evil.example",
        "%2F%2Fevil.example",
        " //evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/ok\r\nset-cookie: portal=1",
    ];
    for (number, next) in tries.into_iter().enumerate() {
        let email = format!("ana{number}@example.com"); // nobody tries often enough to be slowed down
        world.with_password(&email).await;
        let ana = world.anonymous().from(&format!("198.51.100.{number}"));
        sign_in(&ana, &email, PASSWORD, next).await.leads_to("/");
        let query = serde_html_form::to_string([("next", next)]).expect("text");
        ana.get(&format!("/login?{query}")).await.leads_to("/organisations/select");
    }
}

async fn signing_in_makes_a_new_session_and_ends_the_old_one(world: World) {
    let person = world.with_password("ana@example.com").await;
    let ana = world.signed_in(person).await;
    let old = ana.cookie("portal").expect("a session");
    sign_in(&ana, "ana@example.com", PASSWORD, "/account").await.leads_to("/account");
    assert_ne!(ana.cookie("portal"), Some(old.clone()));
    let thief = world.anonymous();
    thief.keep("portal", &old);
    thief.get("/account").await.leads_to("/login?next=%2Faccount");
    ana.get("/account").await.is(200);
}

async fn a_session_that_was_planted_is_not_taken_over(world: World) {
    world.with_password("ana@example.com").await;
    let (ana, planted) = (world.anonymous(), "0".repeat(64));
    ana.keep("portal", &planted);
    sign_in(&ana, "ana@example.com", PASSWORD, "").await.leads_to("/");
    assert_ne!(ana.cookie("portal"), Some(planted.clone()));
    let eve = world.anonymous();
    eve.keep("portal", &planted);
    eve.get("/account").await.leads_to("/login?next=%2Faccount");
}

async fn signing_out_ends_the_session_everywhere(world: World) {
    let ana = world.somebody("ana@example.com").await;
    let token = ana.cookie("portal").expect("a session");
    let answer = ana.post("/logout", &[]).await;
    answer.leads_to("/login");
    assert_eq!(answer.set_cookies(), ["portal=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"]);
    assert_eq!(answer.header("clear-site-data"), Some("\"cache\", \"storage\""));
    ana.keep("portal", &token);
    ana.get("/account").await.leads_to("/login?next=%2Faccount");
    world.anonymous().post("/logout", &[]).await.leads_to("/login");
}

async fn a_session_ends_when_it_is_idle_and_in_any_case(world: World) {
    let person = world.person("ana@example.com").await;
    let (past, future) = (-Duration::seconds(1), Duration::hours(1));
    for (idle, expires, status) in [(future, future, 200), (past, future, 303), (future, past, 303)] {
        let ana = world.signed_in_until(person, idle, expires).await;
        ana.get("/account").await.is(status);
    }
}

/// Each use moves the end for being idle, and never the end in any case.
async fn using_a_session_keeps_it_from_being_idle(world: World) {
    let person = world.person("ana@example.com").await;
    let ana = world.signed_in_until(person, Duration::minutes(1), Duration::hours(2)).await;
    let now = api::clock::now();
    let before = sessions::of_person(&world.app.db, person, now).await.expect("readable");
    let long_ago = projections::Timestamp::from_micros(now.micros() - 61_000_000);
    sessions::touch(&world.app.db, before[0].session_id, long_ago, before[0].idle_at).await.expect("stored");
    ana.get("/account").await.is(200);
    let after = sessions::of_person(&world.app.db, person, now).await.expect("readable");
    assert!(after[0].idle_at.micros() > now.micros() + 11 * 3_600_000_000);
    assert_eq!(after[0].expires_at, before[0].expires_at);
}

async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites(world: World) {
    world.with_password("ana@example.com").await;
    let plain = sign_in(&world.anonymous(), "ana@example.com", PASSWORD, "").await;
    let cookie = plain.set_cookies()[0].to_owned();
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    assert_eq!(pair.strip_prefix("portal=").map(str::len), Some(64));
    assert_eq!(attributes, "Path=/; Max-Age=604800; HttpOnly; SameSite=Lax");
    let world = world.with(|settings| settings.public_url = Some("https://portal.example".to_owned()));
    let secure = sign_in(&world.anonymous(), "ana@example.com", PASSWORD, "").await;
    let cookie = secure.set_cookies()[0];
    assert!(cookie.starts_with("__Host-portal="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    assert_eq!(secure.header("strict-transport-security"), Some("max-age=63072000"));
}

engines! {
    the_right_password_signs_in_and_leads_on,
    nothing_tells_why_a_sign_in_failed,
    a_flood_of_attempts_is_slowed_down_for_whoever_tries,
    an_address_that_tries_many_accounts_is_slowed_down_whatever_it_claims,
    other_sites_are_never_led_to,
    signing_in_makes_a_new_session_and_ends_the_old_one,
    a_session_that_was_planted_is_not_taken_over,
    signing_out_ends_the_session_everywhere,
    a_session_ends_when_it_is_idle_and_in_any_case,
    using_a_session_keeps_it_from_being_idle,
    the_cookie_is_out_of_reach_of_scripts_and_other_sites,
}

//! What nobody types: every form and every address gets a clear 4xx, and nothing happens.
//!
//! That no answer is a 500 is checked for every request of every test, where it is sent.

use api::access::RouteRequirement;
use api::routes;
use axum::body::Body;
use axum::http::Request;
use domain::org::Role;
use proptest::prelude::{Strategy, any, prop};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::client::Client;
use crate::world::World;

/// Every address that takes a form, each with whoever may send it.
async fn forms(world: &World) -> Vec<(String, Client)> {
    let acme = world.org("acme").await;
    let gia = world.person("gia@example.com").await;
    let invitation = world.invited(acme, gia, Role::Member).await;
    let joining = world.link(acme, invitation, gia).await;
    let password = api::identity::links::choose_password(&world.app, gia).await.expect("stored");
    let first = api::identity::links::first_start(&world.app).await.expect("stored");
    let (ana, mut forms) = (world.operator().await.person(), vec![]);
    for entry in routes::entries(&world.app).into_iter().filter(|entry| entry.method == "POST") {
        let path = entry.path.replace("/invitations/{token}", &joining);
        let path = path.replace("/password/{token}", &format!("/password/{password}"));
        let path = path.replace("{token}", &first).replace("{id}", &acme.to_string());
        let path = path.replace("{invitation}", &invitation.to_string());
        let client = if entry.need == RouteRequirement::Anyone {
            world.anonymous()
        } else {
            world.signed_in(ana).await
        };
        for action in ["name", "slug", "suspension", "archive", "invitations"] {
            let path = path.replace("{action}", action);
            if !forms.iter().any(|(known, _)| *known == path) {
                forms.push((path, Client::clone(&client)));
            }
        }
    }
    forms
}

/// Without a form of their own: they take nothing, or leave what they get unread.
const TAKE_ANYTHING: [&str; 1] = ["/logout"];

async fn what_is_no_form_is_refused(world: World) {
    let (forms, before) = (forms(&world).await, world.position().await);
    for (path, client) in
        forms.iter().filter(|(path, _)| !TAKE_ANYTHING.iter().any(|any| path.starts_with(any)))
    {
        let form = "application/x-www-form-urlencoded";
        for (kind, body, statuses) in [
            ("application/json", "{}".to_owned(), &[404, 415][..]),
            ("text/plain", "name=x".to_owned(), &[404, 415]),
            ("multipart/form-data; boundary=x", "--x--".to_owned(), &[404, 415]),
            (form, "name=%00".to_owned(), &[400, 404]),
            (form, "name=a\0b".to_owned(), &[400, 404]),
            (form, "name=%ff".to_owned(), &[400, 404]),
            (form, "%c3%28=1".to_owned(), &[400, 404]),
            (form, "unknown=1".to_owned(), &[404, 422]),
            (form, format!("name={}", "x".repeat(1024 * 1024)), &[404, 413]),
            (form, "&&&==&=%".to_owned(), &[303, 404, 422]),
        ] {
            let answer = client.post_raw(path, kind, body).await;
            assert!(statuses.contains(&answer.status), "{path} {kind} {} {}", answer.status, answer.body);
        }
    }
    assert_eq!(world.since(before).await, [""; 0]);
}

/// Just below the limit of a body: said to be wrong, or cut, but never too much for the page or the store.
async fn a_field_of_a_megabyte_is_only_a_wrong_field(world: World) {
    let (forms, before) = (forms(&world).await, world.position().await);
    let (id, long) = (api::clock::new_id(), "ä".repeat(500_000));
    for (path, client) in &forms {
        for field in ["name", "email", "reason", "password"] {
            let body = format!("{field}={long}&command_id={id}");
            let status = client.post_raw(path, "application/x-www-form-urlencoded", body).await.status;
            assert!((300..500).contains(&status), "{path} {field} {status}");
        }
    }
    // Whole forms, so that each gets as far as its own checks.
    let ana = world.operator().await;
    for (field, others) in
        [("name", "slug=&owner_email=x"), ("slug", "name=&owner_email=x"), ("owner_email", "name=&slug=")]
    {
        let body = format!("command_id={id}&{others}&{field}={long}");
        ana.post_raw("/admin/orgs", "application/x-www-form-urlencoded", body).await.is(422);
    }
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn an_address_that_is_not_there_or_does_not_take_that_is_refused(world: World) {
    let (ana, nobody) = (world.operator().await, world.anonymous());
    for path in [
        "/nothing",
        "/login/",
        "/org",
        "/org/",
        "/setup",
        "/invitations/",
        "/assets/../Cargo.toml",
        "/.git/config",
        "/%2e%2e/",
    ] {
        nobody.get(path).await.is(404).shows("Nothing here");
    }
    for path in ["/%00", "/%ff", "/org/%00/dashboard", "/admin/%ff", "/login?next=%00", "/admin/orgs?q=%ff"] {
        ana.get(path).await.is(400);
    }
    for (method, path) in [
        ("DELETE", "/login"),
        ("PUT", "/account"),
        ("GET", "/logout"),
        ("PATCH", "/admin/orgs"),
        ("GET", "/account/name"),
        ("BREW", "/"),
        ("POST", "/livez"),
        ("POST", "/assets/portal.css"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        ana.send(request.expect("a request")).await.is(405).shows("Not this way");
    }
}

async fn whatever_stands_in_a_query_is_no_fault(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let long = "q".repeat(60_000);
    let (min, max) = (i64::MIN, i64::MAX);
    for query in [
        format!("q={long}"),
        format!("q={}", "%25".repeat(15_000)),
        "q=%F0%9F%98%80%27%22%3C".to_owned(),
        format!("status={long}"),
        "status=%27".to_owned(),
        "sort=nothing".to_owned(),
        "sort=--name".to_owned(),
        "after=x".to_owned(),
        format!("after={acme}"),
        format!("sort=created&after={acme}{min}"),
        format!("sort=created&after={acme}{max}"),
        format!("sort=changed&before={acme}-8000000000000000000"),
        format!("sort=created&after={acme}8000000000000000000"),
        format!("sort=members&after={acme}{min}"),
        format!("sort=members&after={acme}x"),
        format!("after={acme}{}", "ä".repeat(9_000)),
        format!("after=%C3%A4{acme}"),
        format!("seen={min}"),
        format!("seen={max}"),
        "seen=1".to_owned(),
        "seen=x".to_owned(),
        format!("before={min}"),
        format!("before={max}"),
        "before=0".to_owned(),
        "q=a&q=b".to_owned(),
        "unknown=1".to_owned(),
    ] {
        for path in [
            "/admin/orgs",
            "/admin/history",
            "/admin/superadmins",
            "/organisations/select",
            "/admin/orgs/slug",
            "/login",
            "/account",
            &format!("/admin/orgs/{acme}"),
            &format!("/admin/orgs/{acme}/members"),
            &format!("/admin/orgs/{acme}/history"),
        ] {
            let status = ana.get(&format!("{path}?{query}")).await.status;
            assert!(
                [200, 303, 400, 422].contains(&status),
                "{path}?{} {status}",
                &query[..query.len().min(100)]
            );
        }
    }
}

/// Random bytes against every form, as a form and as anything else.
async fn random_bytes_never_break_a_form(world: World) {
    let (forms, before) = (forms(&world).await, world.position().await);
    let mut runner = TestRunner::deterministic();
    let fields = "(command_id|name|slug|email|owner_email|password|role|session|next)=[%a-f0-9&=+.]{0,40}";
    let bodies = proptest::prop_oneof![
        prop::collection::vec(any::<u8>(), 1..200),
        prop::collection::vec(fields, 1..6).prop_map(|fields| fields.join("&").into_bytes()),
        "\\PC{0,60}".prop_map(|text| format!("name={text}&password={text}").into_bytes()),
    ];
    for (path, client) in &forms {
        for _ in 0..24 {
            let body = bodies.new_tree(&mut runner).expect("bytes").current();
            let answer = client.post_raw(path, "application/x-www-form-urlencoded", body).await;
            assert!((300..500).contains(&answer.status), "{path} {}", answer.status);
        }
    }
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn a_form_from_another_site_reaches_nobody(world: World) {
    let (ana, before) = (world.operator().await, world.position().await);
    let id = api::clock::new_id();
    let body = format!("command_id={id}&name=Acme&slug=acme&owner_email=o%40example.com");
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://127.0.0.1:8080.evil.example"),
    ] {
        let request = Request::post("/admin/orgs")
            .header("host", "127.0.0.1:8080")
            .header(name, value)
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = ana.send(request.body(Body::from(body.clone())).expect("a request")).await;
        answer.is(403).shows("came from another site").shows("PORTAL_TRUSTED_ORIGINS");
    }
    assert_eq!(world.since(before).await, [""; 0]);
    let own = Request::post("/admin/orgs")
        .header("host", "inner.name")
        .header("origin", "http://127.0.0.1:8080")
        .header("content-type", "application/x-www-form-urlencoded");
    ana.send(own.body(Body::from(body)).expect("a request")).await.is(303);
}

/// Links are made from the setting, whatever a request says about its host.
async fn no_header_changes_where_links_lead(world: World) {
    let (ana, id) = (world.operator().await, api::clock::new_id());
    let body = format!("command_id={id}&name=Acme&slug=acme&owner_email=o%40example.com");
    let forged = |request: axum::http::request::Builder| {
        request
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-for", "a, ,6.6.6.6")
            .header("forwarded", "host=evil.example")
            .header("x-original-url", "/admin")
            .header("x-rewrite-url", "/admin")
            .header("x-http-method-override", "DELETE")
    };
    let request =
        forged(Request::post("/admin/orgs")).header("content-type", "application/x-www-form-urlencoded");
    let done = ana.send(request.body(Body::from(body)).expect("a request")).await;
    let request = forged(Request::get(done.is(303).location())).body(Body::empty());
    let page = ana.send(request.expect("a request")).await;
    page.is(200).shows("http://127.0.0.1:8080/invitations/").hides("evil.example");
    let events = world.app.log.tail(0, 100).await.expect("no gap");
    assert!(events.iter().all(|event| !event.metadata.contains("6.6.6.6")), "{events:?}");
}

engines! {
    what_is_no_form_is_refused,
    a_field_of_a_megabyte_is_only_a_wrong_field,
    an_address_that_is_not_there_or_does_not_take_that_is_refused,
    whatever_stands_in_a_query_is_no_fault,
    random_bytes_never_break_a_form,
    a_form_from_another_site_reaches_nobody,
    no_header_changes_where_links_lead,
}

//! The server against clients that are slow, rude, confused or many, over real sockets.
//!
//! **Invariant:** nothing here waits on the product's own limits: every test sets short ones.

mod client;
mod crowd;
mod routes;

use std::time::{Duration, Instant};

use api::server::{Edge, Limits};
use client::{FORM, FORM_FROM_EVIL, JSON, Server, ms, rest};
use tokio::io::AsyncReadExt;

#[tokio::test]
async fn a_half_sent_head_is_closed_in_time() {
    let server = Server::start(Limits { header_timeout: ms(200), ..Limits::default() }).await;
    let mut socket = server.open("GET / HTTP/1.1\r\nHost: x\r\nX-Slow").await;
    let started = Instant::now();
    assert_eq!(rest(&mut socket).await, "");
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time() {
    let server = Server::start(Limits { header_timeout: ms(200), ..Limits::default() }).await;
    let mut socket = server.open("GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let started = Instant::now();
    assert!(rest(&mut socket).await.starts_with("HTTP/1.1 200"));
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let server = Server::default().await;
    let long = "a".repeat(1024 * 1024);
    assert_eq!(server.send(&format!("GET /items/7 HTTP/1.1\r\nX-Long: {long}\r\n\r\n")).await.status, 431);
    assert_eq!(server.send(&format!("GET /items/{long} HTTP/1.1\r\n\r\n")).await.status, 431);
}

#[tokio::test]
async fn a_body_that_stalls_ends_with_408() {
    let server = Server::start(Limits { body_timeout: ms(200), ..Limits::default() }).await;
    let head = "POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n";
    let answer =
        server.send(&format!("{head}Content-Type: application/x-www-form-urlencoded\r\n\r\nname=")).await;
    answer.is_page(408, "The request came too slowly");
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_given_up_with_503() {
    let server = Server::start(Limits { request_timeout: ms(200), ..Limits::default() }).await;
    let answer = server.get("/wait").await;
    answer.is_page(503, "Nothing was changed");
    assert_eq!(answer.header("retry-after"), Some("2"));
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_dropped_in_time() {
    let limits = Limits { write_timeout: ms(200), max_connections: 1, ..Limits::default() };
    let server = Server::start(limits).await;
    let _takes_nothing = server.open("GET /flood HTTP/1.0\r\n\r\n").await;
    server.until_admitted().await;
}

#[tokio::test]
async fn a_body_announced_too_large_gets_the_413_page_although_it_was_never_read() {
    let server = Server::default().await;
    let body = "a".repeat(3 * 1024 * 1024);
    server.post("/form", FORM, &body).await.is_page(413, "Too large");
}

#[tokio::test]
async fn a_body_that_turns_out_too_large_gets_413_as_well() {
    let server = Server::start(Limits { max_body: 10, ..Limits::default() }).await;
    let head = "POST /form HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n";
    let body = "\r\n14\r\nname=aaaaaaaaaaaaaaa\r\n0\r\n\r\n";
    let answer =
        server.send(&format!("{head}Content-Type: application/x-www-form-urlencoded\r\n{body}")).await;
    answer.is_page(413, "Too large");
}

#[tokio::test]
async fn a_form_of_the_wrong_type_gets_415() {
    let server = Server::default().await;
    server
        .post("/form", "Content-Type: text/plain\r\n", "name=a")
        .await
        .is_page(415, "Wrong kind of content");
    server.post("/form", "", "name=a").await.is_page(415, "Wrong kind of content");
}

#[tokio::test]
async fn a_compressed_body_gets_415() {
    let server = Server::default().await;
    let headers = format!("{FORM}Content-Encoding: gzip\r\n");
    server.post("/form", &headers, "name=a").await.is_page(415, "not compressed");
}

#[tokio::test]
async fn broken_utf8_is_refused_wherever_it_stands() {
    let server = Server::default().await;
    for path in ["/items/%ff", "/search?text=%C3", "/nowhere/%ff"] {
        server.get(path).await.is_page(400, "not text in UTF-8");
    }
    server.post("/form", FORM, "name=%ff").await.is_page(400, "not text in UTF-8");
}

#[tokio::test]
async fn nul_is_refused_wherever_it_stands() {
    let server = Server::default().await;
    for path in ["/items/%00", "/search?text=a%00b", "/nowhere/%00"] {
        server.get(path).await.is_page(400, "NUL");
    }
    server.post("/form", FORM, "name=a%00b").await.is_page(400, "NUL");
    server.post("/form", FORM, "name=a\0b").await.is_page(400, "NUL");
    server.post("/api/json", JSON, r#"{"name":"\u0000"}"#).await.is_problem(400, "NUL");
    assert_eq!(server.post("/api/json", JSON, r#"{"name":"\\u0000"}"#).await.status, 200);
}

#[tokio::test]
async fn repeated_fields_become_a_list() {
    let server = Server::default().await;
    assert_eq!(server.post("/form", FORM, "name=a&tag=x&tag=y").await.body, "a [\"x\", \"y\"]");
    assert_eq!(server.get("/search?text=a&tag=x&tag=y").await.body, "a [\"x\", \"y\"]");
}

#[tokio::test]
async fn a_refused_form_names_fields_and_no_rust_types() {
    let server = Server::default().await;
    server.post("/form", FORM, "").await.is_page(422, "The field “name” is missing.");
    server.post("/form", FORM, "name=a&admin=1").await.is_page(422, "The field “admin” is not known here.");
    server.post("/form", FORM, "name=a&age=x").await.is_page(422, "The field “age” must be a whole number.");
    server.post("/form", FORM, "name=a&name=b").await.is_page(422, "The field “name”");
    server.post("/form", FORM, "name=a&size=l").await.is_page(422, "must be one of: small, medium, large.");
    server.get("/search").await.is_page(400, "The field “text” is missing.");
}

#[tokio::test]
async fn a_refused_document_names_fields_and_no_rust_types() {
    let server = Server::default().await;
    server.post("/api/json", JSON, "{").await.is_problem(400, "not valid JSON: look at line 1, column 1");
    server.post("/api/json", JSON, "{}").await.is_problem(422, "The field “name” is missing.");
    server
        .post("/api/json", JSON, r#"{"name":1}"#)
        .await
        .is_problem(422, "“name” has a value of the wrong kind.");
    server.post("/api/json", JSON, "3").await.is_problem(422, "The content has a value of the wrong kind.");
    server.post("/api/json", JSON, r#"{"name":"a"} x"#).await.is_problem(400, "not valid JSON");
}

#[tokio::test]
async fn a_parameter_that_cannot_be_parsed_is_an_address_where_nothing_is() {
    let server = Server::default().await;
    server.get("/items/seven").await.is_page(404, "Nothing here");
    assert_eq!(server.get("/items/7").await.body, "7");
}

#[tokio::test]
async fn an_unknown_address_is_a_page_for_people_and_a_problem_for_programs() {
    let server = Server::default().await;
    server.get("/nowhere").await.is_page(404, "Nothing here");
    server.get("/api/nowhere").await.is_problem(404, "\"instance\":\"/api/nowhere\"");
    let asked = server.send("GET /nowhere HTTP/1.0\r\nAccept: application/json\r\n\r\n").await;
    asked.is_problem(404, "\"type\":\"about:blank\"");
    let browser = "GET /nowhere HTTP/1.0\r\nAccept: text/html, application/json\r\n\r\n";
    server.send(browser).await.is_page(404, "Nothing here");
}

#[tokio::test]
async fn a_wrong_method_gets_405_and_hears_which_are_right() {
    let server = Server::default().await;
    let answer = server.get("/form").await;
    answer.is_page(405, "Not this way");
    assert_eq!(answer.header("allow"), Some("POST"));
}

#[tokio::test]
async fn head_gets_the_headers_of_a_refusal_without_its_body() {
    let server = Server::default().await;
    let answer = server.send("HEAD /nowhere HTTP/1.0\r\n\r\n").await;
    assert_eq!((answer.status, answer.body.as_str()), (404, ""));
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
}

#[tokio::test]
async fn a_page_that_a_handler_wrote_itself_is_left_alone() {
    let server = Server::default().await;
    let answer = server.get("/own-page").await;
    assert_eq!((answer.status, answer.body.as_str()), (422, "<h1>Try again</h1>"));
}

#[tokio::test]
async fn a_panic_is_a_500_page_and_the_server_goes_on() {
    let server = Server::default().await;
    let answer = server.get("/panic").await;
    answer.is_page(500, "Something went wrong on our side");
    assert!(!answer.body.contains("the handler's secret"));
    assert_eq!(server.get("/items/7").await.status, 200);
}

#[tokio::test]
async fn the_cause_of_a_fault_is_not_shown() {
    let server = Server::default().await;
    let answer = server.get("/fault").await;
    answer.is_page(500, "It was recorded.");
    assert!(!answer.body.contains("the database's password"));
}

#[tokio::test]
async fn a_request_id_is_never_taken_from_outside() {
    let server = Server::default().await;
    let answer = server.send("GET /items/7 HTTP/1.0\r\nX-Request-Id: forged\r\n\r\n").await;
    let id = answer.header("x-request-id").expect("every answer has a request id");
    assert_eq!(uuid::Uuid::parse_str(id).map(|id| id.get_version_num()), Ok(7));
}

#[tokio::test]
async fn a_handler_learns_the_request_id_and_who_is_at_the_other_end() {
    let server = Server::default().await;
    let answer = server.get("/who").await;
    let id = answer.header("x-request-id").expect("every answer has a request id");
    assert_eq!(answer.body, format!("{id} 127.0.0.1"));
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let server = Server::default().await;
    let paths =
        ["/items/7", "/items/x", "/nowhere", "/form", "/panic", "/assets/portal.css", "/items/%00", "/fault"];
    for path in paths {
        server.get(path).await.is_secure(path);
    }
    server.post("/form", FORM_FROM_EVIL, "name=a").await.is_secure("another site's form");
    server.post("/form", FORM, &"a".repeat(2_000_000)).await.is_secure("too large");
}

#[tokio::test]
async fn only_a_server_behind_https_insists_on_it() {
    let plain = Server::default().await;
    assert_eq!(plain.get("/items/7").await.header("strict-transport-security"), None);
    let edge = Edge { tls: true, ..Edge::default() };
    let server = Server::start_at(Limits::default(), &edge).await;
    assert_eq!(server.get("/nowhere").await.header("strict-transport-security"), Some("max-age=63072000"));
}

#[tokio::test]
async fn another_sites_form_is_refused_by_name() {
    let server = Server::default().await;
    let answer = server.post("/form", FORM_FROM_EVIL, "name=a").await;
    answer.is_page(403, "https://evil.example");
    answer.is_page(403, "PORTAL_TRUSTED_ORIGINS");
}

#[tokio::test]
async fn our_own_and_trusted_sites_forms_pass() {
    let trusted_origins = "https://a.example,https://b.example:8443".parse().expect("these are origins");
    let server = Server::start_at(Limits::default(), &Edge { trusted_origins, ..Edge::default() }).await;
    for said in [
        "Origin: http://x\r\n",
        "Origin: null\r\nSec-Fetch-Site: same-origin\r\n",
        "Origin: https://a.example\r\nSec-Fetch-Site: cross-site\r\n",
        "Origin: https://b.example:8443\r\n",
    ] {
        assert_eq!(server.post("/form", &format!("{FORM}{said}"), "name=a").await.status, 200, "{said}");
    }
}

#[tokio::test]
async fn too_much_load_gets_503_at_once_but_health_and_assets_answer() {
    let server = Server::start(Limits { max_requests_in_flight: 1, ..Limits::default() }).await;
    let mut waiting = server.open("GET /wait HTTP/1.0\r\n\r\n").await;
    server.entered.notified().await;
    let shed = server.get("/items/7").await;
    shed.is_page(503, "Too busy right now");
    assert_eq!(shed.header("retry-after"), Some("2"));
    assert_eq!(server.get("/livez").await.status, 200);
    assert_eq!(server.get("/assets/portal.css").await.status, 200);
    server.leave.notify_one();
    assert!(rest(&mut waiting).await.starts_with("HTTP/1.0 200"));
    assert_eq!(server.get("/items/7").await.status, 200);
}

#[tokio::test]
async fn a_stop_lets_a_request_under_way_finish() {
    let mut server = Server::default().await;
    let mut waiting = server.open("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.entered.notified().await;
    server.stop();
    server.until_refused().await;
    server.leave.notify_one();
    assert!(rest(&mut waiting).await.ends_with("waited"));
    server.ended().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_idle_connections() {
    let mut server = Server::default().await;
    let _unused = server.open("").await;
    let mut used = server.open("GET /items/7 HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut answer = [0; 12];
    used.read_exact(&mut answer).await.expect("the first request is answered");
    let started = Instant::now();
    server.stop();
    server.ended().await;
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn a_stop_waits_no_longer_than_the_grace() {
    let mut server = Server::start(Limits { grace: ms(200), ..Limits::default() }).await;
    let _waiting = server.open("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.entered.notified().await;
    let started = Instant::now();
    server.stop();
    server.ended().await;
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn assets_are_cached_for_long_only_under_the_url_that_pages_say() {
    let server = Server::default().await;
    let page = server.get("/nowhere").await.body;
    let url =
        page.split('"').find(|url| url.starts_with("/assets/portal.css?v=")).expect("pages have a style");
    let lasting = server.get(url).await;
    assert_eq!(lasting.header("cache-control"), Some("public, max-age=31536000, immutable"));
    for path in ["/assets/portal.css", "/assets/portal.css?v=another", "/favicon.svg"] {
        assert_eq!(server.get(path).await.header("cache-control"), Some("public, max-age=300"));
    }
    assert_eq!(server.get("/items/7").await.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn an_asset_that_is_known_is_not_sent_again() {
    let server = Server::default().await;
    let etag = server.get("/assets/portal.js").await.header("etag").expect("assets have one").to_owned();
    let again = format!("GET /assets/portal.js HTTP/1.0\r\nIf-None-Match: \"old\", W/{etag}\r\n\r\n");
    let answer = server.send(&again).await;
    assert_eq!((answer.status, answer.body.as_str()), (304, ""));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_path() {
    api::metrics::install().expect("this process installs it once");
    let server = Server::default().await;
    server.get("/items/7").await;
    server.get("/nowhere").await;
    let counted = api::metrics::render();
    let by = |method, route, status| {
        format!("portal_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} 1")
    };
    assert!(counted.contains(&by("GET", "/items/{id}", 200)), "{counted}");
    assert!(counted.contains(&by("GET", "none", 404)), "{counted}");
    assert!(
        counted.contains("portal_http_request_seconds_bucket{route=\"/items/{id}\",le=\"0.001\"}"),
        "{counted}"
    );
}

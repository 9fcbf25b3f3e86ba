//! The server against clients that are slow, rude, confused or many, over real sockets.
//!
//! **Invariant:** nothing here waits on the product's own limits: every test sets short ones.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::server::{Edge, Limits};
use api::{assets, extract, server};
use axum::Router;
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_half_sent_head_is_closed_in_time() {
    let server = Server::start(Limits { header_timeout: ms(200), ..Limits::default() }).await;
    let mut socket = server.open("GET / HTTP/1.1\r\nHost: x\r\nX-Slow").await;
    let started = Instant::now();
    assert_eq!(rest(&mut socket).await, "");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time() {
    let server = Server::start(Limits { header_timeout: ms(200), ..Limits::default() }).await;
    let mut socket = server.open("GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let started = Instant::now();
    assert!(rest(&mut socket).await.starts_with("HTTP/1.1 200"));
    assert!(started.elapsed() < Duration::from_secs(2));
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
    answer.is_page(503, "may still have happened");
    assert_eq!(answer.header("retry-after"), Some("2"));
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
    let server = Server::start_at(Limits::default(), &Edge { tls: false, trusted_origins }).await;
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
async fn one_address_gets_only_so_many_connections() {
    let limits = Limits { max_connections_per_address: 2, header_timeout: LONG, ..Limits::default() };
    let server = Server::start(limits).await;
    let first = server.open("GET /it").await;
    let _second = server.open("GET /it").await;
    let mut third = server.open("").await;
    assert_eq!(rest(&mut third).await, "");
    drop(first);
    server.until_admitted().await;
}

#[tokio::test]
async fn all_addresses_together_get_only_so_many_connections() {
    let server =
        Server::start(Limits { max_connections: 1, header_timeout: LONG, ..Limits::default() }).await;
    let first = server.open("GET /it").await;
    let mut second = server.open("").await;
    assert_eq!(rest(&mut second).await, "");
    drop(first);
    server.until_admitted().await;
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
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_stop_waits_no_longer_than_the_grace() {
    let mut server = Server::start(Limits { grace: ms(200), ..Limits::default() }).await;
    let _waiting = server.open("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.entered.notified().await;
    let started = Instant::now();
    server.stop();
    server.ended().await;
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn assets_are_cached_for_long_only_under_their_own_hash() {
    let server = Server::default().await;
    let lasting = server.get(&assets::stylesheet_url()).await;
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

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const JSON: &str = "Content-Type: application/json; charset=utf-8\r\n";
const FORM_FROM_EVIL: &str = "Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\n";

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(alias = "text")]
    name: String,
    #[serde(default)]
    tag: Vec<String>,
    age: Option<u8>,
    size: Option<Size>,
}

#[derive(Deserialize)]
struct Search {
    text: String,
    #[serde(default)]
    tag: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Medium,
    Large,
}

fn routes(entered: Arc<Notify>, leave: Arc<Notify>) -> Router {
    let wait = || async move {
        entered.notify_one();
        leave.notified().await;
        "waited"
    };
    Router::new()
        .route("/livez", get(|| async { "alive" }))
        .route("/assets/portal.css", get(assets::stylesheet))
        .route("/assets/portal.js", get(assets::script))
        .route("/favicon.svg", get(assets::favicon))
        .route("/robots.txt", get(assets::robots))
        .route("/items/{id}", get(|extract::Path(id): extract::Path<u64>| async move { id.to_string() }))
        .route("/search", get(search))
        .route("/form", post(form))
        .route("/api/json", post(json))
        .route("/own-page", get(own_page))
        .route("/panic", get(panics))
        .route("/fault", get(fault))
        .route("/wait", get(wait))
}

async fn search(extract::Query(search): extract::Query<Search>) -> String {
    format!("{} {:?}", search.text, search.tag)
}

async fn form(extract::Form(entry): extract::Form<Entry>) -> String {
    let _ = (entry.age, entry.size);
    format!("{} {:?}", entry.name, entry.tag)
}

async fn json(extract::Json(entry): extract::Json<Entry>) -> String {
    entry.name
}

async fn own_page() -> (axum::http::StatusCode, axum::response::Html<&'static str>) {
    (axum::http::StatusCode::UNPROCESSABLE_ENTITY, axum::response::Html("<h1>Try again</h1>"))
}

async fn panics() -> &'static str {
    panic!("the handler's secret")
}

async fn fault() -> Result<(), api::error::Error> {
    Err(anyhow::anyhow!("the database's password").into())
}

/// The product's server with routes of the tests' own.
struct Server {
    address: SocketAddr,
    /// Notified when somebody is in `/wait`, and by tests to let them out.
    entered: Arc<Notify>,
    leave: Arc<Notify>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<anyhow::Result<()>>,
}

impl Server {
    async fn default() -> Self {
        Self::start(Limits::default()).await
    }

    async fn start(limits: Limits) -> Self {
        Self::start_at(limits, &Edge::default()).await
    }

    async fn start_at(limits: Limits, edge: &Edge) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let app = server::layers(routes(Arc::clone(&entered), Arc::clone(&leave)), &limits, edge);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server::serve(listener, app, limits, async {
            let _ = stopped.await;
        }));
        Self { address, entered, leave, stop: Some(stop), serving }
    }

    fn stop(&mut self) {
        self.stop.take().expect("a server stops once").send(()).expect("it is running");
    }

    async fn ended(self) {
        timeout(LONG, self.serving).await.expect("it ends in time").expect("no panic").expect("no error");
    }

    async fn open(&self, bytes: &str) -> TcpStream {
        let mut socket = TcpStream::connect(self.address).await.expect("it listens");
        socket.write_all(bytes.as_bytes()).await.expect("it reads");
        socket
    }

    async fn send(&self, bytes: &str) -> Answer {
        let mut socket = self.open(bytes).await;
        Answer::parse(&rest(&mut socket).await)
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n")).await
    }

    async fn post(&self, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let head = format!("POST {path} HTTP/1.0\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\r\n");
        self.send(&format!("{head}{body}")).await
    }

    /// Until a connection is let in again; the end of an earlier one takes a moment to be noticed.
    async fn until_admitted(&self) {
        let admitted = async {
            loop {
                let mut socket = self.open("").await;
                let asked = socket.write_all(b"GET /livez HTTP/1.0\r\n\r\n").await;
                let mut answer = String::new();
                if asked.is_ok() && socket.read_to_string(&mut answer).await.is_ok_and(|read| read > 0) {
                    break;
                }
                tokio::time::sleep(ms(10)).await;
            }
        };
        timeout(LONG, admitted).await.expect("a place comes free");
    }

    async fn until_refused(&self) {
        let refused = async {
            while TcpStream::connect(self.address).await.is_ok() {
                tokio::time::sleep(ms(10)).await;
            }
        };
        timeout(LONG, refused).await.expect("it stops listening");
    }
}

/// Everything until the other side closes; nothing, if it was closed with a reset.
async fn rest(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(LONG, socket.read_to_end(&mut bytes)).await.expect("the server closes in time");
    read.map(|_| String::from_utf8(bytes).expect("answers are UTF-8")).unwrap_or_default()
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn parse(answer: &str) -> Self {
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { status, headers, body: body.to_owned() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.0 == name).map(|header| header.1.as_str())
    }

    /// A page with a status and a text, which shows the request id.
    fn is_page(&self, status: u16, text: &str) {
        assert_eq!((self.status, self.header("content-type")), (status, Some("text/html; charset=utf-8")));
        self.tells(text);
    }

    fn is_problem(&self, status: u16, text: &str) {
        assert_eq!((self.status, self.header("content-type")), (status, Some("application/problem+json")));
        let problem: serde_json::Value = serde_json::from_str(&self.body).expect("a problem is JSON");
        assert_eq!(problem["status"], status);
        self.tells(text);
    }

    fn tells(&self, text: &str) {
        assert!(self.body.contains(text), "{text:?} in {}", self.body);
        let id = self.header("x-request-id").expect("every answer has a request id");
        assert!(self.body.contains(id), "{id} in {}", self.body);
    }

    fn is_secure(&self, what: &str) {
        for (name, value) in SECURITY_HEADERS {
            assert!(
                self.header(name).is_some_and(|found| found.starts_with(value)),
                "{name} of {what}: {self:?}"
            );
        }
    }
}

const SECURITY_HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "accelerometer=()"),
    ("x-request-id", "0"),
];

//! Somebody with a browser: cookies, forms, and what comes back, without a socket.
//!
//! **Invariant:** no answer whatsoever is a 500, so [`Client::send`] refuses one for every test.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::web::request::PeerAddr;
use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, Request};
use axum::response::Response;
use domain::values::PersonId;
use http_body_util::BodyExt;
use tower::ServiceExt;
use uuid::Uuid;

const FORM: &str = "application/x-www-form-urlencoded";

/// Clones share their cookies, as the tabs of one browser do.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    peer: SocketAddr,
    person: Option<PersonId>,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Client {
    pub(crate) fn new(router: Router) -> Self {
        let peer = SocketAddr::from(([203, 0, 113, 7], 40_000));
        Self { router, peer, person: None, cookies: Arc::default() }
    }

    pub(crate) fn being(self, person: PersonId) -> Self {
        Self { person: Some(person), ..self }
    }

    pub(crate) fn from(self, address: &str) -> Self {
        Self { peer: SocketAddr::new(address.parse().expect("an address"), 40_000), ..self }
    }

    pub(crate) fn person(&self) -> PersonId {
        self.person.expect("somebody signed in")
    }

    pub(crate) fn keep(&self, name: &str, value: &str) {
        self.jar().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.jar().get(name).cloned()
    }

    fn jar(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_raw(path, FORM, serde_html_form::to_string(fields).expect("text")).await
    }

    pub(crate) async fn post_raw(&self, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header(CONTENT_TYPE, kind);
        self.send(request.body(body.into()).expect("a request")).await
    }

    /// Opens the form at `path` and sends it with these fields over the ones that it came with.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = self.get(path).await;
        form.is(200);
        self.post(path, &form.filled(fields)).await
    }

    /// Asks for what has no end; what comes is read piece by piece.
    pub(crate) async fn follow(&self, path: &str) -> Body {
        let response = self.respond(Request::get(path).body(Body::empty()).expect("a request")).await;
        assert_eq!(response.status(), 200, "{path}");
        response.into_body()
    }

    /// The status, and what comes: all of it, or the first piece of what has no end.
    pub(crate) async fn glance(&self, path: &str) -> (u16, String) {
        let (head, mut body) =
            self.respond(Request::get(path).body(Body::empty()).expect("a request")).await.into_parts();
        let endless = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let mut text = String::new();
        while let Some(frame) = body.frame().await {
            let bytes = frame.expect("it doesn't break").into_data().unwrap_or_default();
            text.push_str(&String::from_utf8_lossy(&bytes));
            if endless {
                break;
            }
        }
        assert_ne!(head.status, 500, "{path}: {text}");
        (head.status.as_u16(), text)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let asked = format!("{} {}", request.method(), request.uri());
        let (head, body) = self.respond(request).await.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        let answer = Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8(body.into()).expect("answers are UTF-8"),
        };
        assert_ne!(answer.status, 500, "{asked:.200}: {}", answer.body);
        self.take_cookies(&answer);
        answer
    }

    async fn respond(&self, mut request: Request<Body>) -> Response {
        let cookies: Vec<String> = self.jar().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(COOKIE, cookies.join("; ").parse().expect("a header"));
        }
        request.extensions_mut().insert(PeerAddr(self.peer));
        self.router.clone().oneshot(request).await.expect("the service cannot fail")
    }

    fn take_cookies(&self, answer: &Answer) {
        for set in answer.set_cookies() {
            let (name, value) = set.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            if set.contains("Max-Age=0") {
                self.jar().remove(name);
            } else {
                self.keep(name, value);
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{:?} {}", self.headers, self.body);
        self
    }

    #[track_caller]
    pub(crate) fn is_one_of(&self, statuses: &[u16]) -> u16 {
        assert!(statuses.contains(&self.status), "{:?} {}", self.headers, self.body);
        self.status
    }

    #[track_caller]
    pub(crate) fn leads_to(&self, path: &str) -> &Self {
        self.is(303);
        assert_eq!(self.location(), path);
        self
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> &Self {
        assert!(self.body.contains(text), "{text:?} in {}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn hides(&self, text: &str) -> &Self {
        assert!(!self.body.contains(text), "{text:?} in {}", self.body);
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("plain text"))
    }

    /// Where a redirect leads; empty where there is none.
    pub(crate) fn location(&self) -> &str {
        self.header(LOCATION.as_str()).unwrap_or_default()
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().expect("plain text")).collect()
    }

    /// What a field of the form on this page holds.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let mut fields = self.body.split('<').filter(|tag| tag.contains(&format!("name=\"{name}\"")));
        fields.find_map(|tag| attribute(tag, "value"))
    }

    /// The hidden fields of the page's form, and these.
    pub(crate) fn filled<'a>(&'a self, fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let tags = self.body.split('<').filter(|tag| tag.starts_with("input type=\"hidden\" name="));
        let hidden =
            tags.filter_map(|tag| Some((between(tag, "name=\"", "\"")?, between(tag, "value=\"", "\"")?)));
        let hidden = hidden.filter(|(name, _)| ["command_id", "expected_sequence"].contains(name));
        let typed = |name: &str| fields.iter().any(|(field, _)| *field == name);
        hidden.filter(|(name, _)| !typed(name)).chain(fields.iter().copied()).collect()
    }

    /// The bytes without the id that every answer has of its own.
    pub(crate) fn without_request_id(&self) -> String {
        let id = self.header("x-request-id").expect("every answer has one");
        self.body.replace(id, "")
    }

    /// Status, headers and bytes, as far as they are not of this one request.
    pub(crate) fn told(&self) -> (u16, Vec<(String, String)>, String) {
        let headers = self.headers.iter().filter(|(name, _)| *name != "x-request-id");
        let text = |value: &axum::http::HeaderValue| value.to_str().expect("plain text").to_owned();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
        (self.status, headers, self.without_request_id())
    }

    /// The address of the invitation that this page hands over.
    pub(crate) fn invitation_link(&self) -> String {
        let link =
            between(&self.body, "http://127.0.0.1:8080/invitations/", "<").and_then(|text| text.get(..64));
        format!("/invitations/{}", link.unwrap_or_else(|| panic!("a link in {}", self.body)))
    }

    /// The organisation whose page a redirect leads to.
    pub(crate) fn org_id(&self) -> Uuid {
        let id = self.location().strip_prefix("/admin/orgs/").and_then(|path| path.get(..36));
        id.and_then(|id| id.parse().ok()).expect("a redirect to an organisation")
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = between(tag, &format!("{name}=\""), "\"")?;
    Some(value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?.1.split_once(to).map(|(found, _)| found)
}

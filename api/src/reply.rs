//! Turns refusals into answers: a page for people, and RFC 9457 `application/problem+json` for programs.
//!
//! **Invariant:** this is the only file that knows both, errors and pages. The cause of a fault goes to the log, once, under
//! the request id that the answer shows, and never into the answer.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::access::Instead;
use crate::app::App;
use crate::web::error::{Error, Plain, Problem, UNAVAILABLE_RETRY_AFTER};
use crate::web::paths;
use crate::web::request::RequestId;
use crate::{layout, ui};

/// Turns every refusal into a page or a problem document: those that carry a [`Problem`], and the bare ones that axum
/// and tower make themselves. An error whose handler wrote its own page (a form shown again) is left alone.
pub async fn render(request: Request, next: Next) -> Response {
    let reader = ProblemReader::of(&request);
    let response = next.run(request).await;
    match response.extensions().get::<Problem>().cloned().or_else(|| bare(&response)) {
        Some(problem) => reader.tell(&problem, response),
        None => response,
    }
}

/// Makes the page that somebody is shown in place of what they asked for, where the gate says so.
pub async fn show_instead(State(app): State<App>, request: Request, next: Next) -> Result<Response, Error> {
    let mut response = next.run(request).await;
    let Some(instead) = response.extensions_mut().remove::<Instead>() else { return Ok(response) };
    let page = match &instead {
        Instead::Suspended(who) => layout::tenant::suspended(&app, &who.0, &who.1).await?,
        Instead::Proof(asked) => {
            crate::resources::sign_in::confirm::page(
                &app,
                &asked.identity,
                &asked.pending,
                asked.wrong.as_deref(),
            )
            .await?
        }
    };
    let (content_type, body) = (HeaderValue::from_static("text/html; charset=utf-8"), page.into_string());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = Body::from(body);
    Ok(response)
}

/// The problem behind an error that nobody wrote a body for: without a type, or axum's and tower's plain text.
fn bare(response: &Response) -> Option<Problem> {
    if response.extensions().get::<Plain>().is_some() {
        return None;
    }
    let status = response.status();
    let plain = response
        .headers()
        .get(CONTENT_TYPE)
        .is_none_or(|content_type| content_type.as_bytes().starts_with(b"text/plain"));
    ((status.is_client_error() || status.is_server_error()) && plain).then(|| status.into())
}

/// What is known of the reader, and of the request that the answer repeats.
struct ProblemReader {
    program: bool,
    path: String,
    request_id: Option<String>,
}

impl ProblemReader {
    fn of(request: &Request) -> Self {
        let path = request.uri().path().to_owned();
        Self {
            program: paths::is_api(&path) || wants_json(request.headers()),
            path,
            request_id: request.extensions().get::<RequestId>().map(ToString::to_string),
        }
    }

    /// Writes the body, which hyper leaves out for `HEAD`; headers that were set on the way (`allow`, `retry-after`,
    /// cookies) stay.
    fn tell(&self, problem: &Problem, mut response: Response) -> Response {
        if let Some(cause) = &problem.cause {
            tracing::error!("{cause:#}");
        }
        let (content_type, body) = if self.program { self.document(problem) } else { self.page(problem) };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if problem.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.entry(RETRY_AFTER).or_insert(UNAVAILABLE_RETRY_AFTER);
        }
        if problem.status == StatusCode::UNAUTHORIZED {
            headers.entry(WWW_AUTHENTICATE).or_insert(BY_COOKIE);
        }
        *response.body_mut() = Body::from(body);
        response
    }

    /// RFC 9457. The type is `about:blank`: the status says it all.
    fn document(&self, problem: &Problem) -> (&'static str, String) {
        let document = serde_json::json!({
            "type": "about:blank",
            "title": problem.title,
            "status": problem.status.as_u16(),
            "detail": problem.detail,
            "instance": self.path,
            "request_id": self.request_id,
        });
        ("application/problem+json", document.to_string())
    }

    fn page(&self, problem: &Problem) -> (&'static str, String) {
        let id = self.request_id.as_deref();
        let page = ui::error_page(problem.status.as_u16(), problem.title, &problem.detail, id, "/");
        ("text/html; charset=utf-8", page.into_string())
    }
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepts = |what| {
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(|list| list.contains(what))
    };
    accepts("json") && !accepts("html")
}

/// A 401 has to name a way to sign in (RFC 9110, 15.5.2). Ours is a cookie, for which no scheme is registered.
const BY_COOKIE: HeaderValue = HeaderValue::from_static("Cookie realm=\"portal\"");

//! The layers that are our own; [`super::layers`] says in which order they stand.
//!
//! **Invariant:** nothing here reads a header to decide who somebody is, and request ids are always made here.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::clock;
use crate::web::error::{self, Error, Problem};
use crate::web::request::{CLIENT, RequestId};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request its id. An id from outside is dropped: it could be forged, or match another request's.
pub(super) async fn identify(mut request: Request, next: Next) -> Response {
    let id = RequestId(clock::new_id());
    let value =
        HeaderValue::from_str(&id.to_string()).expect("a UUID is made of hexadecimal digits and hyphens");
    request.headers_mut().insert(X_REQUEST_ID, value.clone());
    request.extensions_mut().insert(id);
    let mut response = next.run(request).await;
    response.headers_mut().insert(X_REQUEST_ID, value);
    response
}

/// The span of one request. It has the route's pattern, not the URL: tokens may stand in paths and queries.
pub(super) fn span<B>(request: &axum::http::Request<B>) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let request_id = request.extensions().get::<RequestId>().map(tracing::field::display);
    let (person, address) = (Empty, Empty); // known when the gate has looked
    tracing::info_span!("request", method = %request.method(), route, request_id, person, address)
}

pub(super) fn answered<B>(response: &axum::http::Response<B>, latency: Duration, _: &Span) {
    tracing::info!(status = response.status().as_u16(), ?latency, "answered");
}

/// Headers that every answer carries. The policy allows what comes from this host, and nothing inline.
///
/// The referrer policy isn't `no-referrer`: under it browsers send `Origin: null` with forms, and over plain HTTP no
/// `Sec-Fetch-Site` either, so that the check of origins would refuse our own forms.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
             connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
             microphone=(), midi=(), payment=(), usb=()",
        ),
    ),
];

/// Two years, for this host only. Hosts below it are not ours to decide about.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Sets the security headers, whatever the handler set; only `cache-control` is the handler's to choose.
pub(super) async fn secure(State(tls): State<bool>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.extend(SECURITY_HEADERS);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

/// Answers for a handler that panicked. The panic itself is already in the log, from the hook.
pub(super) fn panicked(_: Box<dyn Any + Send>) -> Response {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let mut response = status.into_response();
    response.extensions_mut().insert(Problem::from(status));
    response
}

/// Paths that are answered however busy the process is. They are cheap, and tell a busy process from a dead one.
pub(super) const NEVER_SHED: [&str; 7] =
    ["/livez", "/readyz", "/healthz", "/metrics", "/assets/", "/favicon.svg", "/robots.txt"];

/// How requests are handled: how many at a time, how long each may take, and which of them run on when their client has
/// left.
#[derive(Clone)]
pub(super) struct Handling {
    pub(super) slots: Arc<Semaphore>,
    pub(super) patience: Duration,
    pub(super) running: TaskTracker,
}

/// Refuses at once what would only wait: under too much load, quick answers for some are better than slow ones for nobody.
///
/// What changes something runs to its end, whether its client waits or not, since somebody would see it half done. It keeps
/// its slot until then. What only reads is dropped when its client leaves or when it takes too long.
pub(super) async fn handle(
    State(handling): State<Handling>,
    request: Request,
    next: Next,
) -> Result<Response, Error> {
    let Handling { slots, patience, running } = handling;
    if is_never_shed(request.uri().path()) {
        return wait(patience, next.run(request)).await;
    }
    let slot = slots.try_acquire_owned().map_err(|_all_taken| Error::Unavailable)?;
    if request.method().is_safe() {
        let answer = wait(patience, next.run(request)).await;
        drop(slot);
        return answer.or(Err(Error::TookTooLong));
    }
    let to_its_end = async move {
        let (mut answer, changed) = projections::noticing(next.run(request)).await;
        if changed {
            error::take_back(&mut answer);
        }
        drop(slot);
        answer
    };
    let here = Arc::new(());
    let to_its_end = CLIENT.scope(Arc::downgrade(&here), to_its_end).in_current_span();
    match wait(patience, running.spawn(to_its_end)).await? {
        Ok(answer) => Ok(answer),
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic), // into the layer that answers for it
            Err(_the_runtime_ended) => Err(Error::GaveUpWaiting),
        },
    }
}

async fn wait<T>(patience: Duration, answer: impl Future<Output = T>) -> Result<T, Error> {
    tokio::time::timeout(patience, answer).await.or(Err(Error::GaveUpWaiting))
}

fn is_never_shed(path: &str) -> bool {
    NEVER_SHED.iter().any(|&open| path == open || (open.ends_with('/') && path.starts_with(open)))
}

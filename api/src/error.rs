//! Why a request was refused, and how that is told: the table of statuses, as a page for people and as RFC 9457
//! `application/problem+json` for programs.
//!
//! **Invariant:** an answer says what its reader can act on. The cause of a fault goes to the log, once, under the
//! request id that the answer shows, and never into the answer.

mod words;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use self::words::{GAVE_UP_WAITING, OUTCOME_UNKNOWN, PART_DONE, TOOK_TOO_LONG, words};
use crate::server::RequestId;
use crate::sudo::Grave;
use crate::{paths, ui};

/// Why a request was refused. A text is what the reader sees: a whole sentence or two, in plain words.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    BadRequest(String),
    /// Nobody is signed in, and there is no page to send them to.
    #[error("sign in first")]
    Unauthorized,
    #[error("{0}")]
    Forbidden(String),
    /// The proof of who is asking is too old for what they are about to do, which is said here.
    #[error("confirm that it is you")]
    ProofNeeded(String),
    #[error("not found")]
    NotFound,
    /// The address is right, and what it asks about is not there.
    #[error("{0}")]
    NoSuch(String),
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The body came too slowly.
    #[error("request timeout")]
    RequestTimeout,
    #[error("{0}")]
    Conflict(String),
    #[error("too large")]
    TooLarge,
    #[error("unsupported media type")]
    UnsupportedMediaType,
    #[error("{0}")]
    Unprocessable(String),
    #[error("{detail}")]
    TooManyRequests { retry_after_seconds: u64, detail: String },
    /// What is asked for is there, and can't be shown or done before something else has happened.
    #[error("{detail}")]
    Later { title: &'static str, detail: String },
    /// What is stored can't be read.
    #[error("{0}")]
    Damaged(String),
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
    /// Too much to do right now; nothing was done.
    #[error("unavailable")]
    Unavailable,
    /// The store may have done it: its answer was lost.
    #[error("outcome unknown")]
    OutcomeUnknown,
    /// The log or the clock is not what it must be, so nothing was done.
    #[error("{0}")]
    NothingRecorded(String),
    /// The handler was given up half-way, so what was asked for may have happened.
    #[error("gave up waiting")]
    GaveUpWaiting,
    /// The same of what only reads.
    #[error("took too long")]
    TookTooLong,
}

/// What is told, carried from the handler to [`dress`] as an extension of an empty response.
#[derive(Clone, Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub title: &'static str,
    pub detail: String,
    cause: Option<Arc<anyhow::Error>>,
    /// It says that nothing was done, which holds only where nothing was done before it either.
    nothing_done: bool,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        use Error as E;
        match error {
            E::BadRequest(detail) => Self { detail, ..StatusCode::BAD_REQUEST.into() },
            E::Unauthorized => StatusCode::UNAUTHORIZED.into(),
            E::Forbidden(detail) => Self { detail, ..StatusCode::FORBIDDEN.into() },
            E::ProofNeeded(what) => Self {
                title: "Confirm that it is you",
                detail: format!("To {what}, sign in again: you last did too long ago. Nothing was done."),
                ..StatusCode::FORBIDDEN.into()
            },
            E::NotFound => StatusCode::NOT_FOUND.into(),
            E::NoSuch(detail) => Self { detail, ..StatusCode::NOT_FOUND.into() },
            E::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED.into(),
            E::RequestTimeout => StatusCode::REQUEST_TIMEOUT.into(),
            E::Conflict(detail) => Self { detail, ..StatusCode::CONFLICT.into() },
            E::TooLarge => StatusCode::PAYLOAD_TOO_LARGE.into(),
            E::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE.into(),
            E::Unprocessable(detail) => Self { detail, ..StatusCode::UNPROCESSABLE_ENTITY.into() },
            E::TooManyRequests { detail, .. } => Self { detail, ..StatusCode::TOO_MANY_REQUESTS.into() },
            E::Damaged(detail) => {
                Self { title: "The history is damaged", detail, ..StatusCode::CONFLICT.into() }
            }
            E::Later { title, detail } => Self { title, detail, ..StatusCode::SERVICE_UNAVAILABLE.into() },
            E::Internal(cause) => {
                Self { cause: Some(Arc::new(cause)), ..StatusCode::INTERNAL_SERVER_ERROR.into() }
            }
            E::Unavailable => Self { nothing_done: true, ..StatusCode::SERVICE_UNAVAILABLE.into() },
            E::OutcomeUnknown => Self {
                title: "We don't know whether this was done",
                detail: OUTCOME_UNKNOWN.to_owned(),
                ..StatusCode::SERVICE_UNAVAILABLE.into()
            },
            E::NothingRecorded(why) => Self {
                title: "Nothing can be changed at the moment",
                detail: format!("Nothing was done. {why}"),
                nothing_done: true,
                ..StatusCode::SERVICE_UNAVAILABLE.into()
            },
            E::TookTooLong => Self {
                title: "This takes too long",
                detail: TOOK_TOO_LONG.to_owned(),
                ..StatusCode::SERVICE_UNAVAILABLE.into()
            },
            E::GaveUpWaiting => {
                Self { detail: GAVE_UP_WAITING.to_owned(), ..StatusCode::SERVICE_UNAVAILABLE.into() }
            }
        }
    }
}

impl From<StatusCode> for Problem {
    fn from(status: StatusCode) -> Self {
        let (title, detail) = words(status);
        Self { status, title, detail: detail.to_owned(), cause: None, nothing_done: false }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let retry_after = match &self {
            Self::TooManyRequests { retry_after_seconds, .. } => {
                Some(HeaderValue::from(*retry_after_seconds))
            }
            Self::Unavailable | Self::OutcomeUnknown | Self::NothingRecorded(_) => {
                Some(UNAVAILABLE_RETRY_AFTER)
            }
            Self::GaveUpWaiting | Self::TookTooLong | Self::Later { .. } => Some(UNAVAILABLE_RETRY_AFTER),
            Self::BadRequest(_) | Self::Forbidden(_) | Self::ProofNeeded(_) | Self::NotFound => None,
            Self::Unauthorized | Self::NoSuch(_) | Self::MethodNotAllowed => None,
            Self::RequestTimeout | Self::Conflict(_) | Self::TooLarge | Self::UnsupportedMediaType => None,
            Self::Unprocessable(_) | Self::Damaged(_) | Self::Internal(_) => None,
        };
        let grave = if let Self::ProofNeeded(what) = &self { Some(Grave(what.clone())) } else { None };
        let problem = Problem::from(self);
        let mut response = problem.status.into_response();
        if let Some(grave) = grave {
            response.extensions_mut().insert(grave);
        }
        if let Some(value) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, value);
        }
        response.extensions_mut().insert(problem);
        response
    }
}

/// Takes back that nothing was done, in the answer to what had changed something before it failed.
pub fn take_back(answer: &mut Response) {
    let Some(problem) = answer.extensions_mut().get_mut::<Problem>() else { return };
    if std::mem::take(&mut problem.nothing_done) || problem.cause.is_some() {
        problem.title = "Only part of this was done";
        PART_DONE.clone_into(&mut problem.detail);
    }
}

/// Turns every refusal into a page or a problem document: those that carry a [`Problem`], and the bare ones that axum
/// and tower make themselves. An error whose handler wrote its own page (a form shown again) is left alone.
pub async fn dress(request: Request, next: Next) -> Response {
    let reader = Reader::of(&request);
    let response = next.run(request).await;
    match response.extensions().get::<Problem>().cloned().or_else(|| bare(&response)) {
        Some(problem) => reader.tell(&problem, response),
        None => response,
    }
}

/// Marks the plain text of an error as what its handler means to say, to a program that is no reader of pages.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

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

/// Who reads the answer, and what of the request it repeats.
struct Reader {
    program: bool,
    path: String,
    request_id: Option<String>,
}

impl Reader {
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

const UNAVAILABLE_RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// A 401 has to say how one signs in (RFC 9110, 15.5.2), and no registered scheme is ours: a session has a cookie.
const BY_COOKIE: HeaderValue = HeaderValue::from_static("Cookie realm=\"portal\"");

impl From<projections::StoreError> for Error {
    fn from(error: projections::StoreError) -> Self {
        if projections::is_in_doubt(&error) {
            tracing::warn!(%error, "the store gave no answer");
            Self::OutcomeUnknown
        } else if projections::is_away(&error) {
            tracing::warn!(%error, "the store is away");
            Self::Unavailable
        } else {
            Self::Internal(error.into())
        }
    }
}

impl From<projections::event_log::ReadError> for Error {
    fn from(error: projections::event_log::ReadError) -> Self {
        match error {
            projections::event_log::ReadError::Database(error) => error.into(),
            projections::event_log::ReadError::Unreadable(why) => why.into(),
            fault @ projections::event_log::ReadError::Gap { .. } => Self::Internal(fault.into()),
        }
    }
}

impl From<domain::Unreadable> for Error {
    fn from(why: domain::Unreadable) -> Self {
        if why.is_newer() { Self::newer("about this") } else { Self::damaged(&why) }
    }
}

impl Error {
    /// The same of what came after a password was set: that much was done.
    #[must_use]
    pub fn but_password_is_set(self) -> Self {
        let then = "Wait a few seconds, then sign in with the new password.";
        self.but("Your new password is set", then)
    }

    /// The same of what came after a code was taken, which is not taken twice.
    #[must_use]
    pub fn but_code_is_used(self) -> Self {
        self.but(
            "You are not signed in yet",
            "Your code was right and is used up. Wait a few seconds, then sign in with another one.",
        )
    }

    fn but(self, title: &'static str, then: &str) -> Self {
        match self {
            Self::Internal(cause) => tracing::error!("{cause:#}"),
            Self::Unavailable | Self::OutcomeUnknown | Self::NothingRecorded(_) => {}
            Self::BadRequest(_) | Self::Forbidden(_) | Self::ProofNeeded(_) | Self::NotFound => return self,
            Self::Unauthorized | Self::NoSuch(_) | Self::MethodNotAllowed => return self,
            Self::RequestTimeout | Self::Conflict(_) | Self::TooLarge | Self::UnsupportedMediaType => {
                return self;
            }
            Self::Unprocessable(_) | Self::TooManyRequests { .. } | Self::Later { .. } => return self,
            Self::Damaged(_) | Self::GaveUpWaiting | Self::TookTooLong => return self,
        }
        Self::Later { title, detail: format!("Signing you in did not work at this moment. {then}") }
    }

    /// What is stored about this is no event of ours.
    fn damaged(why: &domain::Unreadable) -> Self {
        tracing::error!(%why, "an event can't be read");
        Self::unreadable("about this")
    }

    /// An event `about` what is asked for is not what was written, or never was one of ours.
    pub fn unreadable(about: &str) -> Self {
        Self::Damaged(format!(
            "An event {about} can't be read, so nobody can say how it stands, and nothing was done. Whoever runs the portal \
             finds it with `portal verify`; docs/RECOVERY.md says what to do then."
        ))
    }

    /// A newer version wrote something `about` what is asked for, and this one can't read it.
    pub fn newer(about: &str) -> Self {
        let detail = format!(
            "A newer version of portal wrote {about}, which this version can't read. Use the newer one, or wait until \
             this one is upgraded. Nothing was done."
        );
        Self::Later { title: "Written by a newer version", detail }
    }
}

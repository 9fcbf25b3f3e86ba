//! Why a request was refused: the table of statuses, titles and sentences. What a reader is shown of it is made in
//! `reply.rs`.
//!
//! **Invariant:** an error says what its reader can act on. The cause of a fault is for the log alone.

mod words;

use std::sync::Arc;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use self::words::{GAVE_UP_WAITING, OUTCOME_UNKNOWN, PART_DONE, TOOK_TOO_LONG, words};

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
    /// The reader's last proof of who they are is too old for the act, which is named here.
    #[error("confirm that it is you")]
    ProofNeeded(String),
    #[error("not found")]
    NotFound,
    /// The address is right, but the thing that it asks about does not exist.
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
    /// The thing exists, but can't be shown or changed before something else has happened.
    #[error("{detail}")]
    Later { title: &'static str, detail: String },
    /// What is stored about the thing can't be read.
    #[error("{0}")]
    Damaged(String),
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
    /// There is too much to do right now, and nothing was done.
    #[error("unavailable")]
    Unavailable,
    /// The store's answer was lost, so it may have been done.
    #[error("outcome unknown")]
    OutcomeUnknown,
    /// The log or the clock is wrong, so nothing was done.
    #[error("{0}")]
    NothingRecorded(String),
    /// The handler was given up half-way, so what was asked for may have happened.
    #[error("gave up waiting")]
    GaveUpWaiting,
    /// The handler of a request that only reads was given up half-way.
    #[error("took too long")]
    TookTooLong,
}

/// The act that needs a proof ("suspend an organisation"), as an extension of the answer.
#[derive(Clone, Debug)]
pub struct ProofRequired(pub String);

/// The problem to report, as an extension of an empty response.
#[derive(Clone, Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub title: &'static str,
    pub detail: String,
    pub(crate) cause: Option<Arc<anyhow::Error>>,
    /// True if the text says that nothing was done. [`take_back`] corrects that where something was done before.
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
        let proof =
            if let Self::ProofNeeded(what) = &self { Some(ProofRequired(what.clone())) } else { None };
        let problem = Problem::from(self);
        let mut response = problem.status.into_response();
        if let Some(proof) = proof {
            response.extensions_mut().insert(proof);
        }
        if let Some(value) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, value);
        }
        response.extensions_mut().insert(problem);
        response
    }
}

/// Takes back the words that nothing was done, for a request that had changed something before it failed.
pub fn take_back(answer: &mut Response) {
    let Some(problem) = answer.extensions_mut().get_mut::<Problem>() else { return };
    if std::mem::take(&mut problem.nothing_done) || problem.cause.is_some() {
        problem.title = "Only part of this was done";
        PART_DONE.clone_into(&mut problem.detail);
    }
}

/// Marks the plain text of an error as meant for a program, so that no page replaces it.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

/// The time in seconds after which a client may try again.
pub(crate) const UNAVAILABLE_RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

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
            fault @ (projections::event_log::ReadError::Gap { .. }
            | projections::event_log::ReadError::Twice(_)) => Self::Internal(fault.into()),
        }
    }
}

impl From<domain::Unreadable> for Error {
    fn from(why: domain::Unreadable) -> Self {
        if why.is_newer() { Self::newer("about this") } else { Self::damaged(&why) }
    }
}

impl Error {
    /// Turns an error into one that says that the password was set before it.
    #[must_use]
    pub fn but_password_is_set(self) -> Self {
        let then = "Wait a few seconds, then sign in with the new password.";
        self.but("Your new password is set", then)
    }

    /// Turns an error into one that says that the code is used up, since a code is not taken twice.
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

    /// The error for stored data that is no event of ours.
    fn damaged(why: &domain::Unreadable) -> Self {
        tracing::error!(%why, "an event can't be read");
        Self::unreadable("about this")
    }

    /// The error for an event that was changed after it was written, or never was one of ours. `about` says what it
    /// concerns, as in "about this".
    pub fn unreadable(about: &str) -> Self {
        Self::Damaged(format!(
            "An event {about} can't be read, so nobody can say how it stands, and nothing was done. Whoever runs the portal \
             finds it with `portal verify`; docs/RECOVERY.md says what to do then."
        ))
    }

    /// The error for something that a newer version wrote and this one can't read. `about` says what it concerns, as in
    /// "about this".
    pub fn newer(about: &str) -> Self {
        let detail = format!(
            "A newer version of portal wrote {about}, which this version can't read. Use the newer one, or wait until \
             this one is upgraded. Nothing was done."
        );
        Self::Later { title: "Written by a newer version", detail }
    }
}

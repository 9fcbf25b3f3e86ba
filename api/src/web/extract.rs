//! What handlers take from a request: path, query, form and JSON, parsed into the handler's own types.
//!
//! **Invariant:** text that reaches a handler is UTF-8 without NUL, and a refusal is a sentence for its reader that
//! names fields, never Rust types. (axum's own extractors answer in plain text and do.)

use std::borrow::Cow;
use std::error::Error as StdError;

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tower_http::timeout::TimeoutError;

use crate::web::error::Error;

/// Parameters of the route. One that can't be parsed is an address where nothing is: 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

/// The query string; repeated fields become lists.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

/// A form as browsers send it, `application/x-www-form-urlencoded`; repeated fields become lists.
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

/// A form with nothing but a button: `Form(Nothing {})`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A JSON document, in a request or in an answer.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        readable_uri(&parts.uri)?;
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(parameters)) => Ok(Self(parameters)),
            Err(rejection) if is_our_mistake(&rejection) => Err(Error::Internal(rejection.into())),
            Err(_) => Err(Error::NotFound),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        readable_uri(&parts.uri)?;
        let query = parts.uri.query().unwrap_or_default();
        fields(query.as_bytes()).map(Self).map_err(Error::BadRequest)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        if !is_form(request.headers()) {
            return Err(Error::UnsupportedMediaType);
        }
        let body = body(request).await?;
        readable(&body, "form")?;
        fields(&body).map(Self).map_err(Error::Unprocessable)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let (parts, body) = whole(request).await?;
        json(&parts.headers, &body).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Middleware for the whole product. It refuses an address with broken UTF-8 or NUL before anybody reads it.
pub async fn refuse_unreadable(request: Request, next: Next) -> Result<Response, Error> {
    readable_uri(request.uri())?;
    Ok(next.run(request).await)
}

fn readable_uri(uri: &Uri) -> Result<(), Error> {
    readable(uri.path().as_bytes(), "address")?;
    readable(uri.query().unwrap_or_default().as_bytes(), "address")
}

/// Checks percent-encoded text. Postgres can't store NUL, so no store gets to see it.
pub(crate) fn readable(encoded: &[u8], place: &str) -> Result<(), Error> {
    let decoded = Cow::from(percent_encoding::percent_decode(encoded));
    if std::str::from_utf8(&decoded).is_err() {
        return Err(Error::BadRequest(format!(
            "The {place} contains bytes that are not text in UTF-8. Correct it and send it again."
        )));
    }
    if decoded.contains(&0) {
        return Err(nul(place));
    }
    Ok(())
}

fn nul(place: &str) -> Error {
    Error::BadRequest(format!("The {place} contains a NUL character. Remove it and send it again."))
}

/// True if a handler doesn't fit the parameters of its route. That is a fault of ours, not a wrong address.
fn is_our_mistake(rejection: &PathRejection) -> bool {
    let PathRejection::FailedToDeserializePathParams(failure) = rejection else { return true };
    matches!(failure.kind(), ErrorKind::WrongNumberOfParameters { .. } | ErrorKind::UnsupportedType { .. })
}

/// True if the body is a form from a browser.
pub fn is_form(headers: &HeaderMap) -> bool {
    content_type(headers) == "application/x-www-form-urlencoded"
}

/// The media type without its parameters, in lower case; empty if there is none.
fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The whole body, which the layers of the server keep short and quick. Nothing is decompressed.
async fn body(request: Request) -> Result<axum::body::Bytes, Error> {
    whole(request).await.map(|(_, body)| body)
}

/// Reads the whole body, and gives it with the head of the request.
pub async fn whole(request: Request) -> Result<(Parts, axum::body::Bytes), Error> {
    let (parts, body) = request.into_parts();
    if parts.headers.get_all(CONTENT_ENCODING).iter().any(|encoding| encoding != "identity") {
        return Err(Error::UnsupportedMediaType);
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.map_err(|failure| cut_short(&failure))?;
    Ok((parts, body))
}

/// The error for a body that a limit cut short.
pub(crate) fn cut_short(failure: &(dyn StdError + 'static)) -> Error {
    let mut cause = Some(failure);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return Error::TooLarge;
        }
        if error.is::<TimeoutError>() {
            return Error::RequestTimeout;
        }
        cause = error.source();
    }
    Error::BadRequest("The request ended before everything had arrived. Send it again.".to_owned())
}

/// The fields of a form or a query.
pub(crate) fn fields<T: DeserializeOwned>(encoded: &[u8]) -> Result<T, String> {
    let deserializer = serde_html_form::Deserializer::from_bytes(encoded);
    serde_path_to_error::deserialize(deserializer)
        .map_err(|failure| sentence(&failure.path().to_string(), &failure.inner().to_string()))
}

/// A JSON document with what its headers say of it.
pub(crate) fn json<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, Error> {
    let kind = content_type(headers);
    if kind != "application/json" && !(kind.starts_with("application/") && kind.ends_with("+json")) {
        return Err(Error::UnsupportedMediaType);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|failure| {
        let cause = failure.inner();
        if cause.is_data() {
            Error::Unprocessable(sentence(&failure.path().to_string(), &cause.to_string()))
        } else {
            broken_json(cause)
        }
    })?;
    deserializer.end().map_err(|failure| broken_json(&failure))?;
    if mentions_nul(bytes) && serde_json::from_slice(bytes).is_ok_and(|value| holds_nul(&value)) {
        return Err(nul("document"));
    }
    Ok(value)
}

fn broken_json(failure: &serde_json::Error) -> Error {
    let (line, column) = (failure.line(), failure.column());
    Error::BadRequest(format!(
        "The body is not valid JSON: look at line {line}, column {column}. Correct it and send it again."
    ))
}

/// True if the JSON may contain NUL. An escape that is itself escaped looks the same, so [`holds_nul`] decides.
fn mentions_nul(json: &[u8]) -> bool {
    json.windows(6).any(|six| six == br"\u0000")
}

fn holds_nul(value: &serde_json::Value) -> bool {
    use serde_json::Value as V;
    match value {
        V::String(text) => text.contains('\0'),
        V::Array(items) => items.iter().any(holds_nul),
        V::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        V::Null | V::Bool(_) | V::Number(_) => false,
    }
}

/// Serde's message in the reader's words. What serde and the standard library say by themselves is replaced, since it
/// names Rust types; what the product's own types say ("a name has 1 to 100 characters") is kept.
fn sentence(path: &str, message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    let subject = if path == "." { "The content".to_owned() } else { format!("The field “{path}”") };
    let quoted = |prefix| message.strip_prefix(prefix).and_then(|rest: &str| rest.split('`').next());
    if let Some(field) = quoted("missing field `") {
        return format!("The field “{field}” is missing.");
    }
    if let Some(field) = quoted("unknown field `") {
        return format!("The field “{field}” is not known here.");
    }
    if let Some(field) = quoted("duplicate field `") {
        return format!("The field “{field}” is there more than once.");
    }
    if message.starts_with("unknown variant `") {
        return match message.split_once(", expected ") {
            Some((_, choices)) => {
                format!("{subject} must be {}.", choices.replace("one of ", "one of: ").replace('`', ""))
            }
            None => format!("{subject} has a value that is not known here."),
        };
    }
    match BUILT_IN.iter().find(|(start, _)| message.starts_with(start)) {
        Some((_, instead)) => format!("{subject} {instead}."),
        None => format!("{subject}: {}.", message.trim_end_matches('.')),
    }
}

/// How messages begin that are not the product's own, and what is said instead.
const BUILT_IN: [(&str, &str); 13] = [
    ("unsupported value", "is there more than once"),
    ("invalid type", "has a value of the wrong kind"),
    ("invalid value", "has a value of the wrong kind"),
    ("invalid length", "has the wrong number of values"),
    ("data did not match", "has a value of the wrong kind"),
    ("no variant of", "has a value of the wrong kind"),
    ("invalid digit found in string", "must be a whole number"),
    ("cannot parse integer", "must be a whole number"),
    ("invalid float literal", "must be a number"),
    ("cannot parse float", "must be a number"),
    ("number too", "is out of range"),
    ("provided string was not", "must be true or false"),
    ("UUID parsing failed", "is not a valid id"),
];

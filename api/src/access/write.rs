//! A change that somebody asks for: their input, and the command that carries it out once, however often it is sent.
//!
//! | | in a form | in JSON, under `/api/` |
//! | --- | --- | --- |
//! | the input | its fields | the body |
//! | the id of the command | the hidden field `command_id` | `Idempotency-Key` |
//! | the sequence that they had seen | the hidden field `expected_sequence` | `If-Match: "7"`; without it, none |
//!
//! **Invariant:** a form that comes back has the same command id, so sending it again can't do anything twice.

use std::net::IpAddr;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use maud::Markup;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::app::App;
use crate::bus::Envelope;
use crate::clock;
use crate::identity::client::Client;
use crate::ui;
use crate::web::error::Error;
use crate::web::extract::{fields, is_form, json, readable, whole};
use crate::web::paths;

/// An input with the command that it is to become. A handler takes it as its last argument.
#[derive(Clone, Debug)]
pub struct Write<T> {
    pub input: T,
    /// Made with the form, or by whoever sends JSON. What the command makes has this id.
    pub command_id: Uuid,
    /// The sequence that its sender had seen of what is to be changed. Without it, the command holds for whatever stands there.
    pub expected_sequence: Option<i64>,
    address: Option<IpAddr>,
}

impl<T> Write<T> {
    /// A form that nobody has sent yet. `sequence` is that of what it is about, if that exists already.
    pub fn new(input: T, sequence: Option<i64>) -> Self {
        Self { input, command_id: clock::new_id(), expected_sequence: sequence, address: None }
    }

    /// The envelope of the command.
    pub fn envelope(&self) -> Envelope {
        let Self { command_id, expected_sequence, address, .. } = *self;
        Envelope { command_id, expected_sequence, address, ..Envelope::new() }
    }

    /// The hidden fields of the form.
    pub fn hidden(&self) -> Markup {
        ui::envelope(&self.command_id.to_string(), self.expected_sequence)
    }

    /// The same, by somebody who was shown what happened up to this sequence.
    #[must_use]
    pub fn having_seen(self, sequence: Option<i64>) -> Self {
        Self { expected_sequence: sequence.or(self.expected_sequence), ..self }
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Write<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let (mut parts, body) = whole(request).await?;
        let address = Client::from_request_parts(&mut parts, app).await?.address;
        let (Hidden { command_id, expected_sequence }, input) = if paths::is_api(parts.uri.path()) {
            (Hidden::of(&parts.headers)?, json(&parts.headers, &body)?)
        } else if is_form(&parts.headers) {
            form(&body)?
        } else {
            return Err(Error::UnsupportedMediaType);
        };
        Ok(Self { input, command_id, expected_sequence, address })
    }
}

/// The hidden fields of a form.
#[derive(Deserialize)]
struct Hidden {
    command_id: Uuid,
    expected_sequence: Option<i64>,
}

/// The names of the hidden fields.
const HIDDEN: [&str; 2] = ["command_id", "expected_sequence"];

/// Reads the hidden fields apart from the others, so that an input has none but its own.
fn form<T: DeserializeOwned>(body: &[u8]) -> Result<(Hidden, T), Error> {
    readable(body, "form")?;
    let all: Vec<(String, String)> = fields(body).map_err(Error::Unprocessable)?;
    let (hidden, own): (Vec<_>, Vec<_>) = all.into_iter().partition(|(name, _)| HIDDEN.contains(&&**name));
    Ok((again(&hidden)?, again(&own)?))
}

fn again<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, Error> {
    let encoded = serde_html_form::to_string(pairs).map_err(anyhow::Error::from)?;
    fields(encoded.as_bytes()).map_err(Error::Unprocessable)
}

impl Hidden {
    /// Reads the same from the headers of a request.
    fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
        let Some(key) = header(IDEMPOTENCY_KEY) else {
            return Err(Error::BadRequest(
                "The header Idempotency-Key is missing. Send a new UUID with each change, and the same one when you \
                 send the same change again."
                    .to_owned(),
            ));
        };
        let command_id = key
            .trim_matches('"')
            .parse()
            .or(Err(Error::BadRequest("The header Idempotency-Key must be a UUID.".to_owned())))?;
        let tag = header(IF_MATCH.as_str()).filter(|tag| *tag != "*");
        let expected_sequence = tag.map(|tag| sequence(tag).ok_or_else(bad_tag)).transpose()?;
        Ok(Self { command_id, expected_sequence })
    }
}

/// <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The sequence that an entity tag of something states.
fn sequence(tag: &str) -> Option<i64> {
    tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok().filter(|sequence| *sequence >= 0)
}

fn bad_tag() -> Error {
    Error::BadRequest(
        "The header If-Match must be the ETag that came with what is to be changed, like \"7\".".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq, Eq)]
    #[serde(deny_unknown_fields)]
    struct Names {
        #[serde(default)]
        name: Vec<String>,
    }

    const ID: &str = "0192f0c1-2345-7890-8abc-def012345678";

    fn said<T>(result: Result<T, Error>) -> String {
        match result {
            Ok(_) => "accepted".to_owned(),
            Err(Error::Unprocessable(said) | Error::BadRequest(said)) => said,
            Err(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn the_hidden_fields_of_a_form_are_no_input() {
        let body = format!("name=A%26B&command_id={ID}&name=%C3%9F+%2B&expected_sequence=7");
        let (hidden, names) = form::<Names>(body.as_bytes()).expect("a form");
        assert_eq!((hidden.command_id.to_string(), hidden.expected_sequence), (ID.to_owned(), Some(7)));
        assert_eq!(names, Names { name: vec!["A&B".to_owned(), "ß +".to_owned()] });
    }

    #[test]
    fn what_a_form_lacks_or_has_too_much_is_named() {
        for (body, told) in [
            ("name=A".to_owned(), "The field “command_id” is missing."),
            ("command_id=7".to_owned(), "The field “command_id” is not a valid id."),
            (format!("command_id={ID}&command_id={ID}"), "The field “command_id” is there more than once."),
            (
                format!("command_id={ID}&expected_sequence=x"),
                "The field “expected_sequence” must be a whole number.",
            ),
            (format!("command_id={ID}&colour=A"), "The field “colour” is not known here."),
            (
                format!("command_id={ID}&name=%00"),
                "The form contains a NUL character. Remove it and send it again.",
            ),
        ] {
            assert_eq!(said(form::<Names>(body.as_bytes())), told, "{body}");
        }
    }

    #[test]
    fn headers_say_what_a_form_has_in_hidden_fields() {
        let headers = |pairs: &[(&'static str, &str)]| -> HeaderMap {
            pairs
                .iter()
                .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
                .collect()
        };
        let sent = Hidden::of(&headers(&[(IDEMPOTENCY_KEY, ID), ("if-match", "\"7\"")])).expect("read");
        assert_eq!((sent.command_id.to_string(), sent.expected_sequence), (ID.to_owned(), Some(7)));
        for any in [vec![(IDEMPOTENCY_KEY, ID)], vec![(IDEMPOTENCY_KEY, ID), ("if-match", "*")]] {
            assert_eq!(Hidden::of(&headers(&any)).expect("read").expected_sequence, None);
        }
        for (pairs, told) in [
            (vec![], "Idempotency-Key is missing"),
            (vec![(IDEMPOTENCY_KEY, "7")], "must be a UUID"),
            (vec![(IDEMPOTENCY_KEY, ID), ("if-match", "7")], "If-Match must be the ETag"),
            (vec![(IDEMPOTENCY_KEY, ID), ("if-match", "W/\"7\"")], "If-Match must be the ETag"),
            (vec![(IDEMPOTENCY_KEY, ID), ("if-match", "\"-7\"")], "If-Match must be the ETag"),
        ] {
            let told_us = said(Hidden::of(&headers(&pairs)));
            assert!(told_us.contains(told), "{told_us}");
        }
    }
}

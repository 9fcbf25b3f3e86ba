//! The errors of a form, field by field.

use std::fmt::Display;
use std::str::FromStr;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Datelike, NaiveDateTime, Utc};
use maud::Markup;

use crate::ui::{Field, FieldKind};

/// Sentences beside fields; an empty field name stands for the form as a whole.
#[derive(Debug, Default)]
pub struct Errors(Vec<(&'static str, String)>);

impl Errors {
    pub fn one(field: &'static str, sentence: impl Display) -> Self {
        Self(vec![(field, sentence.to_string())])
    }

    pub fn add(&mut self, field: &'static str, sentence: impl Display) {
        self.0.push((field, sentence.to_string()));
    }

    /// Parses what was typed into a field, or notes why it can't be.
    pub fn parse<T: FromStr<Err: Display>>(&mut self, field: &'static str, typed: &str) -> Option<T> {
        typed.parse().map_err(|error| self.add(field, error)).ok()
    }

    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, sentence)| sentence.as_str())
    }

    /// All the errors as one text, for a reader who sees no form.
    pub fn sentences(&self) -> String {
        let told = self.0.iter().map(|(field, sentence)| match *field {
            "" => sentence.clone(),
            field => format!("{field}: {sentence}."),
        });
        told.collect::<Vec<_>>().join(" ")
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The list of errors on top of the form.
    pub fn summary(&self) -> Markup {
        crate::ui::error_summary(&self.0)
    }
}

/// Reads a date and a time in UTC, as browsers send it, as people type it, or as our pages show it.
pub fn utc(typed: &str) -> Option<DateTime<Utc>> {
    let typed = typed.trim();
    let typed = typed.strip_suffix(" UTC").unwrap_or(typed);
    let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"];
    let parse = |format| NaiveDateTime::parse_from_str(typed, format).ok();
    let moment = formats.into_iter().find_map(parse).filter(|at| (1970..=9999).contains(&at.year()));
    moment.map(|at| at.and_utc())
}

/// Shows the form again, with what was typed and the errors.
pub fn again(page: Markup) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

/// The field in which somebody chooses a password.
pub fn new_password(errors: &Errors) -> Field<'_> {
    Field::new("password", "Password")
        .kind(FieldKind::Password)
        .autocomplete("new-password")
        .help("At least 10 characters. A few unrelated words are easy to remember and hard to guess.")
        .error(errors.of("password"))
        .max(200)
}

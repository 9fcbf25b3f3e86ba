//! Parsed values: text that came from a person and cannot be wrong any more.
//!
//! **Invariant:** `parse` is the only way in from outside. Reading a stored event does not check again, so that
//! a rule made stricter later never makes history unreadable.

mod error;
mod reserved;
mod text;

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use error::ValueError;
use reserved::RESERVED;

/// Declares a UUID type that says what the id names.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// An organisation.
    OrgId
);
id!(
    /// Somebody. Names and addresses are kept outside the log, under this id, so that they can be erased.
    PersonId
);
id!(
    /// An invitation into one organisation.
    InvitationId
);
id!(
    /// A request for a platform role.
    RequestId
);

/// Declares a text type whose only constructor is a `FromStr` that checks it.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// What an organisation is called: 1–200 characters of any script, trimmed.
    OrgName
);
text!(
    /// An organisation's name in URLs: 3–40 of `a-z 0-9 -`, lower case, unique for ever.
    Slug
);
text!(
    /// Why a sensitive action was taken: 10–500 characters, shown in the history for ever.
    Reason
);
text!(
    /// An e-mail address in lower case, at most 254 characters (RFC 5321 §4.5.3.1.3).
    Email
);
text!(
    /// What a person is called: 1–100 characters of any script, trimmed.
    PersonName
);

text!(
    /// A resource type's name for programs: 2–64 of `a-z 0-9 _ .`, lower case, beginning with a letter, for ever.
    ResourceCode
);
text!(
    /// What a resource type is called: 1–100 characters of any script, trimmed.
    Label
);
text!(
    /// What a resource type is for: at most 500 characters; it may be empty.
    Description
);

text!(
    /// The name of a role that an organisation made itself: 2–40 characters of any script, in lower case. It never changes.
    RoleName
);

impl FromStr for OrgName {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        name(typed, 1..=200, ValueError::NameLength).map(Self)
    }
}

impl FromStr for Slug {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let slug = text::trimmed(typed).to_ascii_lowercase();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !slug.chars().all(allowed) || slug.starts_with('-') || slug.ends_with('-') {
            return Err(ValueError::SlugCharacters);
        }
        if !(3..=40).contains(&slug.len()) {
            return Err(ValueError::SlugLength);
        }
        if RESERVED.contains(&slug.as_str()) {
            return Err(ValueError::SlugReserved);
        }
        Ok(Self(slug))
    }
}

impl Slug {
    /// Makes a slug from a name of any script (`Ünï & Söhne` gives `uni-sohne`), if the name gives a valid one.
    pub fn propose(name: &str) -> Option<Self> {
        let ascii: String = slug::slugify(name).chars().take(40).collect();
        ascii.trim_matches('-').parse().ok()
    }
}

impl FromStr for Reason {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        lines(typed, 10..=500, ValueError::ReasonCharacters, ValueError::ReasonLength).map(Self)
    }
}

impl FromStr for ResourceCode {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let code = text::trimmed(typed).to_ascii_lowercase();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
        if !(2..=64).contains(&code.len()) {
            return Err(ValueError::CodeLength);
        }
        if ["new", "compare"].contains(&code.as_str()) {
            return Err(ValueError::CodeReserved);
        }
        let begins_well = code.starts_with(|c: char| c.is_ascii_lowercase());
        if begins_well && code.chars().all(allowed) {
            Ok(Self(code))
        } else {
            Err(ValueError::CodeCharacters)
        }
    }
}

impl FromStr for RoleName {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let words: Vec<&str> = typed.split_whitespace().collect();
        let name = name(&words.join(" ").to_lowercase(), 2..=40, ValueError::RoleNameLength)?;
        if matches!(name.as_str(), "owner" | "admin" | "member") {
            return Err(ValueError::RoleNameReserved);
        }
        Ok(Self(name))
    }
}

impl FromStr for Label {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        name(typed, 1..=100, ValueError::LabelLength).map(Self)
    }
}

impl FromStr for Description {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        lines(typed, 0..=500, ValueError::DescriptionCharacters, ValueError::DescriptionLength).map(Self)
    }
}

impl FromStr for Email {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let email = text::trimmed(typed).to_lowercase();
        let options = email_address::Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        email_address::EmailAddress::parse_with_options(&email, options)
            .ok()
            .filter(|_| email.len() <= 254 && !email.chars().any(|c| c.is_control() || text::is_invisible(c)))
            .map(|_| Self(email))
            .ok_or(ValueError::Email)
    }
}

impl FromStr for PersonName {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        name(typed, 1..=100, ValueError::PersonNameLength).map(Self)
    }
}

/// Cleans and checks a text of several lines.
fn lines(
    typed: &str,
    length: RangeInclusive<usize>,
    misleads: ValueError,
    wrong_length: ValueError,
) -> Result<String, ValueError> {
    let text = text::lines(typed).map_err(|text::Misleads| misleads)?;
    if text::has_length(&text, &length) { Ok(text) } else { Err(wrong_length) }
}

/// Cleans a name, then checks its length.
fn name(typed: &str, length: RangeInclusive<usize>, wrong_length: ValueError) -> Result<String, ValueError> {
    let name = text::line(typed).map_err(|text::Misleads| ValueError::NameCharacters)?;
    if text::has_length(&name, &length) { Ok(name) } else { Err(wrong_length) }
}

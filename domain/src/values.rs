//! Parsed values: text that came from a person and cannot be wrong any more.
//!
//! **Invariant:** `parse` is the only way in from outside. Reading a stored event does not check again, so that
//! a rule made stricter later never makes history unreadable.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A uuid that says what it names.
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

/// A text that `FromStr` checked.
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
    /// Why something grave was done: 10–500 characters, shown in the history for ever.
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
    /// What a resource type is for: at most 500 characters, perhaps none.
    Description
);

text!(
    /// A role that an organisation made itself: 2–40 characters of any script, in lower case, its name for ever.
    RoleName
);

/// Why a typed value was refused. The text is shown beside the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("give a name of 1 to 200 characters")]
    NameLength,
    #[error("a name can't contain line breaks, control characters or invisible direction marks")]
    NameCharacters,
    #[error("a slug has 3 to 40 characters")]
    SlugLength,
    #[error(
        "a slug has only the letters a–z, the digits 0–9 and hyphens, and starts and ends with a letter or digit"
    )]
    SlugCharacters,
    #[error("this slug is reserved; choose another")]
    SlugReserved,
    #[error("give a reason of 10 to 500 characters; it stays in the history")]
    ReasonLength,
    #[error("a reason can't contain control characters or invisible direction marks")]
    ReasonCharacters,
    #[error("this is not an e-mail address; it looks like name@example.com")]
    Email,
    #[error("give your name in 1 to 100 characters")]
    PersonNameLength,
    #[error("a code has 2 to 64 characters")]
    CodeLength,
    #[error("a code has only the letters a–z, digits, dots and underscores, and begins with a letter")]
    CodeCharacters,
    #[error("this code is reserved; choose another")]
    CodeReserved,
    #[error("give the role a name of 2 to 40 characters")]
    RoleNameLength,
    #[error("every organisation has a role with this name; choose another")]
    RoleNameReserved,
    #[error("give a label of 1 to 100 characters")]
    LabelLength,
    #[error("a description has at most 500 characters")]
    DescriptionLength,
    #[error("a description can't contain control characters or invisible direction marks")]
    DescriptionCharacters,
}

/// Words that are, or may become, part of a URL of this product or of a mail domain.
const RESERVED: &[&str] = &[
    "abuse",
    "account",
    "admin",
    "admins",
    "api",
    "app",
    "assets",
    "auth",
    "billing",
    "blog",
    "claims",
    "console",
    "dashboard",
    "default",
    "demo",
    "docs",
    "events",
    "help",
    "history",
    "home",
    "host",
    "hostmaster",
    "internal",
    "invitations",
    "livez",
    "localhost",
    "login",
    "logout",
    "mail",
    "me",
    "members",
    "metrics",
    "new",
    "null",
    "oauth",
    "operator",
    "org",
    "organisation",
    "organisations",
    "organization",
    "organizations",
    "orgs",
    "permissions",
    "platform",
    "portal",
    "postmaster",
    "readyz",
    "reference-data",
    "request",
    "request-access",
    "requests",
    "roles",
    "root",
    "security",
    "select",
    "settings",
    "setup",
    "sign-in",
    "signin",
    "sign-up",
    "signup",
    "static",
    "status",
    "superadmin",
    "superadmins",
    "support",
    "system",
    "undefined",
    "webhooks",
    "webmaster",
    "www",
];

impl FromStr for OrgName {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let name = typed.trim();
        check_name(name, 200, ValueError::NameLength)?;
        Ok(Self(name.to_owned()))
    }
}

impl FromStr for Slug {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let slug = typed.trim().to_ascii_lowercase();
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
    /// A slug made from a name of any script (`Ünï & Söhne` gives `uni-sohne`), where one can be made.
    pub fn propose(name: &str) -> Option<Self> {
        let ascii: String = slug::slugify(name).chars().take(40).collect();
        ascii.trim_matches('-').parse().ok()
    }
}

impl FromStr for Reason {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let reason = lines(typed, ValueError::ReasonCharacters)?;
        check_length(&reason, 10..=500, ValueError::ReasonLength)?;
        Ok(Self(reason))
    }
}

impl FromStr for ResourceCode {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let code = typed.trim().to_ascii_lowercase();
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
        let name = words.join(" ").to_lowercase();
        check_length(&name, 2..=40, ValueError::RoleNameLength)?;
        check_name(&name, 40, ValueError::RoleNameLength)?;
        if matches!(name.as_str(), "owner" | "admin" | "member") {
            return Err(ValueError::RoleNameReserved);
        }
        Ok(Self(name))
    }
}

impl FromStr for Label {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let label = typed.trim();
        check_name(label, 100, ValueError::LabelLength)?;
        Ok(Self(label.to_owned()))
    }
}

impl FromStr for Description {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let description = lines(typed, ValueError::DescriptionCharacters)?;
        check_length(&description, 0..=500, ValueError::DescriptionLength)?;
        Ok(Self(description))
    }
}

impl FromStr for Email {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let email = typed.trim().to_lowercase();
        let options = email_address::Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        email_address::EmailAddress::parse_with_options(&email, options)
            .ok()
            .filter(|_| email.len() <= 254 && !email.chars().any(char::is_control))
            .map(|_| Self(email))
            .ok_or(ValueError::Email)
    }
}

impl FromStr for PersonName {
    type Err = ValueError;

    fn from_str(typed: &str) -> Result<Self, ValueError> {
        let name = typed.trim();
        check_name(name, 100, ValueError::PersonNameLength)?;
        Ok(Self(name.to_owned()))
    }
}

/// Text of several lines, trimmed, that nobody is misled by.
fn lines(typed: &str, misleading: ValueError) -> Result<String, ValueError> {
    let text = typed.replace("\r\n", "\n");
    let line_break = |c| matches!(c, '\n' | '\u{2028}' | '\u{2029}');
    if text.trim().chars().any(|c| misleads(c) && !line_break(c)) {
        return Err(misleading);
    }
    Ok(text.trim().to_owned())
}

fn check_name(name: &str, longest: usize, wrong_length: ValueError) -> Result<(), ValueError> {
    check_length(name, 1..=longest, wrong_length)?;
    if name.chars().any(misleads) { Err(ValueError::NameCharacters) } else { Ok(()) }
}

/// At least so many characters that can be seen, with the spaces between them; at most so many altogether.
fn check_length(text: &str, length: RangeInclusive<usize>, wrong: ValueError) -> Result<(), ValueError> {
    let shown = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
    let seen = shown.chars().filter(|c| !is_invisible(*c)).count();
    if seen < *length.start() || text.chars().count() > *length.end() { Err(wrong) } else { Ok(()) }
}

/// Control characters, line breaks, and marks that can make a text read as another one (Unicode UAX #9, explicit
/// directional formatting).
fn misleads(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that leave no mark on the page: Unicode's `Default_Ignorable_Code_Point`, and the empty Braille cell.
/// Allowed beside others, for many scripts and emoji need them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

//! Pieces of the sentence that tells an event to people: "suspended Acme: unpaid invoice".

use crate::values::{OrgId, PersonId, ResourceCode};

/// A piece of a sentence. Names are not in the log, so whoever shows it looks them up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Org(OrgId),
    /// An organisation by the name that it was given then, which may not be today's.
    Called(OrgId, String),
    Person(PersonId),
    /// A resource type, by the code that is its name for ever.
    ResourceType(ResourceCode),
}

pub(crate) fn text(text: impl Into<String>) -> Part {
    Part::Text(text.into())
}

//! Which events are wanted, and where the index stands that finds them.
//!
//! **Invariant:** every condition that can be asked for is either the beginning of an index that ends in the position,
//! or is compared with rows that such an index gives.

use domain::event::EVENT_TYPES;
use uuid::Uuid;

use crate::timestamp::Timestamp;

/// What to show. Empty means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Done by one of these, as the log names them: `person:<id>`, `shell`, `setup`, `timer`.
    pub actors: Option<Vec<String>>,
    /// Of one of these types.
    pub types: Option<Vec<&'static str>>,
    /// About this organisation.
    pub org: Option<Uuid>,
    /// About this, where it is no organisation: a person with grants, a resource type.
    pub stream: Option<String>,
    /// Of this request, job or chain of cause.
    pub correlation: Option<Uuid>,
    pub only: Option<Only>,
    /// A part of what was typed into it.
    pub text: Option<String>,
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

/// Events that undo others, or were undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    Reverts,
    Reverted,
}

/// Types of events by the type of what they are about, and by how their names begin; either may be empty.
pub fn types(kind: &str, prefix: &str) -> Vec<&'static str> {
    let of_kind = EVENT_TYPES.iter().filter(|(aggregate, _)| kind.is_empty() || *aggregate == kind);
    let names = of_kind.flat_map(|(_, events)| events.iter().map(|(name, _)| *name));
    let begins =
        |name: &&str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    names.filter(begins).collect()
}

/// An index that gives positions in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source<'a> {
    All,
    Stream(&'a str),
    Correlation(Uuid),
    Org(Uuid),
    Actor(&'a str),
    Type(&'a str),
    Reverting,
    Reverted,
}

impl Filter {
    /// Every way to what is wanted, each of one index or of several that are merged; those that mostly give least first.
    pub(super) fn ways(&self) -> Vec<Vec<Source<'_>>> {
        let mut ways = vec![];
        ways.extend(self.correlation.map(|id| vec![Source::Correlation(id)]));
        ways.extend(self.stream.as_deref().map(|stream| vec![Source::Stream(stream)]));
        ways.extend(self.only.map(|only| match only {
            Only::Reverts => vec![Source::Reverting],
            Only::Reverted => vec![Source::Reverted],
        }));
        ways.extend(self.org.map(|org| vec![Source::Org(org)]));
        ways.extend(
            self.actors.as_ref().map(|actors| actors.iter().map(|actor| Source::Actor(actor)).collect()),
        );
        ways.extend(self.types.as_ref().map(|types| types.iter().map(|it| Source::Type(it)).collect()));
        ways
    }

    /// Whether nothing is left to compare once one of the ways is taken.
    pub(super) fn is_one_way(&self) -> bool {
        self.text.is_none() && self.ways().len() <= 1
    }

    /// Whether everything is wanted, of whatever time.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_by_kind_and_by_how_they_begin() {
        assert_eq!(types("", "orgS"), ["OrgSlugChanged", "OrgSuspended", "OrgSuspensionConfirmed"]);
        assert_eq!(types("grant", "Auditor").len(), 4);
        assert!(types("grant", "Org").is_empty());
        assert!(types("", "Ünï").is_empty());
    }
}

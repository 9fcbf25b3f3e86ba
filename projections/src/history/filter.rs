//! The events that are wanted, and the indexes that find them.
//!
//! **Invariant:** every condition that can be asked for is either the beginning of an index that ends in the position,
//! or is compared with rows that such an index gives.

use domain::event::EVENT_TYPES;
use uuid::Uuid;

use crate::timestamp::Timestamp;

/// What to show. Empty means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Only events by one of these actors, as the log writes them: `person:<id>`, `shell`, `setup`, `timer`.
    pub actors: Option<Vec<String>>,
    /// Only events of one of these types.
    pub types: Option<Vec<&'static str>>,
    /// Only events about this organisation.
    pub org: Option<Uuid>,
    /// Only events about this aggregate, if it is not an organisation: a person with grants, or a resource type.
    pub stream: Option<String>,
    /// Only events of this correlation: one request, job or chain of causes.
    pub correlation: Option<Uuid>,
    pub only: Option<Only>,
    /// Only events that contain this text among what was typed into them.
    pub text: Option<String>,
    /// Only events recorded at or after this moment.
    pub from: Option<Timestamp>,
    /// Only events recorded before this moment.
    pub to: Option<Timestamp>,
}

/// Events that undo others, or were undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    Reverts,
    Reverted,
}

/// The event types of one aggregate type whose names begin with a prefix; either may be empty, which means any.
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

impl HistoryFilter {
    /// Every way to find the wanted events: by one index, or by several that are merged. Usually the best one is first.
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

    /// Says whether the index alone decides, with nothing left to compare in its rows.
    pub(super) fn is_one_way(&self) -> bool {
        self.text.is_none() && self.ways().len() <= 1
    }

    /// Says whether the filter lets everything pass.
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

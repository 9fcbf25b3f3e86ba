//! Which organisations have a type: by its policy, and by what each chose for itself.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The policy of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RolloutPolicy {
    /// Every organisation, from this moment on.
    Everywhere,
    /// Organisations that are created after this was decided.
    NewOnly,
    /// Organisations that choose it.
    OptIn,
}

/// What one organisation chose, whatever the policy says now or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceChoice {
    OptedIn,
    OptedOut,
}

/// The text names no known policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("choose everywhere, new organisations only, or opt-in")]
pub struct UnknownSpread;

impl RolloutPolicy {
    pub const ALL: [Self; 3] = [Self::Everywhere, Self::NewOnly, Self::OptIn];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::NewOnly => "new_only",
            Self::OptIn => "opt_in",
        }
    }

    /// Says whether an organisation has the type. `created` and `decided` are positions in the log: of the organisation's
    /// first event, and of the event that gave the type this policy.
    pub fn reaches(self, created: i64, decided: i64, choice: Option<ResourceChoice>) -> bool {
        match (choice, self) {
            (Some(ResourceChoice::OptedIn), _) | (None, Self::Everywhere) => true,
            (Some(ResourceChoice::OptedOut), _) | (None, Self::OptIn) => false,
            (None, Self::NewOnly) => created > decided,
        }
    }
}

impl FromStr for RolloutPolicy {
    type Err = UnknownSpread;

    fn from_str(text: &str) -> Result<Self, UnknownSpread> {
        Self::ALL.into_iter().find(|spread| spread.as_str() == text).ok_or(UnknownSpread)
    }
}

/// The text names no known choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("choose in or out")]
pub struct UnknownChoice;

impl FromStr for ResourceChoice {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        [Self::OptedIn, Self::OptedOut]
            .into_iter()
            .find(|choice| choice.as_str() == text)
            .ok_or(UnknownChoice)
    }
}

impl ResourceChoice {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OptedIn => "opted_in",
            Self::OptedOut => "opted_out",
        }
    }
}

//! The actions that are possible with things of a type: at least one of five verbs.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A verb. The variants stand in the order in which people read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Create,
    List,
    Read,
    Update,
    Delete,
}

/// Verbs, each once, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actions(BTreeSet<Action>);

/// The text names no known verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an action is one of create, list, read, update and delete")]
pub struct UnknownAction;

impl Action {
    pub const ALL: [Self; 5] = [Self::Create, Self::List, Self::Read, Self::Update, Self::Delete];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::List => "list",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or(UnknownAction)
    }
}

impl Actions {
    /// Returns nothing if there are no actions: a type with which nothing can be done is a mistake.
    pub fn of(actions: impl IntoIterator<Item = Action>) -> Option<Self> {
        let actions: BTreeSet<Action> = actions.into_iter().collect();
        (!actions.is_empty()).then_some(Self(actions))
    }

    pub fn contains(&self, action: Action) -> bool {
        self.0.contains(&action)
    }

    pub fn iter(&self) -> impl Iterator<Item = Action> {
        self.0.iter().copied()
    }
}

/// Lists the verbs with commas between them, as in "create, list, read".
impl fmt::Display for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verbs: Vec<&str> = self.iter().map(Action::as_str).collect();
        f.write_str(&verbs.join(", "))
    }
}

//! The changes to a resource type, and what each page says beforehand.

use std::fmt;

use serde::Deserialize;

/// What can be changed, as it stands in the URL.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ResourceTypeChange {
    Label,
    Description,
    Actions,
    Spread,
    Deactivation,
    Reactivation,
}

impl fmt::Display for ResourceTypeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Label => "label",
            Self::Description => "description",
            Self::Actions => "actions",
            Self::Spread => "spread",
            Self::Deactivation => "deactivation",
            Self::Reactivation => "reactivation",
        })
    }
}

impl ResourceTypeChange {
    /// The title before the label, and the label of the button.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Label => "Change the label of",
            Self::Description => "Change the description of",
            Self::Actions => "Change the actions of",
            Self::Spread => "Change the spread of",
            Self::Deactivation => "Deactivate",
            Self::Reactivation => "Reactivate",
        }
    }

    /// Says what will happen, before the operator does it.
    pub(super) fn consequence(self) -> &'static str {
        match self {
            Self::Label => "Everybody sees the new label at once. The code, which programs use, stays.",
            Self::Description => "Everybody sees the new description at once.",
            Self::Actions => "An action that is taken away can't be done any more, whoever was allowed to.",
            Self::Spread => {
                "One event, whatever the number of organisations. What one chose for itself stays."
            }
            Self::Deactivation => {
                "No organisation has it any more, from its next request on. Nothing is deleted."
            }
            Self::Reactivation => "Organisations have it again as before.",
        }
    }
}

//! The actions on one organisation: their names in URLs and on buttons, and what each will do.

use std::fmt;

use serde::Deserialize;

/// What can be done to an organisation, as it stands in the URL.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OrgAction {
    Name,
    Slug,
    Suspension,
    Confirmation,
    Reinstatement,
    Archive,
    Restoration,
    Protection,
    Unprotection,
    Invitations,
}

impl fmt::Display for OrgAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Slug => "slug",
            Self::Suspension => "suspension",
            Self::Confirmation => "confirmation",
            Self::Reinstatement => "reinstatement",
            Self::Archive => "archive",
            Self::Restoration => "restoration",
            Self::Protection => "protection",
            Self::Unprotection => "unprotection",
            Self::Invitations => "invitations",
        })
    }
}

impl OrgAction {
    /// The title before the organisation's name, and the label of the button.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Name => "Rename",
            Self::Slug => "Change the slug of",
            Self::Suspension => "Suspend",
            Self::Confirmation => "Confirm the suspension of",
            Self::Reinstatement => "Reinstate",
            Self::Archive => "Archive",
            Self::Restoration => "Restore",
            Self::Protection => "Protect",
            Self::Unprotection => "Lift the protection of",
            Self::Invitations => "Invite somebody to",
        }
    }

    /// Says what will happen, before the operator does it.
    pub fn consequence(self) -> &'static str {
        match self {
            Self::Name => "Everybody sees the new name at once. The slug, and so every address, stays.",
            Self::Slug => "Addresses with the old slug redirect to the new one, for ever.",
            Self::Suspension => {
                "From their next request on, members get a page with your reason. Nothing is lost."
            }
            Self::Confirmation => {
                "The timer stops, and the organisation stays suspended until somebody reinstates it."
            }
            Self::Reinstatement => "From their next request on, members can work again.",
            Self::Archive => {
                "The organisation is gone for its members and out of the list. It can be restored whole."
            }
            Self::Restoration => "The organisation comes back as it was, suspended if it was.",
            Self::Protection => {
                "Suspending and archiving will ask for the slug, and a suspension will end by itself after a quarter of \
                 an hour unless it is confirmed. So nobody does it by accident."
            }
            Self::Unprotection => {
                "Suspending and archiving will no longer ask for the slug, and a suspension will not end by itself."
            }
            Self::Invitations => "You get a link to pass on. It works once, for 7 days.",
        }
    }

    /// True for actions that keep people out. Their forms show the effect in numbers first.
    pub fn is_dangerous(self) -> bool {
        matches!(self, Self::Suspension | Self::Confirmation | Self::Archive)
    }
}

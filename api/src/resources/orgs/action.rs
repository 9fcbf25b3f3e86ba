//! What can be done to one organisation: how it is called in URLs and on buttons, and what will happen.

use std::fmt;

use serde::Deserialize;

/// What can be done to an organisation, as it stands in the URL.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Action {
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

impl fmt::Display for Action {
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

impl Action {
    /// The title before the organisation's name; also what the button says.
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

    /// What will happen, before anybody does it.
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
                "Suspending and archiving will want the slug typed, and a suspension will end by itself after a quarter of \
                 an hour unless it is confirmed. So nobody does it by accident."
            }
            Self::Unprotection => {
                "Suspending and archiving won't want the slug typed any more, and no suspension ends by itself."
            }
            Self::Invitations => "You get a link to pass on. It works once, for 7 days.",
        }
    }

    /// Whether it keeps people out, so that its effect is shown in numbers first.
    pub fn is_dangerous(self) -> bool {
        matches!(self, Self::Suspension | Self::Confirmation | Self::Archive)
    }
}

//! The person who looks at a page.

/// The person who looks at the page.
pub struct Viewer<'a> {
    pub name: &'a str,
    pub email: &'a str,
    /// True if they may open the operator's console.
    pub operator: bool,
    /// The organisations in the switcher, at most eight. It always has a link to all of them.
    pub organisations: &'a [OrgChoice],
}

/// An organisation that somebody may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgChoice {
    pub slug: String,
    pub name: String,
}

//! Who looks at a page.

/// Who looks at the page.
pub struct Viewer<'a> {
    pub name: &'a str,
    pub email: &'a str,
    /// May open the operator's console.
    pub operator: bool,
    /// For the switcher, at most eight; there is always a way to all of them.
    pub organisations: &'a [Choice],
}

/// An organisation that somebody may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub slug: String,
    pub name: String,
}

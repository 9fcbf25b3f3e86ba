//! Why a typed value was refused.
//!
//! **Invariant:** each text says what is wanted, to whoever typed something else.

/// Why a typed value was refused. The text is shown beside the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("give a name of 1 to 200 characters")]
    NameLength,
    #[error("a name can't contain line breaks, control characters or invisible direction marks")]
    NameCharacters,
    #[error("a slug has 3 to 40 characters")]
    SlugLength,
    #[error(
        "a slug has only the letters a–z, the digits 0–9 and hyphens, and starts and ends with a letter or digit"
    )]
    SlugCharacters,
    #[error("this slug is reserved; choose another")]
    SlugReserved,
    #[error("give a reason of 10 to 500 characters; it stays in the history")]
    ReasonLength,
    #[error("a reason can't contain control characters or invisible direction marks")]
    ReasonCharacters,
    #[error("this is not an e-mail address; it looks like name@example.com")]
    Email,
    #[error("give your name in 1 to 100 characters")]
    PersonNameLength,
    #[error("a code has 2 to 64 characters")]
    CodeLength,
    #[error("a code has only the letters a–z, digits, dots and underscores, and begins with a letter")]
    CodeCharacters,
    #[error("this code is reserved; choose another")]
    CodeReserved,
    #[error("give the role a name of 2 to 40 characters")]
    RoleNameLength,
    #[error("every organisation has a role with this name; choose another")]
    RoleNameReserved,
    #[error("give a label of 1 to 100 characters")]
    LabelLength,
    #[error("a description has at most 500 characters")]
    DescriptionLength,
    #[error("a description can't contain control characters or invisible direction marks")]
    DescriptionCharacters,
}

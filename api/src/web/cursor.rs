//! A place in a list, as it stands in a URL: behind or before the row with this id and this sort key.
//!
//! **Invariant:** whoever reads a list page by page skips nothing and sees nothing twice, whatever is added meanwhile.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// The row that a page begins behind, or ends before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub id: Uuid,
    /// The value that the list is sorted by, as text.
    pub key: String,
}

/// The id comes first, since a key may contain anything.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.id, self.key)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This page's place in the list can't be read. Start from the first page.")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (id, key) = text.split_at_checked(ID).ok_or(NoCursor)?;
        Ok(Self { id: id.parse().or(Err(NoCursor))?, key: key.to_owned() })
    }
}

/// The length of an id as text.
const ID: usize = 36;

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_as_it_was_written() {
        for key in ["", "acme ltd", "1", "&?=\u{df}"] {
            let cursor = Cursor { id: Uuid::from_u128(7), key: key.to_owned() };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for text in ["", "acme", "00000000-0000-0000-0000-00000000000\u{df}x", &"x".repeat(ID)] {
            assert_eq!(text.parse::<Cursor>(), Err(NoCursor), "{text}");
        }
    }
}

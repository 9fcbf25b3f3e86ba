//! The ticked organisations, as addresses and forms name them: `org=<id>` for each, or `org=<id>:<sequence>` with the
//! sequence that a page saw.

use std::fmt;
use std::str::FromStr;

use domain::values::OrgId;

use crate::layout::form::Errors;

/// The most organisations in one order.
pub(super) const MOST: usize = 100;

/// An organisation that was ticked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) org: OrgId,
    /// The sequence at which the page saw it, if a page did.
    pub(super) sequence: Option<i64>,
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sequence {
            Some(sequence) => write!(f, "{}:{sequence}", self.org),
            None => write!(f, "{}", self.org),
        }
    }
}

impl FromStr for Selection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (id, sequence) = text.split_once(':').map_or((text, None), |(id, rest)| (id, Some(rest)));
        let read = || {
            let sequence = sequence.map(str::parse).transpose().ok()?;
            Some(Self { org: OrgId(id.trim().parse().ok()?), sequence })
        };
        let shown: String = text.chars().take(40).collect();
        read().ok_or_else(|| format!("“{shown}” is no id of an organisation"))
    }
}

/// Reads the organisations in the order in which they were named, each once, and notes what is wrong.
pub(super) fn read(named: &[String], errors: &mut Errors) -> Vec<Selection> {
    if named.len() > MOST {
        let number = named.len();
        errors.add("", format!("at most {MOST} organisations at once, and these are {number}; select fewer"));
        return vec![];
    }
    let mut ticked: Vec<Selection> = vec![];
    for text in named {
        match text.parse::<Selection>() {
            Ok(it) if ticked.iter().any(|other| other.org == it.org) => {
                errors.add("", format!("the organisation {} was named twice; it counts once", it.org));
            }
            Ok(it) => ticked.push(it),
            Err(why) => errors.add("", why),
        }
    }
    ticked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_ticked_reads_as_it_is_written() {
        let id = "01a12eea-1f6e-74d4-b96f-58da6d4a8512";
        for text in [id.to_owned(), format!("{id}:7")] {
            assert_eq!(text.parse::<Selection>().expect("an organisation").to_string(), text);
        }
        for nonsense in ["", "acme", ":7", &format!("{id}:"), &format!("{id}:x"), &format!("{id}:1:2")] {
            assert!(nonsense.parse::<Selection>().is_err(), "{nonsense:?}");
        }
    }

    #[test]
    fn what_was_named_twice_counts_once_and_too_many_are_none() {
        let (id, mut errors) = ("01a12eea-1f6e-74d4-b96f-58da6d4a8512".to_owned(), Errors::default());
        assert_eq!(read(&[id.clone(), id.clone()], &mut errors).len(), 1);
        assert!(errors.sentences().contains("twice"));
        assert_eq!(read(&vec![id; 101], &mut errors), []);
        assert!(errors.sentences().contains("these are 101"));
    }
}

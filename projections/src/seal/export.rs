//! Whether an exported file is what was signed: every hash anew, the root, and no database.
//!
//! **Invariant:** nothing in a line is believed, its own hash least of all; and a file of any length takes the same
//! memory.

use std::borrow::Cow;
use std::io::{self, BufRead};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::attested::Comparison;
use super::manifest;
use super::{Checkpoint, Hash, PublicKey, Signed};
use crate::event_log::{Leaf, leaf_hash};
use crate::projector::Finding;
use crate::transfer::moment;

/// A line of an event, not copied. A field more would be one that nothing proves.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLine<'a> {
    pub(super) position: i64,
    #[serde(borrow)]
    recorded_at: Cow<'a, str>,
    #[serde(borrow)]
    aggregate_type: Cow<'a, str>,
    #[serde(borrow)]
    aggregate_id: Cow<'a, str>,
    sequence: i64,
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    event_version: Cow<'a, str>,
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow)]
    metadata: &'a RawValue,
    #[serde(borrow)]
    leaf_hash: Cow<'a, str>,
}

/// A line of a person, whom the tree knows nothing of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonLine {
    #[serde(rename = "person_id")]
    _id: serde::de::IgnoredAny,
    #[serde(rename = "email")]
    _email: serde::de::IgnoredAny,
    #[serde(rename = "name")]
    _name: Option<serde::de::IgnoredAny>,
}

/// What was checked, and what is not as it must be.
#[derive(Debug, Default)]
pub struct Report {
    pub events: i64,
    pub people: i64,
    /// So many of the events were signed and are what was signed.
    pub sealed: i64,
    /// The first ones; there may be as many as events.
    pub findings: Vec<Finding>,
    pub number_of_findings: usize,
}

/// Findings that are told one by one.
pub(super) const TOLD: usize = 20;

/// What is said of an event that does not fit the hash beside it.
pub(super) const CHANGED: &str = "was changed: its hash is not the hash of what stands there";

impl Report {
    fn add(&mut self, finding: Finding) {
        self.number_of_findings += 1;
        if self.findings.len() < TOLD {
            self.findings.push(finding);
        }
    }
}

/// The checkpoints of a file that a key signed. An error says why there are none to believe.
pub fn signed(file: impl BufRead, key: &PublicKey) -> io::Result<Result<Vec<Signed>, String>> {
    let (mut signed, mut forged) = (vec![], None);
    Signed::each(file, |note| match key.signed(&note) {
        Some(true) => signed.push(note),
        Some(false) => forged = Some(note.checkpoint.size),
        None => {}
    })?;
    let origin = key.origin();
    Ok(match forged {
        Some(size) => Err(format!(
            "the checkpoint of {size} events was changed: the signature of {origin} does not fit"
        )),
        None if signed.is_empty() => Err(format!("no checkpoint here is signed by {origin}")),
        None => Ok(signed),
    })
}

/// Reads a file to its end, or to where it is no log any more.
pub fn check(mut file: impl BufRead, checkpoints: Vec<Checkpoint>) -> io::Result<Report> {
    let (mut report, mut comparison) = (Report::default(), Comparison::new(checkpoints));
    let (mut line, mut number, mut has_ended) = (vec![], 0_u64, false);
    while file.read_until(b'\n', &mut line)? > 0 {
        number += 1;
        let next = report.events + 1;
        match read(&line, next) {
            _ if line.trim_ascii().is_empty() => {}
            Ok(Line::Event(..) | Line::Person) if has_ended => {
                let what = format!("line {number} stands behind the end of the export");
                report.add(Finding::Event { position: next, what });
                break;
            }
            Ok(Line::Event(leaf, is_intact)) => {
                report.events = next;
                comparison.take(leaf);
                if !is_intact {
                    report.add(Finding::Event { position: next, what: CHANGED.to_owned() });
                }
            }
            Ok(Line::Person) => report.people += 1,
            Ok(Line::End) => has_ended = true,
            Err(why) => {
                let what = format!("does not stand in line {number}, where it must: {why}");
                report.add(Finding::Event { position: next, what });
                break;
            }
        }
        line.clear();
    }
    report.sealed = comparison.agreed();
    comparison.finding().into_iter().for_each(|finding| report.add(finding));
    Ok(report)
}

enum Line {
    /// Its leaf, and whether the hash beside it is the same.
    Event(Hash, bool),
    Person,
    /// What ends an export that was made in the portal. It says nothing of events that no checkpoint says better.
    End,
}

fn read(line: &[u8], position: i64) -> Result<Line, String> {
    let event: EventLine = match serde_json::from_slice(line) {
        Ok(event) => event,
        Err(_) if serde_json::from_slice::<PersonLine>(line).is_ok() => return Ok(Line::Person),
        Err(_) if manifest::is_end(line) => return Ok(Line::End),
        Err(why) => return Err(why.to_string()),
    };
    if event.position != position {
        return Err(format!("#{} does", event.position));
    }
    let (leaf, is_intact) = event.leaf()?;
    Ok(Line::Event(leaf, is_intact))
}

impl EventLine<'_> {
    /// Its leaf, computed anew, and whether the hash beside it is the same.
    pub(super) fn leaf(&self) -> Result<(Hash, bool), String> {
        let leaf = leaf_hash(&Leaf {
            position: self.position,
            recorded_at: moment(&self.recorded_at)?,
            sequence: self.sequence,
            fields: [
                &self.aggregate_type,
                &self.aggregate_id,
                &self.event_type,
                &self.event_version,
                self.payload.get(),
                self.metadata.get(),
            ],
        });
        let mut stated = Hash::default();
        let is_readable = hex::decode_to_slice(self.leaf_hash.as_bytes(), &mut stated).is_ok();
        Ok((leaf, is_readable && stated == leaf))
    }
}

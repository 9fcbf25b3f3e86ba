//! Checks that an exported file is what was signed: it computes every hash and the root anew, without a database.
//!
//! **Invariant:** nothing in a line is believed, its own hash least of all; and a file of any length takes the same
//! memory.

use std::borrow::Cow;
use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};

use super::attested::Comparison;
use super::line::{BorrowedEventLine, CHANGED, TOLD, UNTOLD, as_written};
use super::manifest;
use super::{Checkpoint, Hash, PublicKey, SignedCheckpoint};
use crate::projector::Finding;
use crate::transfer::UnreadableLine;

/// A line of a person. People are not in the tree.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BorrowedPersonLine<'a> {
    #[serde(borrow)]
    person_id: Cow<'a, str>,
    #[serde(borrow)]
    email: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
}

/// The result of a check: what was checked, and what is not as it must be.
#[derive(Debug, Default)]
pub struct ExportReport {
    pub events: i64,
    pub people: i64,
    /// The number of events that were signed and are what was signed.
    pub sealed: i64,
    /// The first findings only, since there may be as many as events.
    pub findings: Vec<Finding>,
    pub number_of_findings: usize,
}

impl ExportReport {
    fn add(&mut self, finding: Finding) {
        self.number_of_findings += 1;
        if self.findings.len() < TOLD {
            self.findings.push(finding);
        }
    }
}

/// The checkpoints of a file that a key signed. The inner error says why none of them can be believed.
pub fn signed(file: impl BufRead, key: &PublicKey) -> io::Result<Result<Vec<SignedCheckpoint>, String>> {
    let (mut signed, mut forged) = (vec![], None);
    SignedCheckpoint::each(file, |note| match key.signed(&note) {
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

/// Checks a file up to its end, or up to the first line that can't be part of a log.
pub fn check(mut file: impl BufRead, checkpoints: Vec<Checkpoint>) -> io::Result<ExportReport> {
    let (mut report, mut comparison) = (ExportReport::default(), Comparison::new(checkpoints));
    let (mut line, mut number, mut has_ended) = (vec![], 0_u64, false);
    while file.read_until(b'\n', &mut line)? > 0 {
        number += 1;
        let next = report.events + 1;
        match read(&line, next) {
            Ok(ExportLine::Event(..) | ExportLine::Person) if has_ended => {
                let what = format!("line {number} stands behind the end of the export");
                report.add(Finding::Event { position: next, what });
                break;
            }
            Ok(ExportLine::Event(leaf, is_intact)) => {
                report.events = next;
                comparison.take(leaf);
                if !is_intact {
                    report.add(Finding::Event { position: next, what: CHANGED.to_owned() });
                }
            }
            Ok(ExportLine::Person) => report.people += 1,
            Ok(ExportLine::End) => has_ended = true,
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

enum ExportLine {
    /// An event: its leaf hash, and whether the hash beside it is the same.
    Event(Hash, bool),
    Person,
    /// A line that ends an export made in the portal. It is ignored, since checkpoints prove more about the events.
    End,
}

fn read(line: &[u8], position: i64) -> Result<ExportLine, String> {
    let event: BorrowedEventLine = match as_written(line) {
        Ok(event) => event,
        Err(_) if as_written::<BorrowedPersonLine<'_>>(line).is_ok() => return Ok(ExportLine::Person),
        Err(_) if manifest::is_end(line) => return Ok(ExportLine::End),
        Err(_) if as_written::<UnreadableLine>(line).is_ok() => return Err(format!("it {UNTOLD}")),
        Err(why) => return Err(why),
    };
    if event.position != position {
        return Err(format!("#{} does", event.position));
    }
    let (leaf, is_intact) = event.leaf()?;
    Ok(ExportLine::Event(leaf, is_intact))
}

//! The end of an export of a part of the history: what was asked for, and a signature that nothing of it is missing.
//!
//! ```text
//! {"position":2, …}
//! {"position":5, …}
//! {"manifest":{"filter":"org=acme","events":2,"first_position":2,"last_position":5,"as_of":6,"sha256":"90a5…"}}
//! {"signature":"— portal.example.com/log 8QGnXw…"}
//! ```
//!
//! The signed text is a note of two lines: the origin followed by `/export`, and the manifest's line as it stands in the
//! file. The signature is written as the signature line of a note.
//!
//! **Invariant:** a checkpoint can't be taken for a manifest, nor a manifest for a checkpoint: the first signed line
//! differs, and the second is a number in a checkpoint and an object here.

use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::key::{PublicKey, Signature, SigningKey};
use super::line::{BorrowedEventLine, CHANGED, TOLD, UNTOLD, as_written};
use crate::event_log::Recorded;
use crate::transfer::UnreadableLine;

/// What was asked for, and what was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The filter as in the URL of the page; empty for everything.
    pub filter: String,
    pub events: u64,
    pub first_position: Option<i64>,
    pub last_position: Option<i64>,
    /// The last position of the log at that time.
    pub as_of: i64,
    /// The hash of all bytes before this line, in hexadecimal digits.
    pub sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestLine {
    manifest: Manifest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureLine {
    signature: String,
}

/// Says whether a line is one of the two that end an export.
pub(super) fn is_end(line: &[u8]) -> bool {
    as_written::<ManifestLine>(line).is_ok() || as_written::<SignatureLine>(line).is_ok()
}

/// Counts and hashes the lines of an export as they are written.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    events: u64,
    first: Option<i64>,
    last: Option<i64>,
    hash: Sha256,
    /// True once any event was found changed.
    is_changed: bool,
}

impl Tally {
    /// Like [`Self::add`], but also compares the event with its hash: an export with a changed event is not signed.
    pub fn add_event(&mut self, event: &Recorded, line: &[u8]) {
        self.is_changed |= !event.is_intact();
        self.add(event.position, line);
    }

    /// Takes a line that only names an event, since it can't be told. Such an export is not signed.
    pub fn add_untold(&mut self, position: i64, line: &[u8]) {
        self.is_changed = true;
        self.add(position, line);
    }

    /// Takes the line of the event at a position, with its line break.
    pub fn add(&mut self, position: i64, line: &[u8]) {
        self.events += 1;
        self.first = self.first.or(Some(position));
        self.last = Some(position);
        self.hash.update(line);
    }

    /// The lines that end the file; signed if there is a key and no event was changed.
    pub fn end(&self, filter: String, as_of: i64, key: Option<&SigningKey>) -> serde_json::Result<String> {
        let manifest = serde_json::to_string(&ManifestLine { manifest: self.manifest(filter, as_of) })?;
        let Some(key) = key.filter(|_| !self.is_changed) else { return Ok(format!("{manifest}\n")) };
        let signature = key.sign_text(&signed_text(key.origin(), &manifest)).to_string();
        Ok(format!("{manifest}\n{}\n", serde_json::to_string(&SignatureLine { signature })?))
    }

    fn manifest(&self, filter: String, as_of: i64) -> Manifest {
        let Self { events, first, last, .. } = *self;
        let sha256 = hex::encode(self.hash.clone().finalize());
        Manifest { filter, events, first_position: first, last_position: last, as_of, sha256 }
    }

    /// The finding about the next event, by itself or after those before it.
    fn finding(&self, event: &BorrowedEventLine<'_>) -> Option<String> {
        let position = event.position;
        match (self.last, event.leaf()) {
            (Some(last), _) if last >= position => {
                Some(format!("#{position} stands behind #{last}: lines were swapped, or put in twice"))
            }
            (_, Ok((_, true))) => None,
            (_, Ok((_, false))) => Some(format!("#{position} {CHANGED}")),
            (_, Err(why)) => Some(format!("#{position} {CHANGED}: {why}")),
        }
    }
}

fn signed_text(origin: &str, manifest: &str) -> String {
    format!("{origin}/export\n{manifest}\n")
}

/// The most bytes that are read for the end: more than a manifest and a signature have.
const LONGEST_END: u64 = 1 << 16;

/// Checks that a file is an export as made and signed by the portal of this key; else says what is wrong, in sentences.
pub fn check(mut file: impl BufRead, key: &PublicKey) -> io::Result<Result<Manifest, Vec<String>>> {
    let (mut tally, mut findings, mut line) = (Tally::default(), vec![], vec![]);
    while file.read_until(b'\n', &mut line)? > 0 {
        let (position, finding) = match as_written::<BorrowedEventLine<'_>>(&line) {
            Ok(event) => (event.position, tally.finding(&event)),
            Err(_) => match as_written::<UnreadableLine>(&line) {
                Ok(UnreadableLine { position, .. }) => (position, Some(format!("#{position} {UNTOLD}"))),
                Err(_) => break,
            },
        };
        findings.extend(finding.filter(|_| findings.len() < TOLD));
        tally.add(position, &line);
        line.clear();
    }
    file.take(LONGEST_END).read_to_end(&mut line)?;
    Ok(match ended(&tally, &line, key) {
        Ok(manifest) if findings.is_empty() => Ok(manifest),
        Ok(_) => Err(findings),
        Err(why) => Err(findings.into_iter().chain([why]).collect()),
    })
}

/// The manifest that is signed and fits the lines before it.
fn ended(tally: &Tally, end: &[u8], key: &PublicKey) -> Result<Manifest, String> {
    let place = tally.last.map_or("at its beginning".to_owned(), |last| format!("behind #{last}"));
    let text = String::from_utf8_lossy(end);
    let Some(text) = text.strip_suffix('\n') else {
        return Err(format!("the file was cut off {place}: what ends an export is its manifest"));
    };
    let mut lines = text.split('\n');
    let line = lines.next().unwrap_or_default();
    let ManifestLine { manifest } = serde_json::from_str(line)
        .map_err(|why| format!("what stands {place} is no event and no manifest: {why}"))?;
    is_signed(line, lines.next(), key)?;
    if lines.next().is_some() {
        return Err("something stands behind the signature, where the file ends".to_owned());
    }
    let found = tally.manifest(manifest.filter.clone(), manifest.as_of);
    if found.events != manifest.events {
        let (stand, signed) = (found.events, manifest.events);
        return Err(format!(
            "{stand} events stand here, and the manifest is of {signed}: some were taken out or put in"
        ));
    }
    if found != manifest {
        return Err(
            "the lines of the events are not, byte for byte, those of which the manifest has the SHA-256"
                .to_owned(),
        );
    }
    Ok(manifest)
}

fn is_signed(manifest: &str, line: Option<&str>, key: &PublicKey) -> Result<(), String> {
    let line = line.ok_or("it is not signed: whoever had it in their hands may have changed it")?;
    let signature =
        serde_json::from_str(line).ok().and_then(|SignatureLine { signature }| signature.parse().ok());
    let signature: Signature = signature.ok_or("what stands behind its manifest is no signature")?;
    let origin = key.origin();
    match key.signed_text(&signed_text(origin, manifest), &signature) {
        Some(true) => Ok(()),
        Some(false) => Err(format!("its manifest was changed: the signature of {origin} does not fit")),
        None => {
            Err(format!("it is signed by another key than this one of {origin}: by {:?}", signature.name()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::new("portal.example.com/log", &[seed; 32]).expect("a plain origin")
    }

    /// Three events of a log, as a file.
    fn export(key: Option<&SigningKey>) -> String {
        let demo = include_str!("../../../fixtures/demo.jsonl");
        let events = demo.split_inclusive('\n').filter(|line| line.starts_with("{\"position\""));
        let (mut tally, mut file) = (Tally::default(), String::new());
        for (index, line) in events.enumerate().filter(|(index, _)| [1, 4, 8].contains(index)) {
            tally.add(i64::try_from(index + 1).expect("few"), line.as_bytes());
            file.push_str(line);
        }
        file + &tally.end("org=acme".to_owned(), 62, key).expect("JSON")
    }

    fn checked(file: &[u8]) -> Result<Manifest, String> {
        check(file, &key(7).public()).expect("it can be read").map_err(|findings| findings.join("; "))
    }

    #[test]
    fn an_export_is_what_was_signed() {
        let manifest = checked(export(Some(&key(7))).as_bytes()).expect("nobody touched it");
        assert_eq!((manifest.filter.as_str(), manifest.events, manifest.as_of), ("org=acme", 3, 62));
        assert_eq!((manifest.first_position, manifest.last_position), (Some(2), Some(9)));
        let none = Tally::default().end(String::new(), 0, Some(&key(7))).expect("JSON");
        assert_eq!(checked(none.as_bytes()).map(|manifest| manifest.events), Ok(0));
    }

    #[test]
    fn nobody_signs_for_an_event_that_was_changed() {
        let event = Recorded {
            position: 1,
            recorded_at: crate::Timestamp::from_micros(1),
            aggregate_type: "organisation".into(),
            aggregate_id: "a".into(),
            sequence: 1,
            event_type: "OrgCreated".into(),
            event_version: "1".into(),
            payload: "{}".into(),
            metadata: "{}".into(),
            leaf_hash: vec![7; 32],
        };
        let mut tally = Tally::default();
        tally.add_event(&event, b"{}\n");
        let end = tally.end(String::new(), 1, Some(&key(7))).expect("JSON");
        assert!(end.contains("manifest") && !end.contains("signature"), "{end}");
    }

    #[test]
    fn no_byte_of_it_can_be_changed() {
        let file = export(Some(&key(7))).into_bytes();
        for place in (0..file.len()).step_by(7) {
            let mut changed = file.clone();
            changed[place] ^= 1;
            assert!(checked(&changed).is_err(), "{}", String::from_utf8_lossy(&changed));
        }
    }

    #[test]
    fn it_can_not_be_cut_off_anywhere() {
        let file = export(Some(&key(7)));
        for end in 0..file.len() {
            let why = checked(&file.as_bytes()[..end]).expect_err("something is missing");
            assert!(why.contains("was cut off") || why.contains("is not signed"), "{end}: {why}");
        }
    }

    #[test]
    fn what_was_done_to_it_is_told() {
        let file = export(Some(&key(7)));
        let lines: Vec<&str> = file.split_inclusive('\n').collect();
        let of = |order: &[usize]| order.iter().map(|index| lines[*index]).collect::<String>();
        for (changed, told) in [
            (
                of(&[0, 2, 1, 3, 4]),
                "#5 stands behind #9: lines were swapped, or put in twice; the lines of the events",
            ),
            (of(&[0, 0, 1, 2, 3, 4]), "#2 stands behind #2"),
            (of(&[0, 2, 3, 4]), "2 events stand here, and the manifest is of 3"),
            (of(&[0, 1, 2, 3]), "it is not signed"),
            (
                of(&[0, 1, 2, 4]),
                "what stands behind #9 is no event and no manifest: unknown field `signature`",
            ),
            (of(&[0, 1, 2, 3, 4, 0]), "something stands behind the signature"),
            (
                file.replace("Acme", "Apex"),
                "#9 was changed: its hash is not the hash of what stands there; the lines",
            ),
            (
                file.replace("org=acme", "org=apex"),
                "its manifest was changed: the signature of portal.example.com/log",
            ),
            (export(None), "it is not signed"),
            (export(Some(&key(8))), "it is signed by another key than this one of portal.example.com/log"),
        ] {
            assert_ne!(changed, file, "{told}");
            let why = checked(changed.as_bytes()).expect_err(told);
            assert!(why.starts_with(told), "{told}: {why}");
        }
    }

    #[test]
    fn neither_a_manifest_nor_a_checkpoint_is_taken_for_the_other() {
        let (key, checkpoint) = (key(7), key(7).sign(62, [9; 32]).text());
        let (body, signature) = checkpoint.split_once("\n\n").expect("a note");
        let line = body.split_once('\n').expect("three lines").1;
        let signature: Signature = signature.trim_end().parse().expect("a signature");
        assert_eq!(key.public().signed_text(&signed_text(key.origin(), line), &signature), Some(false));
        let longer = SigningKey::new("portal.example.com/log/export", &[7; 32]).expect("a plain origin");
        let signature = longer.sign(62, [9; 32]).text().replace("/export ", " ");
        let signature = signature.lines().last().and_then(|line| line.parse().ok()).expect("a signature");
        assert_eq!(key.public().signed_text(&signed_text(key.origin(), line), &signature), None);
    }
}

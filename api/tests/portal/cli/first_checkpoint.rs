//! The first checkpoint of a log: by an order that names what it trusts, or of the log that was empty.

use std::fs;

use projections::testing;

use super::import_demo;
use super::program::Place;
use super::proof::{SEALS, elsewhere, make_key, script, seal, seal_with};

#[test]
fn what_is_no_checkpoint_log_is_not_added_to() {
    let place = Place::sqlite();
    make_key(&place);
    place.done(&["grant", "ana@example.com"]);
    let key = fs::read(place.file("seal.key")).expect("it was made");
    let database = place.url.trim_start_matches("sqlite://").to_owned();
    let (wal, copy) = (format!("{database}-wal"), place.file("copy.db"));
    fs::copy(&database, &copy).expect("room");
    for file in ["seal.key", &database, &wal, &copy.to_string_lossy()] {
        let said = place.portal(&["seal", "--seal-key", "seal.key", "--seal-log", file]);
        assert_eq!((said.code, said.err.contains("PORTAL_SEAL_LOG: ")), (Some(1), true), "{file}: {said:?}");
    }
    assert_eq!(fs::read(place.file("seal.key")).expect("it is there"), key);
    place.done(&["verify"]);
}

on_both_engines! {
    what_was_there_before_is_sealed_by_an_order_that_names_it,
    a_new_portal_is_sealed_from_its_first_event_on,
}

/// What the owner of a database wrote into it before a portal with an empty file met it, is nobody's word.
fn what_was_there_before_is_sealed_by_an_order_that_names_it(place: &Place) {
    import_demo(place);
    make_key(place);
    let said = seal(place);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err.contains("the log has 62 events already, which anybody may have written"),
        "{}",
        said.err
    );
    assert_eq!(fs::read_to_string(place.file("checkpoints.txt")).expect("it was begun"), "");
    for (wrong, why) in [
        ("62", "is not SIZE:ROOT"),
        ("62:AAAA", "is not SIZE:ROOT"),
        ("0:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "is not SIZE:ROOT"),
        ("62:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "which you named: here is 62:"),
        ("63:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "which you named: here is 62:"),
    ] {
        let said = place.portal(&[&["seal", "--trust", wrong], &SEALS[..]].concat());
        assert_eq!((said.code, said.err.contains(why)), (Some(1), true), "{wrong}: {said:?}");
    }
    assert_eq!(begin_to_seal(place, &SEALS), "A checkpoint of 62 events was signed.\n");
    assert_eq!(seal(place).out, "A checkpoint of all 62 events is there already.\n");
    let again = place.portal(
        &[&["seal", "--trust", "62:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="], &SEALS[..]].concat(),
    );
    assert_eq!((again.code, again.err.contains("nothing to trust")), (Some(1), true), "{again:?}");
    fs::remove_file(place.file("checkpoints.txt")).expect("it was written");
    assert_eq!(seal(place).code, Some(1), "what the database keeps of it vouches for nothing");
}

/// Whoever makes the first event, whichever way, has seen that nothing was there.
fn a_new_portal_is_sealed_from_its_first_event_on(place: &Place) {
    make_key(place);
    place.done(&[&["grant", "ana@example.com"], &SEALS[..]].concat());
    assert_eq!(seal(place).out, "A checkpoint of 1 events was signed.\n");
    let note = fs::read_to_string(place.file("checkpoints.txt")).expect("it was begun");
    assert!(
        note.starts_with("portal.example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
        "{note}"
    );
    place.done(&["export", "out.jsonl"]);
    assert_eq!((elsewhere(place, "out.jsonl").code, script(place).code), (Some(0), Some(0)));
}

/// Emptying the one table is not enough to seem new.
#[test]
fn a_log_that_was_emptied_is_no_new_one() {
    let place = Place::sqlite();
    make_key(&place);
    place.done(&["grant", "ana@example.com"]);
    let triggers = ["in_order", "in_sequence", "in_time", "no_update", "no_delete"];
    for trigger in triggers {
        testing::execute(&place.url, format!("drop trigger events_{trigger}").leak());
    }
    testing::execute(&place.url, "delete from events");
    seal(&place);
    assert_eq!(fs::read_to_string(place.file("checkpoints.txt")).expect("it was begun"), "");
}

/// The first checkpoint of a log that is there already: whoever gives the order names what they trust.
pub(super) fn begin_to_seal(place: &Place, settings: &[&str]) -> String {
    let refused = seal_with(place, settings);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let (_, named) = refused.err.rsplit_once("portal seal --trust ").expect("it says what to run");
    place.done(&[&["seal", "--trust", named.trim()], settings].concat())
}

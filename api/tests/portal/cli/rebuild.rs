//! `portal rebuild --as-of`: another portal, as this one was.

use std::fs;

use super::first_checkpoint::begin_to_seal;
use super::program::Place;
use super::proof::{SEALS, make_key, seal};
use super::{import_demo, other};

fn another_portal_is_as_this_one_was(place: &Place) {
    import_demo(place);
    make_key(place);
    begin_to_seal(place, &SEALS);
    let signed = fs::read_to_string(place.file("checkpoints.txt")).expect("it was written");
    let paths = ["seal.key", "checkpoints.txt"].map(|name| place.file(name).to_string_lossy().into_owned());
    let seals = ["--seal-key", &paths[0], "--seal-log", &paths[1]];
    let all = place.done(&["export"]);
    let events: Vec<&str> = all.lines().filter(|line| line.starts_with("{\"position\"")).collect();
    let people = all.lines().count() - events.len();
    let seventh = events[6].split_once("\"recorded_at\":\"").expect("a time").1;
    let (seventh, _) = seventh.split_once('"').expect("its end");
    for moment in ["7", "#7", seventh] {
        let then = other(place);
        let said = place.done(&["rebuild", "--as-of", moment, "--into", &then.url]);
        assert!(said.contains("as it was right after #7;"), "{said}");
        let copied = then.done(&["export"]);
        assert_eq!(copied.lines().collect::<Vec<_>>(), all.lines().take(people + 7).collect::<Vec<_>>());
        then.done(&["verify"]);
        let why = "this database is a copy of another portal's log up to #7";
        // With the file of the original, which it holds, and whatever happens there.
        then.done(&["grant", "eve@example.com"]);
        let said = then.portal(&[&["seal"], &seals[..]].concat());
        assert_eq!((said.code, said.err.contains(why)), (Some(1), true), "{said:?}");
    }
    assert_eq!(fs::read_to_string(place.file("checkpoints.txt")).expect("it was written"), signed);
    assert_eq!(seal(place).code, Some(0), "the original goes on");
    assert_eq!(place.done(&["export"]), all, "this one was left alone");
}

fn what_can_not_be_made_is_told(place: &Place) {
    import_demo(place);
    let (empty, taken) = (Place::sqlite(), Place::sqlite());
    import_demo(&taken);
    for (moment, into, told) in [
        ("yesterday", &empty, "--as-of: give a position like 1234"),
        ("999999", &empty, "--as-of: the log is not there yet"),
        ("-7", &empty, "--as-of: positions begin with 1"),
        ("9223372036854775808", &empty, "--as-of: the log is not there yet"),
        ("2999-01-01", &empty, "--as-of: "),
        ("7", &taken, "--into: this database has a history of its own"),
    ] {
        let said = place.portal(&["rebuild", &format!("--as-of={moment}"), "--into", &into.url]);
        assert_eq!(said.code, Some(1), "{moment}: {said:?}");
        assert!(said.err.contains(told), "{moment}: {}", said.err);
    }
    assert!(empty.portal(&["export"]).err.contains("there is no file"), "nothing was begun");
    for half in [["rebuild", "--as-of=7"], ["rebuild", "--into=sqlite://x.db"]] {
        assert_eq!(place.portal(&half).code, Some(2), "one without the other says nothing");
    }
}

on_both_engines! {
    another_portal_is_as_this_one_was,
    what_can_not_be_made_is_told,
}

//! `portal serve` and `portal seal` with a checkpoint log each, and a database that is rewound between them.

use std::fs;
use std::time::{Duration, Instant};

use projections::testing;

use super::first_checkpoint::begin_to_seal;
use super::import_demo;
use super::program::{Place, Said};
use super::proof::make_key;

on_both_engines! {
    one_log_is_checked_against_another,
}

/// One after the other on the same machine, with nothing in common but the file that is named.
fn one_log_is_checked_against_another(place: &Place) {
    import_demo(place);
    make_key(place);
    let then = if place.url.starts_with("sqlite") { Place::sqlite() } else { Place::postgres() };
    import_demo(&then);
    place.done(&["grant", "eve@example.com"]);
    then.done(&["grant", "finn@example.com"]);
    begin_to_seal(place, &["--seal-key", "seal.key", "--seal-log", "first.txt"]);
    for file in ["seal.key", "first.txt"] {
        fs::copy(place.file(file), then.file(file)).expect("room");
    }
    let arguments =
        ["seal", "--seal-key", "seal.key", "--seal-log", "second.txt", "--seal-other-logs", "first.txt"];
    let said = then.portal(&arguments);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("the log does not begin with the 63 events"), "{said:?}");
}

/// What was seen: a server has signed, the database is restored to an earlier moment and goes on differently, and
/// another process signs with a log of its own.
#[test]
fn a_server_tells_others_of_a_rewound_database_before_they_sign() {
    let place = Place::postgres();
    import_demo(&place);
    make_key(&place);
    let settings = ["--seal-key", "seal.key", "--seal-log", "first.txt"];
    begin_to_seal(&place, &settings);
    fs::copy(place.file("first.txt"), place.file("second.txt")).expect("room");
    let earlier = testing::Earlier::of(&place.url);
    place.done(&["grant", "eve@example.com"]);
    let running = place.start(&[&["serve"], &settings[..]].concat());
    until("the server has signed", || read(&place, "first.txt").contains("\n63\n"));
    earlier.put_back();
    place.done(&["grant", "finn@example.com"]);
    let verify = ["verify", "--seal-key", "seal.key", "--seal-log", "second.txt"];
    let told = "the log is not what was signed when it had 63 events";
    until("the server has told others", || place.portal(&verify).out.contains(told));
    let said = seal(&place, "second.txt");
    assert_eq!(said.code, Some(1), "two roots for 63 events: {said:?}");
    assert!(said.err.contains("the log does not begin with the 63 events"), "{said:?}");
    assert!(!read(&place, "second.txt").contains("\n63\n"));
    drop(running);
}

fn seal(place: &Place, log: &str) -> Said {
    place.portal(&["seal", "--seal-key", "seal.key", "--seal-log", log])
}

fn read(place: &Place, log: &str) -> String {
    fs::read_to_string(place.file(log)).unwrap_or_default()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(1), "never: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

//! `portal export`: a file is there as a whole, or as it was before; and what can't be told is named in it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use projections::testing;

use super::import_demo;
use super::program::Place;

on_both_engines! {
    an_export_that_fails_leaves_what_was_there,
    an_export_takes_the_place_of_the_file_that_was_there,
}

fn an_export_that_fails_leaves_what_was_there(place: &Place) {
    import_demo(place);
    testing::execute(&place.url, "alter table people rename column name to title");
    let before = files(place);
    assert_eq!(place.portal(&["export", "new.jsonl"]).code, Some(1));
    assert_eq!(files(place), before, "nothing half done");
    fs::write(place.file("out.jsonl"), "the backup of yesterday").expect("room");
    let before = files(place);
    assert_eq!(place.portal(&["export", "out.jsonl"]).code, Some(1));
    assert_eq!(fs::read_to_string(place.file("out.jsonl")).expect("text"), "the backup of yesterday");
    assert_eq!(files(place), before, "nothing half done");
}

fn an_export_takes_the_place_of_the_file_that_was_there(place: &Place) {
    import_demo(place);
    let out = place.file("out.jsonl");
    fs::write(&out, "the backup of yesterday").expect("room");
    fs::set_permissions(&out, fs::Permissions::from_mode(0o640)).expect("it is ours");
    symlink("out.jsonl", place.file("link.jsonl")).expect("room");
    let before = files(place);
    place.done(&["export", "link.jsonl"]);
    assert_eq!(files(place), before);
    let about = fs::metadata(&out).expect("it is there");
    assert_eq!(about.permissions().mode() & 0o777, 0o640, "whoever could read it still can");
    assert_eq!(fs::read_to_string(&out).expect("text"), place.done(&["export"]));
    assert!(place.file("link.jsonl").is_symlink());
    let through = place.done(&["export", "/dev/stdout"]);
    assert!(through.starts_with("{\"person_id\"") && through.contains("{\"position\":62,"), "{through}");
}

/// Such as somebody writes who owns an SQLite file. Postgres takes none.
#[test]
fn an_event_that_is_no_json_is_named_in_its_place() {
    let place = Place::sqlite();
    import_demo(&place);
    let whole = place.done(&["export"]);
    testing::execute(
        &place.url,
        "drop trigger events_no_update; pragma ignore_check_constraints = 1; update events set payload = '{\"broken' where position = 9",
    );
    let said = place.portal(&["export", "out.jsonl"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("#9 was changed after it was written: no import takes it"), "{said:?}");
    let text = fs::read_to_string(place.file("out.jsonl")).expect("it was written");
    assert_eq!(text.lines().count(), whole.lines().count());
    let others = text.lines().zip(whole.lines()).filter(|(now, before)| now != before);
    let others: Vec<&str> = others.map(|(now, _)| now).collect();
    assert!(
        matches!(others[..], [one] if one.starts_with("{\"position\":9,\"unreadable\":\"")),
        "{others:?}"
    );
    let there = Place::sqlite();
    let said = there.portal(&["import", &place.file("out.jsonl").to_string_lossy()]);
    assert_eq!((said.code, said.err.contains("`unreadable`")), (Some(1), true), "{said:?}");
}

fn files(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.file("")).expect("it is there");
    let names = entries.map(|it| it.expect("readable").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with("portal.db")).collect();
    names.sort();
    names
}

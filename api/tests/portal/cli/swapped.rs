//! A SQLite file that was put in the place of another, with what that one left beside it.

use std::fs;

use super::program::{Place, ask};

/// A database with one superadmin more than its backup, ended by force: what was done last stands in the -wal.
fn ended_by_force() -> (Place, String) {
    let place = Place::sqlite();
    place.done(&["grant", "eve@example.com"]);
    let file = place.url.strip_prefix("sqlite://").expect("a file").to_owned();
    fs::copy(&file, format!("{file}.yesterday")).expect("copied");
    let running = place.start(&["serve"]);
    for number in 0..5 {
        let answer = ask(
            running.address,
            ("POST", "/login"),
            "",
            &format!("email=a{number}%40example.com&password=x"),
        );
        assert_eq!(answer.expect("an answer").status, 422);
    }
    drop(running); // by force
    assert!(fs::metadata(format!("{file}-wal")).is_ok_and(|left| left.len() > 0));
    (place, file)
}

#[test]
fn what_another_file_left_is_not_written_over_the_one_in_its_place() {
    let (place, file) = ended_by_force();
    fs::rename(&file, format!("{file}.old")).expect("renamed");
    fs::rename(format!("{file}.yesterday"), &file).expect("renamed");
    let said = place.portal(&["verify"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("was written for another file than the one that is"), "{}", said.err);
    for end in ["-wal", "-shm"] {
        fs::remove_file(format!("{file}{end}")).expect("it is there");
    }
    place.done(&["verify"]);
    drop(place.start(&["serve"]));
    place.done(&["verify"]);
}

#[test]
fn a_file_that_what_is_beside_it_would_destroy_is_not_opened() {
    let (place, file) = ended_by_force();
    // Written over, so that it is still the same file to whoever only asks for its number.
    let bytes = fs::read(format!("{file}.yesterday")).expect("readable");
    let (pages, rest) = bytes.as_chunks::<4096>();
    assert!(rest.is_empty() && pages.len() > 20);
    let mixed: Vec<u8> = pages
        .iter()
        .enumerate()
        .flat_map(|(at, page)| if at > 9 && at % 7 == 0 { [0; 4096] } else { *page })
        .collect();
    fs::write(&file, mixed).expect("written");
    let said = place.portal(&["verify"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("is damaged, or the -wal beside it is of another file"), "{}", said.err);
}

//! A SQLite file that was put in the place of another, with what that one left beside it.

use std::fs;
use std::io::Read;
use std::path::Path;

use super::program::{Place, ask, run};

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

/// A legitimate way to take it elsewhere: every file, and no inode is what it was.
#[test]
fn a_database_that_was_ended_by_force_can_be_copied_with_what_is_beside_it() {
    let (place, file) = ended_by_force();
    let elsewhere = Place::sqlite();
    let to = elsewhere.url.strip_prefix("sqlite://").expect("a file");
    for end in ["", "-wal"] {
        fs::copy(format!("{file}{end}"), format!("{to}{end}")).expect("copied");
    }
    assert_eq!(elsewhere.done(&["replay"]), place.done(&["replay"]));
    elsewhere.done(&["verify"]);
}

#[test]
fn what_is_beside_a_link_is_found_where_the_file_is() {
    let (place, file) = ended_by_force();
    let link = place.file("link.db");
    std::os::unix::fs::symlink(&file, &link).expect("linked");
    let running = place.start(&["serve"]);
    let mut through_the_link = place.command(&["verify"]);
    through_the_link.env("DATABASE_URL", format!("sqlite://{}", link.display()));
    let said = run(through_the_link);
    assert!(said.err.contains("is in use by another process"), "{}", said.err);
    drop(running);
}

/// What stands beside it is read as what an end by force has left, and a plain copy would lack it.
#[test]
fn nothing_is_left_beside_a_database_when_a_command_has_ended() {
    let place = Place::sqlite();
    let wal = format!("{}-wal", place.url.strip_prefix("sqlite://").expect("a file"));
    let is_empty = || fs::metadata(&wal).map_or(true, |left| left.len() == 0);
    super::import_demo(&place);
    assert!(is_empty(), "import");
    super::proof::make_key(&place);
    let seals = ["--seal-key", "seal.key", "--seal-log", "checkpoints.txt"];
    super::first_checkpoint::begin_to_seal(&place, &seals);
    for command in ["seal", "verify", "export", "migrate", "rebuild", "replay"] {
        place.done(&[&[command], &seals[..]].concat());
        assert!(is_empty(), "{command}");
    }
    place.done(&["evidence", "9"]);
    assert_eq!(place.portal(&["evidence", "99"]).code, Some(1));
    assert!(is_empty(), "evidence");
    let refused: [&[&str]; 4] = [
        &["recover", "nowhere"],
        &["reset-password", "nobody@example.com"],
        &["forget-second-factor", "nobody@example.com"],
        &["grant", "eve@acme.example", "--days", "0"],
    ];
    for command in refused {
        assert_ne!(place.portal(command).code, Some(0), "{command:?}");
        assert!(is_empty(), "{command:?}");
    }
    let mut waiting = place.command(&["replay", "--speed", "0.001x"]);
    let mut waiting = waiting.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
    let mut first = [0];
    waiting.stdout.as_mut().expect("a pipe").read_exact(&mut first).expect("a sentence");
    let asked = std::process::Command::new("kill").args(["-HUP", &waiting.id().to_string()]).status();
    assert!(asked.expect("it runs").success());
    assert_eq!(waiting.wait().expect("it ended").code(), Some(130));
    assert!(is_empty(), "a terminal that was closed");
}

/// By two names, two processes would each have a -wal of their own.
#[test]
fn a_database_with_another_name_is_not_opened_by_either() {
    let place = Place::sqlite();
    place.done(&["grant", "eve@example.com"]);
    let file = place.url.strip_prefix("sqlite://").expect("a file").to_owned();
    let running = place.start(&["serve"]);
    let link = place.file("link.db");
    fs::hard_link(&file, &link).expect("linked");
    let mut by_the_other = place.command(&["verify"]);
    by_the_other.env("DATABASE_URL", format!("sqlite://{}", link.display()));
    let said = run(by_the_other);
    assert!(said.err.contains("link.db has another name as well"), "{}", said.err);
    drop(running);
    assert!(place.portal(&["verify"]).err.contains("portal.db has another name as well"));
    fs::remove_file(link).expect("removed");
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
    assert!(said.err.contains("is damaged, or was put in the place of another file"), "{}", said.err);
}

#[test]
fn what_only_looks_makes_no_database() {
    let place = Place::sqlite();
    let url = format!("{}-mistyped", place.url);
    for command in [
        &["verify"][..],
        &["export"],
        &["replay"],
        &["audit"],
        &["evidence", "1"],
        &["rebuild", "--as-of=1", "--into", &place.url],
    ] {
        let said = place.portal(&[command, &["--database-url", &url]].concat());
        assert_eq!(
            (said.code, said.err.contains("DATABASE_URL: there is no file ")),
            (Some(1), true),
            "{said:?}"
        );
        assert!(!Path::new(url.trim_start_matches("sqlite://")).exists(), "{command:?}");
    }
}

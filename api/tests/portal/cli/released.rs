//! Databases that a released version made are opened, migrated and verified by this one, for ever.
//!
//! **Invariant:** files in `fixtures/released/` are added with a release, and never edited. Each holds what
//! `fixtures/demo.jsonl` says, taken in by that release (`docs/TESTING.md` says how they are made).

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use super::program::Place;
use super::repository;

/// The files of all releases with this ending.
fn released(ending: &str) -> Vec<PathBuf> {
    let folder = fs::read_dir(repository("fixtures/released")).expect("there is a folder");
    let files = folder.map(|entry| entry.expect("it is readable").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    files.sort();
    files
}

/// What the release wrote is there, to the byte, is what its hashes say, and can be added to.
fn serves_on(place: &Place) {
    let demo = fs::read_to_string(repository("fixtures/demo.jsonl")).expect("it is there");
    place.done(&["migrate"]);
    assert_eq!(place.done(&["export"]), demo);
    let said = place.done(&["verify"]);
    assert!(said.starts_with("✓ 62 events, each as it was written"), "{said}");
    assert!(said.contains("✓ Claims, counts and commands"), "{said}");
    place.done(&["grant", "eve@example.com"]);
    place.done(&["rebuild"]);
    place.done(&["verify"]);
}

#[test]
fn a_file_of_each_release_serves_on() {
    let files = released(".db.gz");
    assert!(!files.is_empty(), "there is a file of 0.1.0");
    for file in files {
        let place = Place::sqlite();
        let path = place.url.strip_prefix("sqlite://").expect("a file");
        let database = File::create(path).expect("the folder is there");
        let unpacked = Command::new("gzip").arg("-dc").arg(&file).stdout(database).status();
        assert!(unpacked.expect("gzip is installed").success(), "{}", file.display());
        serves_on(&place);
    }
}

#[test]
fn a_dump_of_each_release_serves_on() {
    let files = released(".sql");
    assert!(!files.is_empty(), "there is a dump of 0.1.0");
    for file in files {
        let place = Place::postgres();
        let restored = Command::new("psql")
            .args([
                "--quiet",
                "--no-psqlrc",
                "--set=ON_ERROR_STOP=1",
                "--output=/dev/null",
                "--dbname",
                &place.url,
            ])
            .arg("--file")
            .arg(&file)
            .output()
            .expect("psql is installed");
        assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
        serves_on(&place);
    }
}

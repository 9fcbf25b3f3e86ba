//! Who may read what `portal` makes, whatever the umask says.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::import_demo;
use super::program::{Place, ask};

#[test]
fn what_portal_makes_is_for_its_owner_alone() {
    let place = Place::sqlite().careless();
    place.done(&["keys", "seal.key"]);
    place.done(&["keys", "--secrets", "secrets.key"]);
    let url = format!("sqlite://{}", place.file("data/deep/portal.db").display());
    let serve = ["serve", "--database-url", &url, "--seal-key", "seal.key", "--seal-log", "checkpoints.txt"];
    let running = place.start(&serve);
    ask(running.address, ("GET", "/login"), "", "").expect("an answer");
    for made in ["portal.db", "portal.db-wal", "portal.db-shm", "portal.db.lock"] {
        assert_eq!(mode(&place.file("data/deep").join(made)), 0o600, "{made}");
    }
    running.terminate();
    place.done(&["export", "out.jsonl", "--database-url", &url]);
    for made in ["seal.key", "secrets.key", "checkpoints.txt", "out.jsonl"] {
        assert_eq!(mode(&place.file(made)), 0o600, "{made}");
    }
    for made in ["data", "data/deep"] {
        assert_eq!(mode(&place.file(made)), 0o700, "{made}");
    }
}

#[test]
fn the_folder_of_the_demonstration_is_closed() {
    let place = Place::sqlite().careless();
    let running = place.start(&["demo"]);
    let folders =
        fs::read_dir(place.file("")).expect("it is ours").map(|entry| entry.expect("readable").path());
    let folder = folders.into_iter().find(|path| path.to_string_lossy().contains("portal-demo-"));
    let folder = folder.expect("a folder");
    assert_eq!((mode(&folder), mode(&folder.join("demo.db"))), (0o700, 0o600));
    drop(running);
}

/// A group may be meant to take backups; everybody is not.
#[test]
fn a_database_that_everybody_could_read_is_closed_and_said() {
    let place = Place::sqlite();
    import_demo(&place);
    let folder = place.file("");
    let before = mode(&folder);
    for (open, closed, told) in [(0o644, 0o640, true), (0o660, 0o660, false), (0o600, 0o600, false)] {
        let file = place.file("portal.db");
        fs::set_permissions(&file, fs::Permissions::from_mode(open)).expect("it is ours");
        let said = place.portal(&["verify"]);
        assert_eq!((said.code, mode(&file)), (Some(0), closed), "{said:?}");
        assert_eq!(said.err.contains("everybody on this machine could read or change"), told, "{said:?}");
    }
    assert_eq!(mode(&folder), before, "a folder that was there is left alone");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|why| panic!("{}: {why}", path.display())).permissions().mode() & 0o777
}

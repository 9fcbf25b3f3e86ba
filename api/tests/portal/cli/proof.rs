//! `portal keys`, `seal`, `verify`, `evidence`: sealed by one, and proven by somebody who has only files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use projections::testing;

use super::first_checkpoint::begin_to_seal;
use super::program::{Place, Said, repository, run};
use super::{bare, import_demo};

on_both_engines! {
    an_export_proves_itself_without_a_database,
    a_tampered_export_is_found_and_the_place_named,
    the_script_says_the_same_as_the_program,
    the_server_seals_by_itself,
    a_restored_portal_refuses_to_seal_and_says_what_to_do,
    verify_compares_the_database_with_what_was_signed,
    one_event_is_proven_by_its_evidence,
    either_engine_gives_the_same_checkpoint,
}

pub(super) const SEALS: [&str; 4] = ["--seal-key", "seal.key", "--seal-log", "checkpoints.txt"];

#[test]
fn a_key_is_for_its_owner_alone_and_never_overwritten() {
    let place = Place::sqlite();
    let public = place.done(&["keys", "seal.key", "--origin", "portal.example.com/log"]);
    assert!(public.starts_with("portal.example.com/log+") && public.lines().count() == 1, "{public}");
    let key = place.file("seal.key");
    let mode = fs::metadata(&key).expect("it was written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(&key).expect("it is ours");
    assert!(text.starts_with("PRIVATE+KEY+portal.example.com/log+"), "another form");
    let said = place.portal(&["keys", "seal.key"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("seal.key is there already, and a key is never overwritten"), "{}", said.err);
    assert_eq!(fs::read_to_string(&key).expect("it is ours"), text);
    assert_eq!(place.done(&["keys", "seal.key", "--public"]), public);
    let of_witness = place.done(&["keys", "witness.key", "--witness"]);
    assert_eq!(place.done(&["keys", "witness.key", "--public"]), of_witness);
    fs::write(place.file("no.key"), "whatever\n").expect("room");
    let said = place.portal(&["keys", "no.key", "--public"]);
    assert!(said.code == Some(1) && said.err.contains("no.key: "), "{}", said.err);
    let said = place.portal(&["keys", "other.key", "--origin", "two words"]);
    assert!(said.err.contains("an origin is a name without spaces"), "{}", said.err);
    let named = place.done(&["keys", "named.key", "--public-url", "https://portal.example.com"]);
    assert!(named.starts_with("portal.example.com/log+"), "{named}");
}

#[test]
fn a_key_without_a_file_for_checkpoints_stops_the_start() {
    let place = Place::sqlite();
    place.done(&["keys", "seal.key"]);
    let said = place.portal(&["serve", "--seal-key", "seal.key"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("PORTAL_SEAL_LOG: name the file"), "{}", said.err);
    let said = place.portal(&["seal"]);
    assert!(said.err.contains("PORTAL_SEAL_KEY: name the file that `portal keys` wrote"), "{}", said.err);
}

#[test]
fn a_setting_that_is_empty_is_as_if_it_were_not_there() {
    let place = Place::sqlite();
    let mut command = place.command(&["grant", "eve@example.com"]);
    for name in [
        "PORTAL_SEAL_KEY",
        "PORTAL_SEAL_LOG",
        "PORTAL_SEAL_SECONDS",
        "PORTAL_PUBLIC_URL",
        "PORTAL_TRUSTED_PROXIES",
    ] {
        command.env(name, "");
    }
    let said = run(command);
    assert_eq!(said.code, Some(0), "{}", said.err);
}

#[test]
fn a_key_that_others_may_read_is_warned_of() {
    let place = Place::sqlite();
    make_key(&place);
    let readable_by = |mode| {
        fs::set_permissions(place.file("seal.key"), fs::Permissions::from_mode(mode)).expect("it is ours");
        [seal(&place), place.portal(&[&["verify"], &SEALS[..]].concat())]
    };
    for said in readable_by(0o600) {
        assert_eq!((said.code, said.err.contains("others than its owner")), (Some(0), false), "{said:?}");
    }
    for mode in [0o640, 0o604, 0o620] {
        for said in readable_by(mode) {
            assert_eq!(said.code, Some(0), "{said:?}");
            let warning =
                "PORTAL_SEAL_KEY: others than its owner may read or change seal.key; run chmod 600 seal.key";
            assert!(said.err.contains("WARN") && said.err.contains(warning), "{mode:o}: {said:?}");
        }
    }
}

fn an_export_proves_itself_without_a_database(place: &Place) {
    sealed_demo(place);
    place.done(&["grant", "eve@example.com"]);
    place.done(&["export", "out.jsonl"]);
    let said = elsewhere(place, "out.jsonl");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(
        said.out,
        "✓ 63 events, each as it was written, in order, without a gap.\n\
         ✓ The first 62 are those that portal.example.com/log signed.\n\
         The 1 behind them are not sealed yet.\n\
         21 people stand in the file as well; no checkpoint covers them.\n"
    );
}

fn a_tampered_export_is_found_and_the_place_named(place: &Place) {
    sealed_demo(place);
    let text = place.done(&["export"]);
    let events: Vec<&str> = text.lines().filter(|line| line.starts_with("{\"position\"")).collect();
    let without = |left_out: usize| [&events[..left_out], &events[left_out + 1..]].concat().join("\n");
    let swapped = [&events[..6], &[events[7], events[6]], &events[8..]].concat().join("\n");
    for (tampered, place_named) in [
        (text.replace("Acme Logistics", "Apex Logistics"), "✗ #9: was changed"),
        (without(4), "✗ #5: does not stand in line 5, where it must: #6 does"),
        (without(61), "✗ #62: is missing: of 62 events a checkpoint was signed"),
        (swapped, "✗ #7: does not stand in line 7, where it must: #8 does"),
        (text.replace("{\"position\":3,", "{\"note\":\"\",\"position\":3,"), "✗ #3: does not stand in line"),
        (text.replacen("\"leaf_hash\":\"", "\"leaf_hash\":\"0", 1), "✗ #1: was changed"),
        (String::new(), "✗ #1: is missing: of 62 events"),
    ] {
        fs::write(place.file("tampered.jsonl"), tampered).expect("room");
        let said = elsewhere(place, "tampered.jsonl");
        assert_eq!(said.code, Some(1), "{place_named}: {said:?}");
        assert!(said.out.contains(place_named), "{place_named}: {}", said.out);
    }
    forged_checkpoints_are_refused(place, &text);
}

fn forged_checkpoints_are_refused(place: &Place, export: &str) {
    fs::write(place.file("out.jsonl"), export).expect("room");
    let checkpoints = fs::read_to_string(place.file("checkpoints.txt")).expect("it was sealed");
    for (from, to, why) in [
        ("\n62\n", "\n61\n", "the checkpoint of 61 events was changed"),
        ("portal.example", "other.example", "no checkpoint here is signed by portal.example.com/log"),
    ] {
        fs::write(place.file("checkpoints.txt"), checkpoints.replace(from, to)).expect("room");
        let said = elsewhere(place, "out.jsonl");
        assert_eq!((said.code, said.out.contains(why)), (Some(1), true), "{}", said.out);
    }
    fs::write(place.file("checkpoints.txt"), checkpoints).expect("room");
    assert_eq!(elsewhere(place, "out.jsonl").code, Some(0));
}

fn the_script_says_the_same_as_the_program(place: &Place) {
    sealed_demo(place);
    let text = place.done(&["export"]);
    for (file, wrong) in [
        (text.clone(), ""),
        (text.replace("Acme Logistics", "Apex Logistics"), "#9 was changed"),
        (text.replace("{\"position\":62", "{\"position\":63"), "#62 is missing"),
        (text.lines().take(50).collect::<Vec<_>>().join("\n"), "is missing: the checkpoint is of 62 events"),
    ] {
        fs::write(place.file("out.jsonl"), file).expect("room");
        let (program, script) = (elsewhere(place, "out.jsonl"), script(place));
        assert_eq!(program.code, script.code, "{script:?}");
        assert_eq!(program.code == Some(0), wrong.is_empty(), "{program:?}");
        assert!(format!("{}{}", script.out, script.err).contains(wrong), "{wrong}: {script:?}");
    }
    let checkpoints = fs::read_to_string(place.file("checkpoints.txt")).expect("it was sealed");
    let other = checkpoints.replace("\n62\n", "\n61\n");
    fs::write(place.file("checkpoints.txt"), other).expect("room");
    fs::write(place.file("out.jsonl"), text).expect("room");
    assert_eq!((elsewhere(place, "out.jsonl").code, script(place).code), (Some(1), Some(1)));
}

fn the_server_seals_by_itself(place: &Place) {
    sealed_demo(place);
    place.done(&["grant", "eve@example.com"]);
    let running = place.start(&[&["serve"], &SEALS[..]].concat());
    let began = Instant::now();
    while !fs::read_to_string(place.file("checkpoints.txt")).is_ok_and(|text| text.contains("\n63\n")) {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing was sealed");
        std::thread::sleep(Duration::from_millis(50));
    }
    running.terminate();
    assert_eq!(seal(place).out, "A checkpoint of all 63 events is there already.\n");
    place.done(&["export", "out.jsonl"]);
    assert_eq!(elsewhere(place, "out.jsonl").code, Some(0));
}

fn a_restored_portal_refuses_to_seal_and_says_what_to_do(place: &Place) {
    sealed_demo(place);
    let restored = if place.url.starts_with("sqlite") { Place::sqlite() } else { Place::postgres() };
    let earlier: Vec<String> = place.done(&["export"]).lines().map(str::to_owned).collect();
    fs::write(restored.file("earlier.jsonl"), earlier[..70].join("\n")).expect("room");
    restored.done(&["import", "earlier.jsonl"]);
    for file in ["seal.key", "seal.pub", "checkpoints.txt"] {
        fs::copy(place.file(file), restored.file(file)).expect("room");
    }
    let said = seal(&restored);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("a checkpoint of 62 events was signed, and the log has 50"), "{}", said.err);
    assert!(said.err.contains("make a key with a new origin: docs/PROOF.md says how"), "{}", said.err);
    let said = restored.portal(&[&["verify"], &SEALS[..]].concat());
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("✗ #51: is missing: of 62 events a checkpoint was signed"), "{}", said.out);
    restored.done(&["keys", "second.key", "--origin", "portal.example.com/log/2"]);
    let second = ["--seal-key", "second.key", "--seal-log", "checkpoints.txt"];
    assert_eq!(begin_to_seal(&restored, &second), "A checkpoint of 50 events was signed.\n");
    let said = restored.done(&[&["verify"], &second[..]].concat());
    assert!(said.contains("✓ The first 50 are those that portal.example.com/log/2 signed."), "{said}");
}

fn verify_compares_the_database_with_what_was_signed(place: &Place) {
    sealed_demo(place);
    let said = place.done(&[&["verify"], &SEALS[..]].concat());
    assert!(said.contains("✓ The first 62 are those that portal.example.com/log signed."), "{said}");
    let without_a_key = place.done(&["verify"]);
    assert!(without_a_key.contains("whose signature these bear only a key can tell"), "{without_a_key}");
    testing::execute(&place.url, "delete from seal");
    let auditor = ["verify", "--checkpoint", "checkpoints.txt", "--key", "seal.pub"];
    assert!(place.done(&auditor).contains("✓ The first 62 are those"));
    assert!(place.done(&["verify"]).contains("Nothing is sealed"));
    let checkpoints = fs::read_to_string(place.file("checkpoints.txt")).expect("it was sealed");
    fs::write(place.file("checkpoints.txt"), checkpoints.replace("\n62\n", "\n61\n")).expect("room");
    let said = place.portal(&auditor);
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("✗ checkpoints.txt: the checkpoint of 61 events was changed"), "{}", said.out);
}

fn one_event_is_proven_by_its_evidence(place: &Place) {
    sealed_demo(place);
    let evidence = place.done(&["evidence", "9"]);
    fs::write(place.file("evidence.json"), &evidence).expect("room");
    let auditor = ["verify", "--evidence", "evidence.json", "--key", "seal.pub"];
    let said = place.done(&auditor);
    assert!(said.starts_with("✓ #9 is one of the 62 events that portal.example.com/log signed"), "{said}");
    fs::write(place.file("evidence.json"), evidence.replace("Acme", "Apex")).expect("room");
    let said = place.portal(&auditor);
    assert_eq!((said.code, said.out.contains("its event was changed")), (Some(1), true), "{said:?}");
    let note = evidence.split_once("\"checkpoint\":\"").expect("it has one").1;
    fs::write(place.file("evidence.json"), evidence.replace(note, &format!("as told:\\n{note}")))
        .expect("room");
    let said = place.portal(&auditor);
    assert!(said.code == Some(1) && said.out.contains("is not one, and nothing more"), "{said:?}");
    let mut full = place.command(&["evidence", "9"]);
    full.stdout(fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it"));
    let full = full.output().expect("it was built");
    assert_eq!(
        (full.status.code(), String::from_utf8_lossy(&full.stderr).contains("No space left")),
        (Some(1), true)
    );
    let said = place.portal(&["evidence", "63"]);
    assert_eq!((said.code, said.err.contains("there is no event #63")), (Some(1), true), "{said:?}");
}

/// Both look at every checkpoint of a file, in whichever order they stand there, and pass over one that was cut off.
#[test]
fn every_checkpoint_of_a_file_counts_for_both_verifiers() {
    let place = &Place::sqlite();
    sealed_demo(place);
    place.done(&["grant", "eve@example.com"]);
    assert_eq!(seal(place).code, Some(0));
    let (file, export) = (place.file("checkpoints.txt"), place.done(&["export"]));
    let log = fs::read_to_string(&file).expect("it was sealed");
    let (first, last) = log.split_at(log.find("\n\nportal.").expect("two of them") + 2);
    let cut = &last[..last.len() - 20];
    let short: Vec<&str> = export.lines().filter(|line| !line.starts_with("{\"position\":63,")).collect();
    let other = last.replacen("\n63\n", "\n62\n", 1);
    for (what, checkpoints, export, code) in [
        ("as it was written", log.clone(), export.clone(), 0),
        ("the last is cut off", format!("{first}\n{cut}"), export.clone(), 0),
        ("one is cut off and goes on", format!("{cut}\n\n{first}\n{last}"), export.clone(), 0),
        ("the end is missing", log.clone(), short.join("\n") + "\n", 1),
        ("the newest stands in front", format!("{last}\n{first}"), short.join("\n") + "\n", 1),
        ("a forged one stands in front", format!("{other}\n{first}"), export.clone(), 1),
        ("nobody signed", first.replace("— portal", "— other"), export.clone(), 1),
    ] {
        fs::write(&file, checkpoints).expect("room");
        fs::write(place.file("out.jsonl"), export).expect("room");
        let (said, scripts) = (elsewhere(place, "out.jsonl"), script(place));
        assert_eq!((said.code, scripts.code), (Some(code), Some(code)), "{what}: {said:?} {scripts:?}");
    }
}

#[test]
fn evidence_with_something_added_is_refused() {
    let place = &Place::sqlite();
    sealed_demo(place);
    let evidence = place.done(&["evidence", "9"]);
    let more = evidence.replacen("{\"position\":9,", "{\"position\":9,\"note\":\"all is well\",", 1);
    assert_ne!(more, evidence);
    fs::write(place.file("evidence.json"), more).expect("room");
    let said = place.portal(&["verify", "--evidence", "evidence.json", "--key", "seal.pub"]);
    assert_eq!((said.code, said.out.contains("note")), (Some(1), true), "{said:?}");
    let spaced = evidence.replacen(",\"leaf_index\"", ", \"leaf_index\"", 1);
    assert_ne!(spaced, evidence);
    fs::write(place.file("evidence.json"), spaced).expect("room");
    let said = place.portal(&["verify", "--evidence", "evidence.json", "--key", "seal.pub"]);
    let why = "it is not written as portal writes it";
    assert_eq!((said.code, said.out.contains(why)), (Some(1), true), "{said:?}");
    let (head, hash) = evidence.split_once("\"leaf_hash\":\"").expect("it has one");
    let capitals = format!("{head}\"leaf_hash\":\"{}{}", hash[..64].to_uppercase(), &hash[64..]);
    assert_ne!(capitals, evidence);
    fs::write(place.file("evidence.json"), capitals).expect("room");
    let said = place.portal(&["verify", "--evidence", "evidence.json", "--key", "seal.pub"]);
    assert_eq!((said.code, said.out.contains("leaf_hash: 64 lower-case")), (Some(1), true), "{said:?}");
}

fn either_engine_gives_the_same_checkpoint(place: &Place) {
    sealed_demo(place);
    let other = if place.url.starts_with("sqlite") { Place::postgres() } else { Place::sqlite() };
    place.done(&["export", &other.file("moved.jsonl").to_string_lossy()]);
    other.done(&["import", "moved.jsonl"]);
    fs::copy(place.file("seal.key"), other.file("seal.key")).expect("room");
    begin_to_seal(&other, &SEALS);
    let checkpoints = |place: &Place| fs::read(place.file("checkpoints.txt")).expect("it was sealed");
    assert_eq!(checkpoints(place), checkpoints(&other));
}

pub(super) fn make_key(place: &Place) {
    let public = place.done(&["keys", "seal.key", "--origin", "portal.example.com/log"]);
    fs::write(place.file("seal.pub"), public).expect("room");
}

pub(super) fn seal(place: &Place) -> Said {
    seal_with(place, &SEALS)
}

pub(super) fn seal_with(place: &Place, settings: &[&str]) -> Said {
    place.portal(&[&["seal"], settings].concat())
}

/// 62 events, all of them sealed.
pub(super) fn sealed_demo(place: &Place) {
    import_demo(place);
    make_key(place);
    assert_eq!(begin_to_seal(place, &SEALS), "A checkpoint of 62 events was signed.\n");
}

/// As an auditor verifies a file, who has no database.
pub(super) fn elsewhere(place: &Place, file: &str) -> Said {
    let mut command = bare(&["verify", "--from"]);
    command.arg(place.file(file)).arg("--checkpoint").arg(place.file("checkpoints.txt"));
    command
        .arg("--key")
        .arg(place.file("seal.pub"))
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
    run(command)
}

pub(super) fn script(place: &Place) -> Said {
    let mut command = Command::new("python3");
    command.arg(repository("docs/verify.py")).arg(place.file("out.jsonl"));
    command.arg(place.file("checkpoints.txt")).arg(place.file("seal.pub")).env("PYTHONUTF8", "1");
    run(command)
}

//! Files that somebody made crooked: what one verifier refuses, the other refuses as well.

use std::fs;
use std::process::Command;

use serde::Deserialize;

use super::program::{Place, Said, repository, run};
use super::proof::{elsewhere, script, sealed_demo};

/// A change of an export that no verifier may take: a line of `fixtures/crooked.jsonl`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Crooked {
    what: String,
    #[serde(default)]
    replace: String,
    #[serde(default)]
    with: String,
    /// What is put behind the file.
    #[serde(default)]
    behind: String,
}

impl Crooked {
    fn of(&self, export: &str) -> String {
        export.replacen(&self.replace, &self.with, 1) + &self.behind
    }
}

/// Whatever a verifier does not understand is a failure, and ours and the script refuse the same.
#[test]
fn crooked_files_are_refused_by_both_verifiers() {
    let place = &Place::sqlite();
    sealed_demo(place);
    let export = place.done(&["export"]);
    let list = fs::read_to_string(repository("fixtures/crooked.jsonl")).expect("it is there");
    let crooked =
        list.lines().map(|line| serde_json::from_str::<Crooked>(line).expect("a change of the file"));
    let ours = |file: &str| {
        fs::write(place.file("out.jsonl"), file).expect("room");
        (elsewhere(place, "out.jsonl"), script(place))
    };
    let (said, scripts) = ours(&export);
    assert_eq!((said.code, scripts.code), (Some(0), Some(0)), "{said:?} {scripts:?}");
    for change in crooked {
        let (what, file) = (&change.what, change.of(&export));
        assert_ne!(file, export, "{what}");
        let (said, scripts) = ours(&file);
        assert_eq!((said.code, scripts.code), (Some(1), Some(1)), "{what}: {said:?} {scripts:?}");
        assert!(scripts.err.starts_with("✗ "), "{what}: {scripts:?}");
    }
    let (key, signed) = (place.file("seal.pub"), place.file("checkpoints.txt"));
    let (public, note) =
        (fs::read_to_string(&key).expect("text"), fs::read_to_string(&signed).expect("text"));
    let id = public.split('+').nth(1).expect("an id").to_owned();
    fs::write(&key, public.replace(&id, "00000000")).expect("room");
    let (said, scripts) = ours(&export);
    assert_eq!((said.code, scripts.code), (Some(1), Some(1)), "another id: {said:?} {scripts:?}");
    fs::write(&key, &public).expect("room");
    fs::write(&signed, note.replace("— portal.example.com/log ", "— portal.example.com/log A"))
        .expect("room");
    let (said, scripts) = ours(&export);
    assert_eq!((said.code, scripts.code), (Some(1), Some(1)), "another signature: {said:?} {scripts:?}");
}

/// Both read the same out of a checkpoint log, whatever strangers put into it.
#[test]
fn crooked_checkpoints_say_the_same_to_both_verifiers() {
    let place = &Place::sqlite();
    sealed_demo(place);
    fs::write(place.file("out.jsonl"), place.done(&["export"])).expect("room");
    let file = place.file("checkpoints.txt");
    let log = fs::read_to_string(&file).expect("it was sealed");
    let (head, line) = log.trim_end().rsplit_once("\n\n").expect("a signature");
    let (_, own) = line.rsplit_once(' ').expect("two words");
    let letter = if own[40..].starts_with('A') { "B" } else { "A" };
    let forged = format!("— portal.example.com/log {}{letter}{}", &own[..40], &own[41..]);
    let note = |origin: &str, size: &str, lines: &str| {
        format!("{origin}\n{size}\n{}\n\n{lines}\n\n", "A".repeat(43) + "=")
    };
    let strangers: Vec<String> = (0..70).map(|n| format!("— s{n}.example.com {own}\n")).collect();
    let mut last = own.trim_end_matches('=').to_owned();
    let changed = match last.pop() {
        Some('A') => 'B',
        Some(letter) => char::from(u8::try_from(letter).expect("ASCII") + 1),
        None => 'A',
    };
    let padding = &own[last.len() + 1..];
    for (what, text, code) in [
        ("64 lines that are none", format!("{head}\n\n{}{line}\n", "— who what\n".repeat(64)), 0),
        ("64 times the same line", format!("{head}\n\n{}{line}\n", strangers[0].repeat(64)), 0),
        ("70 strangers", format!("{head}\n\n{}{line}\n", strangers.concat()), 1),
        ("a forged line behind 64", format!("{head}\n\n{line}\n{}{forged}\n", strangers[..63].concat()), 0),
        ("a forged line behind a true one", format!("{head}\n\n{line}\n{forged}\n"), 1),
        ("another origin with our line", note("other.example.com", "62", line) + &log, 1),
        ("another origin, another's line", note("other.example.com", "62", &strangers[0]) + &log, 0),
        (
            "more events than there are numbers",
            note("portal.example.com/log", "18446744073709551616", &forged) + &log,
            0,
        ),
        ("an origin that is none", note("a b", "62", &forged) + &log, 0),
        ("a space that is none of ASCII", note("a\u{a0}b", "62", line) + &log, 0),
        ("a control character", note("portal.example.com/\u{7}log", "62", line) + &log, 0),
        ("another control character", note("portal.example.com/\u{9b}log", "62", line) + &log, 0),
        ("a separator", note("portal.example.com/\u{1c}log", "62", line) + &log, 0),
        (
            "a root in another writing",
            note("portal.example.com/log", "62", &forged).replace("A=", "B=") + &log,
            0,
        ),
        (
            "a signature in another writing",
            format!("{head}\n\n— portal.example.com/log {last}{changed}{padding}\n"),
            1,
        ),
    ] {
        fs::write(&file, text).expect("room");
        let (said, scripts) = (elsewhere(place, "out.jsonl"), script(place));
        assert_eq!((said.code, scripts.code), (Some(code), Some(code)), "{what}: {said:?} {scripts:?}");
        assert!(!scripts.err.contains("Traceback"), "{what}: {scripts:?}");
    }
}

/// A key of which nothing can be read must not be taken for none: then nobody's signature would be checked.
#[test]
fn a_key_that_is_none_is_refused_by_both_verifiers() {
    let place = &Place::sqlite();
    sealed_demo(place);
    fs::write(place.file("out.jsonl"), place.done(&["export"])).expect("room");
    let public = fs::read_to_string(place.file("seal.pub")).expect("text");
    let public = public.trim();
    let (name, rest) = public.split_once('+').expect("a name");
    let (id, key) = rest.split_once('+').expect("an id");
    let witness = place.done(&["keys", "w.key", "--witness"]);
    let crooked: Vec<Vec<u8>> = vec![
        vec![],
        b"\n".to_vec(),
        b" \r\n\t".to_vec(),
        b"\0".to_vec(),
        vec![0xff, 0xfe],
        b"none".to_vec(),
        b"++".to_vec(),
        format!("+{id}+{key}").into_bytes(),
        format!("{name}++{key}").into_bytes(),
        format!("{name}+{id}").into_bytes(),
        format!("{name}+{id}+").into_bytes(),
        format!("{name}+{}+{key}", id.to_uppercase()).into_bytes(),
        format!("{name}+{id}0+{key}").into_bytes(),
        format!("{name}+{id}+{}", &key[..key.len() - 4]).into_bytes(),
        format!("{name}+{id}+ {key}").into_bytes(),
        format!("{name}+{id}+ключ").into_bytes(),
        format!("{public}\n{public}").into_bytes(),
        witness.into_bytes(),
    ];
    for text in crooked {
        let what = String::from_utf8_lossy(&text).into_owned();
        fs::write(place.file("seal.pub"), &text).expect("room");
        let (said, scripts) = (elsewhere(place, "out.jsonl"), script(place));
        assert_eq!((said.code, scripts.code), (Some(1), Some(1)), "{what:?}: {said:?} {scripts:?}");
        assert!(scripts.err.starts_with("✗ "), "{what:?}: {scripts:?}");
        fs::write(place.file("seal.pub"), public).expect("room");
        let scripts = script_with(place, &text);
        assert_eq!(scripts.code, Some(1), "{what:?} as a witness: {scripts:?}");
        assert!(scripts.err.starts_with("✗ "), "{what:?} as a witness: {scripts:?}");
    }
    fs::write(place.file("seal.pub"), public).expect("room");
    assert_eq!((elsewhere(place, "out.jsonl").code, script(place).code), (Some(0), Some(0)));
    fs::remove_file(place.file("seal.pub")).expect("it is there");
    let (said, scripts) = (elsewhere(place, "out.jsonl"), script(place));
    assert_eq!((said.code, scripts.code), (Some(1), Some(1)), "{said:?} {scripts:?}");
    assert!(scripts.err.starts_with("✗ "), "{scripts:?}");
}

/// The script, with the key of a witness in a file as well.
fn script_with(place: &Place, witness: &[u8]) -> Said {
    fs::write(place.file("w.pub"), witness).expect("room");
    let mut command = Command::new("python3");
    command.arg(repository("docs/verify.py"));
    for file in ["out.jsonl", "checkpoints.txt", "seal.pub", "w.pub"] {
        command.arg(place.file(file));
    }
    command.env("PYTHONUTF8", "1");
    run(command)
}

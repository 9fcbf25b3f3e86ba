//! `portal witness` and whoever asks it: checkpoints that the holder of the key alone can't make.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use projections::seal::{Cosigner, SignedCheckpoint};

use super::first_checkpoint::begin_to_seal;
use super::import_demo;
use super::program::{Place, Running, Said, repository, run};
use super::proof::{SEALS, make_key};

on_both_engines! {
    what_is_signed_is_cosigned_and_a_verifier_can_demand_it,
    what_is_cosigned_is_proven_without_our_program_and_event_by_event,
    a_witness_that_was_away_cosigns_what_it_missed,
    a_history_that_was_written_anew_is_cosigned_by_nobody,
}

#[test]
fn a_cosignature_that_is_too_old_for_what_came_since_is_refused_where_that_is_wanted() {
    let place = Place::sqlite();
    make_key(&place);
    place.done(&["grant", "ana@example.com"]);
    begin_to_seal(&place, &SEALS);
    let ours = Witness::new(&place, "ours");
    let key: Cosigner = fs::read_to_string(&ours.key).expect("it was made").parse().expect("a key");
    let file = place.file("checkpoints.txt");
    let note: SignedCheckpoint =
        fs::read_to_string(&file).expect("it was written").parse().expect("a checkpoint");
    let cosignature = key.cosign(&note.checkpoint, 1_700_000_000);
    fs::write(&file, note.with([cosignature]).text()).expect("room");
    fs::write(place.file("policy.txt"), format!("witness ours {}\nquorum ours\n", ours.public))
        .expect("room");
    let within = |hours: &str| {
        place.done(&["export", "out.jsonl"]);
        let files = ["verify", "--from", "out.jsonl", "--checkpoint", "checkpoints.txt"];
        place.portal(&[&files[..], &["--cosigned-within", hours], &WANTS].concat())
    };
    assert_eq!(within("24").code, Some(0), "nothing came since");
    place.done(&["grant", "bob@example.com"]);
    let said = within("24");
    assert!(said.out.contains("The 1 behind them are not cosigned."), "{said:?}");
    assert_eq!(
        (
            said.code,
            said.out.contains("✗ Enough of them have cosigned, and none of that is of the last 24 hours")
        ),
        (Some(1), true),
        "{said:?}"
    );
    assert_eq!(within("87600").code, Some(0));
}

const POLICY: [&str; 2] = ["--seal-policy", "policy.txt"];

/// Somebody else's machine with a witness on it.
struct Witness {
    name: &'static str,
    key: PathBuf,
    public: String,
    memory: PathBuf,
}

impl Witness {
    /// With a key and a memory that are kept where the log's own database is not.
    fn new(place: &Place, name: &'static str) -> Self {
        let key = place.file(&format!("{name}.key"));
        let public = place.done(&[
            "keys",
            &key.to_string_lossy(),
            "--witness",
            "--origin",
            &format!("{name}.example.com/w"),
        ]);
        fs::write(place.file(&format!("{name}.pub")), &public).expect("room");
        Self { name, key, public: public.trim().to_owned(), memory: place.file(name) }
    }

    fn start(&self, place: &Place, more: &[&str]) -> Running {
        let (key, memory) = (self.key.to_string_lossy(), self.memory.to_string_lossy());
        place.start(&[&["witness", "--key", &key, "--logs", "seal.pub", "--memory", &memory], more].concat())
    }

    fn line(&self, url: &str) -> String {
        format!("witness {} {} {url}\n", self.name, self.public)
    }
}

/// Two of three are enough.
fn policy(place: &Place, lines: &[String]) {
    let rule = "group enough 2 ours theirs third\nquorum enough\n";
    fs::write(place.file("policy.txt"), [lines.concat(), rule.to_owned()].concat()).expect("room");
}

fn url(running: &Running) -> String {
    format!("http://{}/", running.address)
}

const WANTS: [&str; 4] = ["--key", "seal.pub", "--policy", "policy.txt"];

fn verify(place: &Place) -> Said {
    place.done(&["export", "out.jsonl"]);
    let files = ["verify", "--from", "out.jsonl", "--checkpoint", "checkpoints.txt"];
    place.portal(&[&files[..], &WANTS].concat())
}

fn verify_evidence(place: &Place, text: String) -> Said {
    fs::write(place.file("evidence.json"), text).expect("room");
    place.portal(&[&["verify", "--evidence", "evidence.json"], &WANTS[..]].concat())
}

/// 62 events that two of three witnesses have cosigned; and the two.
fn cosigned_demo(place: &Place) -> [(Witness, Running); 2] {
    import_demo(place);
    make_key(place);
    let [ours, theirs, third] = ["ours", "theirs", "third"].map(|name| Witness::new(place, name));
    let running = [ours.start(place, &["--begin"]), theirs.start(place, &["--begin"])];
    let lines =
        [ours.line(&url(&running[0])), theirs.line(&url(&running[1])), third.line("http://127.0.0.1:1")];
    policy(place, &lines);
    assert_eq!(begin_to_seal(place, &SEALS), "A checkpoint of 62 events was signed.\n");
    let said = verify(place);
    assert_eq!(said.code, Some(1), "nobody was asked yet");
    assert!(said.out.contains("✗ no checkpoint here is cosigned as policy.txt wants it"), "{said:?}");
    let said = place.done(&[&["seal"], &SEALS[..], &POLICY].concat());
    let done = "✓ ours has cosigned 62 events.\n✓ theirs has cosigned 62 events.\n✗ third did not cosign it:";
    assert!(said.contains(done), "{said}");
    let [first, second] = running;
    [(ours, first), (theirs, second)]
}

/// The same by the script, which knows no policy and wants every witness that is named.
fn script_with(place: &Place, witnesses: &[&str]) -> Said {
    let mut command = Command::new("python3");
    command.arg(repository("docs/verify.py"));
    for file in ["out.jsonl", "checkpoints.txt", "seal.pub"] {
        command.arg(place.file(file));
    }
    for name in witnesses {
        command.arg(place.file(&format!("{name}.pub")));
    }
    command.env("PYTHONUTF8", "1");
    run(command)
}

fn what_is_signed_is_cosigned_and_a_verifier_can_demand_it(place: &Place) {
    let _running = cosigned_demo(place);
    let cosigned = "✓ The first 62 were cosigned as the policy wants it, by ours (";
    let said = verify(place);
    assert_eq!((said.code, said.out.contains(cosigned)), (Some(0), true), "{said:?}");
    for command in ["verify", "audit"] {
        let said = place.done(&[&[command, "--checkpoint", "checkpoints.txt"], &WANTS[..]].concat());
        assert!(said.contains(cosigned), "{command}: {said}");
    }
    // By the settings alone, as a job each night would.
    let said = place.done(&[&["verify"], &SEALS[..], &POLICY].concat());
    assert!(said.contains(cosigned), "{said}");
}

fn what_is_cosigned_is_proven_without_our_program_and_event_by_event(place: &Place) {
    let _running = cosigned_demo(place);
    verify(place);
    let script = script_with(place, &["ours", "theirs"]);
    let says = script.out.contains("✓ theirs.example.com/w has cosigned the first 62, at 20");
    assert_eq!((script.code, says), (Some(0), true), "{script:?}");
    let script = script_with(place, &["ours", "third"]);
    let says = script.err.contains("no checkpoint here is cosigned by third");
    assert_eq!((script.code, says), (Some(1), true), "{script:?}");
    let said = verify_evidence(place, place.done(&[&["evidence", "9"], &SEALS[..]].concat()));
    assert!(said.out.contains("✓ #9 is one of the 62 events"), "{said:?}");
    let said = verify_evidence(place, place.done(&["evidence", "9"]));
    assert!(said.out.contains("its checkpoint is not cosigned as the policy wants it"), "{said:?}");
    // Another time, or a signature that was made for another checkpoint, is found by both.
    let file = place.file("checkpoints.txt");
    let text = fs::read_to_string(&file).expect("it was written");
    let (_, line) = text.split_once("— ours.example.com/w ").expect("it is cosigned");
    fs::write(&file, text.replace(&line[6..16], "AAAAAGkAAA")).expect("room");
    let (said, script) = (verify(place), script_with(place, &["ours"]));
    assert!(said.out.contains("the cosignature of ours.example.com/w does not fit"), "{said:?}");
    assert!(script.err.contains("the cosignature of ours.example.com/w does not fit"), "{script:?}");
}

fn a_witness_that_was_away_cosigns_what_it_missed(place: &Place) {
    let [(ours, first), (theirs, second)] = cosigned_demo(place);
    second.terminate();
    place.done(&["grant", "eve@example.com"]);
    let said = place.done(&[&["seal"], &SEALS[..], &POLICY].concat());
    assert!(said.contains("✓ ours has cosigned 63 events.\n✗ theirs did not cosign it: "), "{said}");
    let said = verify(place);
    assert!(said.out.contains("✓ The first 62 were cosigned"), "of 63 there are not enough: {said:?}");
    let says = said.out.contains("The 1 behind them are not cosigned.");
    assert_eq!((said.code, says), (Some(0), true), "{said:?}");
    let second = theirs.start(place, &[]);
    let third = Witness::new(place, "fourth");
    let away = third.line("http://127.0.0.1:1").replace("witness fourth", "witness third");
    policy(place, &[ours.line(&url(&first)), theirs.line(&url(&second)), away]);
    place.done(&[&["seal"], &SEALS[..], &POLICY].concat());
    assert!(verify(place).out.contains("✓ The first 63 were cosigned"), "now there are");
}

/// Whoever owns the database, the key and the machine writes a history anew and has it signed. The witnesses have seen the
/// other one.
fn a_history_that_was_written_anew_is_cosigned_by_nobody(place: &Place) {
    make_key(place);
    let [ours, theirs, third] = ["ours", "theirs", "third"].map(|name| Witness::new(place, name));
    let running = [&ours, &theirs, &third].map(|witness| witness.start(place, &["--begin"]));
    let lines =
        [&ours, &theirs, &third].into_iter().zip(&running).map(|(witness, at)| witness.line(&url(at)));
    policy(place, &lines.collect::<Vec<_>>());
    let true_one = Place::sqlite();
    for name in ["seal.key", "seal.pub", "policy.txt"] {
        fs::copy(place.file(name), true_one.file(name)).expect("room");
    }
    for somebody in ["ana@example.com", "bob@example.com", "cai@example.com"] {
        true_one.done(&["grant", somebody]);
    }
    begin_to_seal(&true_one, &[&SEALS[..], &POLICY].concat());
    assert_eq!(verify(&true_one).code, Some(0));
    // Fewer events, then as many, then more: none of them those that were seen.
    let ahead = "it has cosigned 3 events of this log, and here are 1";
    for (events, why) in [(1, ahead), (3, "another root"), (4, "not proven")] {
        for number in 0..events {
            place.done(&["grant", &format!("eve{number}@example.com"), "--role", "auditor"]);
        }
        if events == 1 {
            begin_to_seal(place, &SEALS);
        }
        let said = place.portal(&[&["seal"], &SEALS[..], &POLICY].concat());
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.out.contains("✗ ours did not cosign it: ") && said.out.contains(why), "{why}: {said:?}");
        let said = verify(place);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.out.contains("✗ no checkpoint here is cosigned as policy.txt wants it"), "{said:?}");
    }
}

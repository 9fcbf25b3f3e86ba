//! `/admin/history/proof` and what it hands out, checked as an auditor does: by `portal verify`, with files alone.

use std::fs;
use std::path::{Path, PathBuf};

use projections::seal::SigningKey;
use tempfile::TempDir;

use crate::cli::program::{Said, bare, run};
use crate::client::Client;
use crate::history::a_past;
use crate::world::World;

const PROOF: &str = "/admin/history/proof";

async fn without_a_key_the_page_says_how_to_begin(world: World) {
    let (ana, olga) = (world.operator().await, world.auditor().await);
    for client in [ana, olga] {
        let page = client.get(PROOF).await;
        page.is(200).shows("No signing key is configured").shows("docs/PROOF.md").shows("PORTAL_SEAL_LOG=");
        page.shows("portal keys /etc/portal/seal.key --origin 127.0.0.1:8080/log");
        for file in ["key", "checkpoints", "checkpoint?at=0"] {
            client.get(&format!("{PROOF}/{file}")).await.is(404).shows("No signing key is configured");
        }
    }
}

async fn the_page_says_how_much_is_sealed_and_hands_out_what_proves_it(world: World) {
    let (world, desk) = sealing(&world).await;
    let (ana, acme, _) = a_past(&world).await;
    let olga = world.auditor().await;
    // The one that says how the log began.
    olga.get(PROOF).await.is(200).shows("0 events").hides("Last checkpoint");
    let first = olga.get(&format!("{PROOF}/checkpoints")).await.is(200).body.clone();
    assert!(first.starts_with("portal.example.com/log\n0\n"), "{first}");
    world.seal().await.expect("nothing stands against it");
    world.suspended(acme, "The invoice of April").await;
    let page = olga.get(PROOF).await;
    page.is(200).shows("7 events").shows("1 event<").shows("portal.example.com/log").shows("this key");
    page.shows("portal verify --from history-8.ndjson \\\n    --checkpoint checkpoints.txt --key seal.pub");
    let key = desk.take(&olga, "seal.pub", &format!("{PROOF}/key")).await;
    page.shows(key.trim());
    let checkpoints = desk.take(&olga, "checkpoints.txt", &format!("{PROOF}/checkpoints")).await;
    let (_, last) = checkpoints.split_at(first.len() + 1);
    page.shows(last.lines().nth(2).expect("a root"));
    let at = format!("{PROOF}/checkpoint?at={}", first.len() + 1);
    assert_eq!(desk.take(&olga, "checkpoint-7.txt", &at).await, last);
    assert_eq!(desk.take(&olga, "checkpoint-0.txt", &format!("{PROOF}/checkpoint?at=0")).await, first);
    olga.get(&format!("{PROOF}/checkpoint?at=1")).await.is(404).shows("No checkpoint begins");
    desk.take(&olga, "history-8.ndjson", "/admin/history/export?format=ndjson").await;
    for checkpoint in ["checkpoints.txt", "checkpoint-7.txt"] {
        let said =
            desk.verify(&["--from", "history-8.ndjson", "--checkpoint", checkpoint, "--key", "seal.pub"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.contains("✓ The first 7 are those that portal.example.com/log signed."), "{said:?}");
    }
    ana.get("/admin/history/exports").await.is(200).shows("the checkpoints").shows("everything");
}

async fn older_checkpoints_are_found_page_by_page(world: World) {
    let (world, desk) = sealing(&world).await;
    let ana = world.operator().await;
    let sealer = world.app.sealer.clone().expect("it seals");
    let other = SigningKey::new("other.example.com/log", &[7; 32]).expect("a plain origin");
    for (size, key) in (1..=40).map(|size| (size, if size == 3 { &other } else { &sealer.key })) {
        sealer.log.append(&key.sign(size, [9; 32])).expect("room");
    }
    let text = fs::read_to_string(desk.file("checkpoints.txt")).expect("it was written");
    fs::write(desk.file("checkpoints.txt"), text.replace("/log\n2\n", "/log\n222\n")).expect("room");
    let page = ana.get(PROOF).await;
    page.is(200).shows("the checkpoint of 40 events").hides("the checkpoint of 15 events");
    let older = page.body.split("before=").nth(1).and_then(|rest| rest.split('"').next()).expect("a pager");
    let page = ana.get(&format!("{PROOF}?before={older}")).await;
    page.is(200)
        .shows("the checkpoint of 15 events")
        .shows("the checkpoint of 1 events")
        .hides("of 16 events");
    page.shows("another key, other.example.com/log").shows("data-status=\"changed\"").hides("before=");
    for wrong in ["x", "-1", "99999999999999999999"] {
        ana.get(&format!("{PROOF}?before={wrong}")).await.is(400);
    }
    ana.get(&format!("{PROOF}?before=0")).await.is(200).shows("There is no checkpoint here");
}

async fn why_nothing_is_signed_is_told_until_it_is(world: World) {
    let (world, desk) = sealing(&world).await;
    let (ana, acme, _) = a_past(&world).await;
    world.seal().await.expect("nothing stands against it");
    let signed = fs::read_to_string(desk.file("checkpoints.txt")).expect("it was written");
    fs::write(desk.file("checkpoints.txt"), signed.replace("\n6\n", "\n5\n")).expect("room");
    world.suspended(acme, "The invoice of April").await;
    world.seal().await.expect_err("the last checkpoint was changed");
    let page = ana.get(PROOF).await;
    page.is(200).shows("Nothing is signed now").shows("When sealing is refused").shows("changed");
    page.shows("the checkpoint of 5 events bears no signature of this key");
    fs::write(desk.file("checkpoints.txt"), signed).expect("room");
    world.seal().await.expect("it was put right");
    ana.get(PROOF).await.is(200).hides("Nothing is signed now").shows("7 events");
    fs::remove_file(desk.file("checkpoints.txt")).expect("it was there");
    fs::create_dir(desk.file("checkpoints.txt")).expect("room");
    ana.get(PROOF).await.is(200).shows("The checkpoint log can’t be read");
}

async fn an_export_of_a_part_is_signed_as_complete(world: World) {
    let (world, desk) = sealing(&world).await;
    let (ana, ..) = a_past(&world).await;
    let file =
        desk.take(&ana, "history-6.ndjson", "/admin/history/export?format=ndjson&org=acme&q=march").await;
    assert_eq!(file.lines().count(), 3, "{file}");
    let said = desk.verify_export(&file);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(
        said.out,
        "✓ 1 events, each as it was written, in order.\n✓ portal.example.com/log signed that these are all events \
         up to #6 for which the question was: q is \"march\" and org is \"acme\".\n"
    );
    let all = ana.get("/admin/history/export?format=ndjson").await.body;
    assert!(desk.verify_export(&all).out.ends_with("signed that these are all events up to #6.\n"));
    let csv = ana.get("/admin/history/export?format=csv").await.body;
    assert!(desk.verify_export(&csv).out.contains("is no event and no manifest"));
}

/// What says that nothing is signed now must not sign anything else.
async fn whoever_may_not_seal_signs_no_export(world: World) {
    let (sealing, desk) = sealing(&world).await;
    let (ana, ..) = a_past(&sealing).await;
    let url = "/admin/history/export?format=ndjson";
    assert_eq!(desk.verify_export(&ana.get(url).await.body).code, Some(0));
    let log = desk.file("checkpoints.txt");
    let kept = fs::read_to_string(&log).expect("it was begun");
    let forgetful = sealing.with(|settings| settings.seal_log = Some(desk.file("empty.txt")));
    let other = SigningKey::new("portal.example.com/log", &[9; 32]).expect("a plain origin").sign(2, [9; 32]);
    fs::write(&log, format!("{kept}\n{}", other.text())).expect("room");
    let contradicted = sealing.with(|_| ());
    for world in [forgetful, contradicted] {
        let file = world.signed_in(ana.person()).await.get(url).await.body;
        let said = desk.verify_export(&file);
        assert!(said.code == Some(1) && said.out.contains("it is not signed"), "{said:?}");
    }
}

async fn what_was_done_to_an_export_is_told(world: World) {
    let (sealing, desk) = sealing(&world).await;
    let (ana, ..) = a_past(&sealing).await;
    let url = "/admin/history/export?format=ndjson&org=acme";
    let file = ana.get(url).await.body;
    let lines: Vec<&str> = file.split_inclusive('\n').collect();
    let unsigned = world.signed_in(ana.person()).await.get(url).await.body;
    let (other, _its_files) = self::sealing(&world).await;
    let foreign = other.signed_in(ana.person()).await.get(url).await.body;
    assert_eq!(desk.verify_export(&file).code, Some(0));
    for (changed, told) in [
        (file.replace("March", "April"), "#4 was changed: its hash is not the hash of what stands there"),
        ([lines[1], lines[0], &lines[2..].concat()].concat(), "#2 stands behind #4: lines were swapped"),
        (lines[1..].concat(), "2 events stand here, and the manifest is of 3"),
        (file[..lines[0].len() + 40].to_owned(), "the file was cut off behind #2"),
        (file.replace("org=acme", "org=beta"), "its manifest was changed"),
        (foreign, "it is signed by another key than this one"),
        (unsigned, "it is not signed: whoever had it in their hands may have changed it"),
        (String::new(), "the file was cut off at its beginning"),
    ] {
        let said = desk.verify_export(&changed);
        assert_eq!(said.code, Some(1), "{told}: {said:?}");
        assert!(
            said.out.contains(&format!("✗ {}: {told}", desk.file("export.ndjson").display())),
            "{told}: {said:?}"
        );
    }
}

engines! {
    without_a_key_the_page_says_how_to_begin,
    the_page_says_how_much_is_sealed_and_hands_out_what_proves_it,
    older_checkpoints_are_found_page_by_page,
    why_nothing_is_signed_is_told_until_it_is,
    an_export_of_a_part_is_signed_as_complete,
    whoever_may_not_seal_signs_no_export,
    what_was_done_to_an_export_is_told,
}

/// The same world with a key, which `portal keys` made, and the folder with its files.
pub(crate) async fn sealing(world: &World) -> (World, ConsolePage) {
    let desk = ConsolePage(tempfile::tempdir().expect("room"));
    let mut keys = bare(&["keys", "--origin", "portal.example.com/log"]);
    keys.arg(desk.file("seal.key"));
    fs::write(desk.file("seal.pub"), run(keys).out).expect("room");
    let world = world.with(|settings| {
        settings.seal_key = Some(desk.file("seal.key"));
        settings.seal_log = Some(desk.file("checkpoints.txt"));
    });
    let sealer = world.app.sealer.as_ref().expect("it has a key");
    sealer.begin(&world.app.db).await.expect("it can be read");
    if world.position().await > 0 {
        let why = format!("{:#}", sealer.seal(&world.app.db).await.expect_err("it remembers nothing"));
        let (_, named) = why.rsplit_once("--trust ").expect("it says what to run");
        sealer.trust(&world.app.db, named).await.expect("it is so");
    }
    (world, desk)
}

/// Where an auditor keeps what was handed out.
pub(crate) struct ConsolePage(TempDir);

impl ConsolePage {
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Saves what a link leads to under the name that it comes with.
    async fn take(&self, client: &Client, name: &str, url: &str) -> String {
        let answer = client.get(url).await;
        let disposition = format!("attachment; filename=\"{name}\"");
        assert_eq!(answer.is(200).header("content-disposition"), Some(disposition.as_str()), "{url}");
        if self.file(name).exists() {
            assert_eq!(fs::read_to_string(self.file(name)).expect("text"), answer.body, "{url}");
        }
        fs::write(self.file(name), &answer.body).expect("room");
        answer.body
    }

    fn verify(&self, arguments: &[&str]) -> Said {
        let mut command = bare(&["verify"]);
        command.args(arguments).current_dir(self.0.path()).env("DATABASE_URL", "sqlite:///nowhere/none.db");
        run(command)
    }

    pub(crate) fn verify_export(&self, text: &str) -> Said {
        fs::write(self.file("export.ndjson"), text).expect("room");
        let path = |name: &str| Path::to_string_lossy(&self.file(name)).into_owned();
        self.verify(&["--export", &path("export.ndjson"), "--key", &path("seal.pub")])
    }
}

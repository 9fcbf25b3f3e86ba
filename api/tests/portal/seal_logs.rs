//! Several processes with a checkpoint log each, and a database that is rewound between them: no second root is signed
//! for what any of them has signed.

use domain::org::LifecycleCommand;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use api::app::App;
use api::clock;
use api::config::Settings;
use api::signer::{CheckpointSigner, SealOutcome};
use projections::auditor::Auditor;
use projections::seal::{Cosigner, SignedCheckpoint, SigningKey};
use projections::{testing, transfer};
use tempfile::TempDir;

use crate::world::World;

const ORIGIN: &str = "portal.example.com/log";

async fn what_the_log_of_another_process_holds_is_not_contradicted(world: World) {
    let desk = ConsolePage::new();
    let (first, then) = (desk.process(&world, "first.txt", &[]).await, rewound(&world).await);
    signed(&first, &world.app).await;
    let second = desk.process(&then, "second.txt", &["first.txt"]).await;
    let why = second.seal(&then.app.db).await.expect_err("the first has signed another root");
    assert!(format!("{why:#}").contains("the log does not begin with the 6 events"), "{why:#}");
    assert!(desk.sizes("second.txt").is_empty());
    let second = desk.process(&then, "third.txt", &["first.txt", "nowhere.txt"]).await;
    let why = second.seal(&then.app.db).await.expect_err("one of the logs is not there");
    assert!(format!("{why:#}").starts_with("PORTAL_SEAL_OTHER_LOGS: "), "{why:#}");
    assert!(format!("{why:#}").contains("nowhere.txt"), "{why:#}");
}

async fn what_one_process_signs_is_added_to_the_log_of_every_other(world: World) {
    let desk = ConsolePage::new();
    let (first, second) =
        (desk.process(&world, "first.txt", &[]).await, desk.process(&world, "second.txt", &[]).await);
    let then = rewound(&world).await;
    signed(&first, &world.app).await;
    second.compare(&world.app.db).await.expect("nothing stands against it");
    assert_eq!(desk.read("second.txt"), desk.read("first.txt"));
    second.compare(&world.app.db).await.expect("nothing stands against it");
    assert_eq!(desk.sizes("second.txt"), [0, 6], "once is enough");
    let why = second.seal(&then.app.db).await.expect_err("it was signed by the first");
    assert!(format!("{why:#}").contains("the log does not begin with the 6 events"), "{why:#}");
}

async fn a_process_that_is_behind_hears_of_it_from_one_that_is_not(world: World) {
    let desk = ConsolePage::new();
    let first = desk.process(&world, "first.txt", &[]).await;
    let then = rewound(&world).await;
    signed(&first, &world.app).await;
    let why = first.compare(&then.app.db).await.expect_err("the database was rewound");
    assert!(format!("{why:#}").contains("the log does not begin with the 6 events"), "{why:#}");
    let failure = first.last_attempt().and_then(|attempt| attempt.failure).expect("it is told");
    assert!(failure.contains("docs/PROOF.md"), "{failure}");
    let second = desk.process(&then, "second.txt", &[]).await;
    let named = as_it_is(&second, &then).await;
    let why = second.trust(&then.app.db, &named).await.expect_err("the first has told it");
    assert!(format!("{why:#}").contains("the log does not begin with the 6 events"), "{why:#}");
    assert!(desk.sizes("second.txt").is_empty());
    let anew = desk.process_with("other.key", "portal.example.com/log/2", &then, "second.txt");
    anew.trust(&then.app.db, &as_it_is(&anew, &then).await).await.expect("another origin");
    assert_eq!(anew.seal(&then.app.db).await.expect("nothing stands against it"), SealOutcome::AlreadySo(6));
}

/// The database's owner wrote another history with every hash fitted, and left of what was signed what fits it, or nothing.
async fn a_rewritten_history_is_signed_by_no_process_that_remembers_nothing(world: World) {
    let desk = ConsolePage::new();
    let first = desk.process(&world, "first.txt", &[]).await;
    for number in 1..=3 {
        world.org(&format!("org-{number}")).await;
    }
    first.seal(&world.app.db).await.expect("nothing stands against it");
    fs::copy(desk.file("first.txt"), desk.file("early.txt")).expect("room");
    let then = went_on_differently(&world).await;
    signed(&first, &world.app).await;
    let fresh = desk.process(&then, "fresh.txt", &[]).await;
    as_it_is(&fresh, &then).await;
    // Signed with the true key, of the part that was left as it was.
    let early = desk.process(&then, "early.txt", &[]).await;
    early.compare(&then.app.db).await.expect("nothing stands against it");
    assert_eq!(early.seal(&then.app.db).await.expect("it has heard of nothing else"), SealOutcome::Signed(6));
    let other = desk.process(&then, "other.txt", &[]).await;
    let why = other.seal(&then.app.db).await.expect_err("a checkpoint in the database vouches for nothing");
    assert!(format!("{why:#}").starts_with("nobody here remembers"), "{why:#}");
    other.compare(&then.app.db).await.expect("that is said where something is to be signed");
    assert!(desk.sizes("fresh.txt").is_empty() && desk.sizes("other.txt").is_empty());
}

async fn a_process_that_remembers_nothing_asks_those_that_run(world: World) {
    let desk = ConsolePage::new();
    let first = desk.process(&world, "first.txt", &[]).await;
    for number in 1..=3 {
        world.org(&format!("org-{number}")).await;
    }
    first.seal(&world.app.db).await.expect("nothing stands against it");
    let second = desk.process(&world, "second.txt", &[]).await;
    as_it_is(&second, &world).await;
    first.compare(&world.app.db).await.expect("nothing stands against it");
    assert_eq!(second.seal(&world.app.db).await.expect("the first has answered"), SealOutcome::AlreadySo(3));
    assert_eq!(desk.sizes("second.txt"), [3]);
}

/// An answer is taken only from whoever has the key, and only to what was asked.
async fn an_answer_that_nobody_gave_is_none(world: World) {
    let desk = ConsolePage::new();
    let first = desk.process(&world, "first.txt", &[]).await;
    world.org("org-1").await;
    first.seal(&world.app.db).await.expect("nothing stands against it");
    let url = &world.app.settings.database_url;
    let second = desk.process(&world, "second.txt", &[]).await;
    first.compare(&world.app.db).await.expect("nothing stands against it");
    testing::execute(url, "create table kept as select * from seal_question");
    second.seal(&world.app.db).await.expect("the first has answered");
    let third = desk.process(&world, "third.txt", &[]).await;
    testing::execute(
        url,
        "update seal_question set checkpoint = (select checkpoint from kept), signature = (select signature from kept)",
    );
    as_it_is(&third, &world).await;
    assert!(desk.sizes("third.txt").is_empty());
    testing::execute(url, "drop table kept");
    // It asks again, and hears what the first has to say.
    first.compare(&world.app.db).await.expect("nothing stands against it");
    assert_eq!(third.seal(&world.app.db).await.expect("the first has answered"), SealOutcome::AlreadySo(1));
}

async fn a_log_that_was_lost_under_a_running_process_begins_with_what_is_remembered(world: World) {
    let desk = ConsolePage::new();
    let first = desk.process(&world, "first.txt", &[]).await;
    let then = rewound(&world).await;
    signed(&first, &world.app).await;
    fs::remove_file(desk.file("first.txt")).expect("it was written");
    first.seal(&then.app.db).await.expect_err("it remembers what it signed");
    first.seal(&world.app.db).await.expect("it is the right database again");
    assert_eq!(desk.sizes("first.txt"), [6]);
}

/// The database's owner knows what was signed, and can put more below it, there and in answers.
async fn lines_that_somebody_put_below_a_checkpoint_get_into_no_log(world: World) {
    let desk = ConsolePage::new();
    let first = desk.process(&world, "first.txt", &[]).await;
    let second = desk.process(&world, "second.txt", &[]).await;
    world.org("acme").await;
    first.seal(&world.app.db).await.expect("nothing stands against it");
    let junk = Cosigner::new("stranger.example.com/w", &[9; 32]).expect("a plain name");
    let mut signed = None;
    SignedCheckpoint::each(desk.read("first.txt").as_bytes(), |checkpoint| signed = Some(checkpoint))
        .expect("text");
    let signed = signed.expect("it was signed");
    let line = junk.cosign(&signed.checkpoint, 1_700_000_000);
    let put = format!("update seal set checkpoint = checkpoint || '{line}' || chr(10)");
    let put = if world.app.db.engine() == "sqlite" { put.replace("chr(", "char(") } else { put };
    testing::execute(&world.app.settings.database_url, put.leak());
    second.compare(&world.app.db).await.expect("nothing stands against it");
    assert_eq!(desk.read("second.txt"), desk.read("first.txt"));
    assert_eq!(desk.sizes("second.txt"), [0, 1]);
}

/// Whoever owns the database puts a checkpoint there that nobody signed, or says that all of this is a copy.
async fn what_the_database_says_of_itself_stops_no_process_that_knows_better(world: World) {
    let desk = ConsolePage::new();
    let first = desk.process(&world, "first.txt", &[]).await;
    world.org("acme").await;
    first.seal(&world.app.db).await.expect("nothing stands against it");
    let url = &world.app.settings.database_url;
    testing::execute(
        url,
        "update seal set checkpoint = replace(checkpoint, 'portal.example.com/log ', 'portal.example.com/log A')",
    );
    world.org("bolt").await;
    first.compare(&world.app.db).await.expect("it was signed by nobody");
    assert_eq!(first.seal(&world.app.db).await.expect("it was signed by nobody"), SealOutcome::Signed(2));
    testing::execute(url, "insert into copied (one, up_to) values (1, 1)");
    world.org("cord").await;
    assert_eq!(first.seal(&world.app.db).await.expect("more of it was signed"), SealOutcome::Signed(3));
    assert_eq!(desk.sizes("first.txt"), [0, 1, 2, 3]);
    let kept = first.kept().await;
    let mut auditor = Auditor::new(world.app.db.clone(), Some(first.key.public()));
    let state = auditor.turn(kept, clock::now()).await.expect("readable");
    let told: Vec<String> = state.findings.iter().map(ToString::to_string).collect();
    assert!(
        matches!(told.as_slice(), [one] if one.contains("3 events here are what was signed")),
        "{told:?}"
    );
}

/// A pipe into which nobody writes stands for a disk that is gone.
async fn a_checkpoint_log_that_hangs_is_told_and_keeps_no_auditor_waiting(world: World) {
    let desk = ConsolePage::new();
    let pipe = desk.file("gone.txt");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
    assert!(made.success());
    let sealer = desk.made(&world, "first.txt", &["gone.txt"]);
    let why = sealer.seal(&world.app.db).await.expect_err("it can't be read");
    assert!(format!("{why:#}").contains("gives no answer within 5 seconds"), "{why:#}");
    assert!(sealer.last_attempt().and_then(|attempt| attempt.failure).is_some());
    let began = std::time::Instant::now();
    assert_eq!(sealer.kept().await, []);
    assert!(began.elapsed().as_secs() < 20);
}

/// A pipe into which nobody writes stands for a file that is slow to read.
async fn nobody_waits_while_a_log_is_read(world: World) {
    let desk = ConsolePage::new();
    let pipe = desk.file("slow.txt");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
    assert!(made.success());
    let sealer = desk.made(&world, "first.txt", &["slow.txt"]);
    let org = world.org("acme").await;
    let db = world.app.db.clone();
    let sealing = tokio::spawn(async move { sealer.seal(&db).await });
    for number in 0..3 {
        world.org(&format!("beta-{number}")).await;
        tokio::task::yield_now().await;
    }
    world.suspended(org, "The invoice of April").await;
    assert!(!sealing.is_finished(), "it still reads");
    let writing = tokio::task::spawn_blocking(move || fs::OpenOptions::new().write(true).open(pipe));
    let why = sealing.await.expect("no panic").expect_err("a pipe is no checkpoint log");
    assert!(format!("{why:#}").contains("this is not a file"), "{why:#}");
    writing.await.expect("no panic").expect("somebody reads");
}

/// Whatever it says then is nobody's word, and no checkpoint is to say that it were.
async fn what_somebody_changed_is_shown_as_that_and_signed_by_nobody(world: World) {
    let desk = ConsolePage::new();
    let sealer = desk.process(&world, "first.txt", &[]).await;
    let ana = world.operator().await;
    let acme = world.org("acme").await;
    world.suspended(acme, "The invoice of April").await;
    let position = world.position().await;
    world.given(acme, domain::org::OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    let page = format!("/admin/history/{position}");
    let pages = [&*page, "/admin/history", "/admin/history/read-models", "/admin/history/proof"];
    sealer.seal(&world.app.db).await.expect("nothing stands against it");
    for page in pages {
        ana.get(page).await.is(200).hides("Somebody changed");
    }
    world.change(["April", "March"]);
    for page in pages {
        ana.get(page).await.is(200).shows("Somebody changed").hides("The invoice of April");
    }
    let told = ana.get(&page).await;
    told.shows("was changed after it was written")
        .shows("This can't be shown.")
        .hides("<td>The invoice of March");
    ana.get("/admin/history/export?format=csv").await.is(200).shows("was changed after it was written");
    for of_the_same in [position, position + 1] {
        ana.get(&format!("/admin/history/{of_the_same}/revert")).await.is(409);
    }
    world.org("bolt").await;
    let why = sealer.seal(&world.app.db).await.expect_err("an event was changed");
    assert!(format!("{why:#}").contains(&format!("#{position} was changed")), "{why:#}");
    world.change(["March", "April"]);
    for page in pages {
        ana.get(page).await.is(200).hides("Somebody changed");
    }
    sealer.seal(&world.app.db).await.expect("it is as it was");
}

/// Whoever holds the row of the seal keeps a process from looking whether the log is empty, and not from asking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_nobody_could_look_at_is_not_taken_for_empty_on_postgres() {
    let (world, desk) = (World::on_postgres().await, ConsolePage::new());
    world.org("acme").await;
    let held = projections::seal::SealStep::begin(&world.app.db, ORIGIN)
        .await
        .expect("readable")
        .expect("nobody is at it");
    let fresh = desk.process(&world, "fresh.txt", &[]).await;
    held.end().await.expect("it was ours");
    as_it_is(&fresh, &world).await;
    assert!(desk.sizes("fresh.txt").is_empty());
}

engines! {
    what_somebody_changed_is_shown_as_that_and_signed_by_nobody,
    what_the_log_of_another_process_holds_is_not_contradicted,
    what_one_process_signs_is_added_to_the_log_of_every_other,
    a_process_that_is_behind_hears_of_it_from_one_that_is_not,
    a_rewritten_history_is_signed_by_no_process_that_remembers_nothing,
    a_process_that_remembers_nothing_asks_those_that_run,
    an_answer_that_nobody_gave_is_none,
    a_log_that_was_lost_under_a_running_process_begins_with_what_is_remembered,
    nobody_waits_while_a_log_is_read,
    lines_that_somebody_put_below_a_checkpoint_get_into_no_log,
    what_the_database_says_of_itself_stops_no_process_that_knows_better,
    a_checkpoint_log_that_hangs_is_told_and_keeps_no_auditor_waiting,
}

/// Brings the log to six events and signs them.
async fn signed(sealer: &CheckpointSigner, app: &App) {
    assert_eq!(app.log.last_position().await.expect("readable"), 6);
    assert_eq!(sealer.seal(&app.db).await.expect("nothing stands against it"), SealOutcome::Signed(6));
}

/// What a process that remembers nothing says that somebody would have to trust: nothing is signed.
async fn as_it_is(sealer: &CheckpointSigner, world: &World) -> String {
    let why = sealer.seal(&world.app.db).await.expect_err("it remembers nothing");
    let why = format!("{why:#}");
    assert!(why.starts_with("nobody here remembers what was signed of portal.example.com/log"), "{why}");
    why.rsplit_once("portal seal --trust ").expect("it says what to run").1.to_owned()
}

/// Six events here; and a database of the same engine as it was after three, which went on differently.
async fn rewound(world: &World) -> World {
    for number in 1..=3 {
        world.org(&format!("org-{number}")).await;
    }
    went_on_differently(world).await
}

/// A database of the same engine with the same three events, both of which come to six.
async fn went_on_differently(world: &World) -> World {
    let mut file = vec![];
    transfer::export(&world.app.log, &mut file, |_| ()).await.expect("room");
    let then = match world.app.db.engine() {
        "sqlite" => World::on_sqlite().await,
        _ => World::on_postgres().await,
    };
    transfer::import(&then.app.log, file.as_slice(), |_| ()).await.expect("it was exported");
    for number in 4..=6 {
        world.org(&format!("org-{number}")).await;
        then.org(&format!("other-{number}")).await;
    }
    then
}

/// Where keys and checkpoint logs are.
struct ConsolePage(TempDir);

impl ConsolePage {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("room"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, log: &str) -> String {
        fs::read_to_string(self.file(log)).expect("it was begun")
    }

    /// Of the checkpoints in a log, in their order.
    fn sizes(&self, log: &str) -> Vec<u64> {
        let mut sizes = vec![];
        SignedCheckpoint::each(self.read(log).as_bytes(), |signed| sizes.push(signed.checkpoint.size))
            .expect("text");
        sizes
    }

    /// What signs in one process, with a checkpoint log of its own, once it has seen how the log begins or has asked.
    async fn process(&self, world: &World, own: &str, others: &[&str]) -> Arc<CheckpointSigner> {
        let sealer = self.made(world, own, others);
        let _its_files_may_be_unreadable = sealer.begin(&world.app.db).await;
        sealer
    }

    fn made(&self, world: &World, own: &str, others: &[&str]) -> Arc<CheckpointSigner> {
        let others = others.iter().map(|other| self.file(other)).collect();
        self.sealer("seal.key", ORIGIN, world, |settings| {
            settings.seal_log = Some(self.file(own));
            settings.seal_other_logs = others;
        })
    }

    fn process_with(&self, key: &str, origin: &str, world: &World, own: &str) -> Arc<CheckpointSigner> {
        self.sealer(key, origin, world, |settings| settings.seal_log = Some(self.file(own)))
    }

    fn sealer(
        &self,
        key: &str,
        origin: &str,
        world: &World,
        change: impl FnOnce(&mut Settings),
    ) -> Arc<CheckpointSigner> {
        let private = SigningKey::new(origin, &[7; 32]).expect("a plain origin");
        fs::write(self.file(key), private.text()).expect("room");
        let mut settings = Settings::clone(&world.app.settings);
        settings.seal_key = Some(self.file(key));
        change(&mut settings);
        Arc::new(CheckpointSigner::of(&settings).expect("a key that can be read").expect("a key"))
    }
}

//! Several processes with a checkpoint log each, and a database that is rewound between them: no second root is signed
//! for what any of them has signed.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use api::app::App;
use api::config::Settings;
use api::sealer::{Done, Sealer};
use projections::seal::{Signed, SigningKey};
use projections::{testing, transfer};
use tempfile::TempDir;

use crate::world::World;

const ORIGIN: &str = "portal.example.com/log";

async fn what_the_log_of_another_process_holds_is_not_contradicted(world: World) {
    let desk = Desk::new();
    let (first, then) = (desk.process(&world, "first.txt", &[]), rewound(&world).await);
    signed(&first, &world.app).await;
    let second = desk.process(&then, "second.txt", &["first.txt"]);
    let why = second.seal(&then.app.db).await.expect_err("the first has signed another root");
    assert!(format!("{why:#}").contains("the log does not begin with the 6 events"), "{why:#}");
    assert!(desk.sizes("second.txt").is_empty());
    let second = desk.process(&then, "third.txt", &["first.txt", "nowhere.txt"]);
    let why = second.seal(&then.app.db).await.expect_err("one of the logs is not there");
    assert!(format!("{why:#}").starts_with("PORTAL_SEAL_OTHER_LOGS: "), "{why:#}");
    assert!(format!("{why:#}").contains("nowhere.txt"), "{why:#}");
}

async fn what_one_process_signs_is_added_to_the_log_of_every_other(world: World) {
    let desk = Desk::new();
    let (first, second) = (desk.process(&world, "first.txt", &[]), desk.process(&world, "second.txt", &[]));
    let then = rewound(&world).await;
    signed(&first, &world.app).await;
    second.compare(&world.app.db).await.expect("nothing stands against it");
    assert_eq!(desk.read("second.txt"), desk.read("first.txt"));
    second.compare(&world.app.db).await.expect("nothing stands against it");
    assert_eq!(desk.sizes("second.txt"), [6], "once is enough");
    let why = second.seal(&then.app.db).await.expect_err("it was signed by the first");
    assert!(format!("{why:#}").contains("the log does not begin with the 6 events"), "{why:#}");
}

async fn a_process_that_is_behind_hears_of_it_from_one_that_is_not(world: World) {
    let desk = Desk::new();
    let first = desk.process(&world, "first.txt", &[]);
    let then = rewound(&world).await;
    signed(&first, &world.app).await;
    let why = first.compare(&then.app.db).await.expect_err("the database was rewound");
    assert!(format!("{why:#}").contains("the log does not begin with the 6 events"), "{why:#}");
    let failure = first.last_attempt().and_then(|attempt| attempt.failure).expect("it is told");
    assert!(failure.contains("docs/PROOF.md"), "{failure}");
    let second = desk.process(&then, "second.txt", &[]);
    let why = second.seal(&then.app.db).await.expect_err("the first has told it");
    assert!(format!("{why:#}").contains("the log does not begin with the 6 events"), "{why:#}");
    assert!(desk.sizes("second.txt").is_empty());
    let anew = desk.process_with("other.key", "portal.example.com/log/2", &then, "second.txt");
    assert_eq!(anew.seal(&then.app.db).await.expect("another origin"), Done::Signed(6));
}

async fn a_log_that_was_lost_under_a_running_process_begins_with_what_is_remembered(world: World) {
    let desk = Desk::new();
    let then = rewound(&world).await;
    let first = desk.process(&world, "first.txt", &[]);
    signed(&first, &world.app).await;
    fs::remove_file(desk.file("first.txt")).expect("it was written");
    first.seal(&then.app.db).await.expect_err("it remembers what it signed");
    first.seal(&world.app.db).await.expect("it is the right database again");
    assert_eq!(desk.sizes("first.txt"), [6]);
}

/// A pipe into which nobody writes stands for a file that is slow to read.
async fn nobody_waits_while_a_log_is_read(world: World) {
    let desk = Desk::new();
    let pipe = desk.file("slow.txt");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
    assert!(made.success());
    let sealer = desk.process(&world, "first.txt", &["slow.txt"]);
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
    let (desk, ana) = (Desk::new(), world.operator().await);
    let sealer = desk.process(&world, "first.txt", &[]);
    let acme = world.org("acme").await;
    world.suspended(acme, "The invoice of April").await;
    let position = world.position().await;
    world.given(acme, domain::org::OrgCommand::Reinstate).await;
    let page = format!("/admin/history/{position}");
    let pages = [&*page, "/admin/history", "/admin/history/read-models", "/admin/history/proof"];
    sealer.seal(&world.app.db).await.expect("nothing stands against it");
    for page in pages {
        ana.get(page).await.is(200).hides("Somebody changed");
    }
    change(&world, ["April", "March"]);
    for page in pages {
        ana.get(page).await.is(200).shows("Somebody changed").hides("The invoice of April");
    }
    let told = ana.get(&page).await;
    told.shows("was changed after it was written")
        .shows("This can't be told.")
        .hides("<td>The invoice of March");
    ana.get("/admin/history/export?format=csv").await.is(200).shows("was changed after it was written");
    for of_the_same in [position, position + 1] {
        ana.get(&format!("/admin/history/{of_the_same}/revert")).await.is(409);
    }
    world.org("bolt").await;
    let why = sealer.seal(&world.app.db).await.expect_err("an event was changed");
    assert!(format!("{why:#}").contains(&format!("#{position} was changed")), "{why:#}");
    change(&world, ["March", "April"]);
    for page in pages {
        ana.get(page).await.is(200).hides("Somebody changed");
    }
    sealer.seal(&world.app.db).await.expect("it is as it was");
}

fn change(world: &World, [from, to]: [&str; 2]) {
    let url = &world.app.settings.database_url;
    let (open, text, json) = match world.app.db.engine() {
        "sqlite" => ("drop trigger if exists events_no_update", "payload", ""),
        _ => ("alter table events disable trigger events_no_change", "payload::text", "::json"),
    };
    let change = format!(
        "{open}; update events set payload = replace({text}, '{from}', '{to}'){json} where {text} like '%{from}%'"
    );
    testing::execute(url, change.leak());
}

engines! {
    what_somebody_changed_is_shown_as_that_and_signed_by_nobody,
    what_the_log_of_another_process_holds_is_not_contradicted,
    what_one_process_signs_is_added_to_the_log_of_every_other,
    a_process_that_is_behind_hears_of_it_from_one_that_is_not,
    a_log_that_was_lost_under_a_running_process_begins_with_what_is_remembered,
    nobody_waits_while_a_log_is_read,
}

/// Brings the log to six events and signs them.
async fn signed(sealer: &Sealer, app: &App) {
    assert_eq!(app.log.last_position().await.expect("readable"), 6);
    assert_eq!(sealer.seal(&app.db).await.expect("nothing stands against it"), Done::Signed(6));
}

/// Six events here; and a database of the same engine as it was after three, which went on differently.
async fn rewound(world: &World) -> World {
    for number in 1..=3 {
        world.org(&format!("org-{number}")).await;
    }
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
struct Desk(TempDir);

impl Desk {
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
        Signed::each(self.read(log).as_bytes(), |signed| sizes.push(signed.checkpoint.size)).expect("text");
        sizes
    }

    /// What signs in one process, with a checkpoint log of its own.
    fn process(&self, world: &World, own: &str, others: &[&str]) -> Arc<Sealer> {
        let others = others.iter().map(|other| self.file(other)).collect();
        self.sealer("seal.key", ORIGIN, world, |settings| {
            settings.seal_log = Some(self.file(own));
            settings.seal_other_logs = others;
        })
    }

    fn process_with(&self, key: &str, origin: &str, world: &World, own: &str) -> Arc<Sealer> {
        self.sealer(key, origin, world, |settings| settings.seal_log = Some(self.file(own)))
    }

    fn sealer(
        &self,
        key: &str,
        origin: &str,
        world: &World,
        change: impl FnOnce(&mut Settings),
    ) -> Arc<Sealer> {
        let private = SigningKey::new(origin, &[7; 32]).expect("a plain origin");
        fs::write(self.file(key), private.text()).expect("room");
        let mut settings = Settings::clone(&world.app.settings);
        settings.seal_key = Some(self.file(key));
        change(&mut settings);
        Arc::new(Sealer::of(&settings).expect("a key that can be read").expect("a key"))
    }
}

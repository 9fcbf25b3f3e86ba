//! `portal witness`: what it answers, as c2sp.org/tlog-witness has it, what it never cosigns, and how a portal that asks it
//! says so.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use api::routes;
use api::server::{self, Limits};
use api::witness::{WitnessMemory, WitnessServer};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use projections::seal::add_checkpoint::AddCheckpoint;
use projections::seal::proof::consistency;
use projections::seal::tree::Tree;
use projections::seal::{Cosigner, Hash, PublicKey, SignedCheckpoint, SigningKey};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::proof::{ConsolePage as Folder, sealing};
use crate::world::World;

const ORIGIN: &str = "portal.example.com/log";

fn log() -> SigningKey {
    SigningKey::new(ORIGIN, &[7; 32]).expect("a plain origin")
}

pub(crate) fn cosigner() -> Cosigner {
    Cosigner::new("witness.example.com/w1", &[3; 32]).expect("a plain name")
}

fn remembering(folder: &Path, begin: bool) -> anyhow::Result<WitnessServer> {
    let logs = vec![log().public()];
    let memory = WitnessMemory::open(folder, &cosigner(), &logs, begin)?;
    Ok(WitnessServer::new(cosigner(), logs, memory))
}

/// A witness that has seen nothing yet.
struct ConsolePage {
    folder: TempDir,
    router: Router,
}

struct Answer {
    status: u16,
    kind: String,
    text: String,
}

impl ConsolePage {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("room");
        let router =
            routes::witness(remembering(folder.path(), true).expect("it begins"), &Limits::default());
        Self { folder, router }
    }

    /// The same after an end by force: nothing but its files is left.
    fn again(self) -> Self {
        let Self { folder, router } = self;
        drop(router);
        let witness = remembering(folder.path(), false).expect("it remembers");
        let router = routes::witness(witness, &Limits::default());
        Self { folder, router }
    }

    async fn send(&self, method: &str, path: &str, body: String) -> Answer {
        let request = Request::builder().method(method).uri(path).body(Body::from(body)).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("the service cannot fail");
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.expect("it is short");
        Answer { status, kind, text: String::from_utf8(bytes.to_vec()).expect("text") }
    }

    async fn add(&self, request: &AddCheckpoint) -> Answer {
        self.send("POST", "/add-checkpoint", request.text()).await
    }
}

/// The events of one history among several.
fn leaves(history: u8, size: u64) -> Vec<Hash> {
    let leaf = |place: u64| Sha256::digest([&[history][..], &place.to_be_bytes()].concat()).into();
    (0..size).map(leaf).collect()
}

fn root(leaves: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    for leaf in leaves {
        tree.push(*leaf, |_| ());
    }
    tree.root()
}

/// So many events of a history, whose log says that the witness saw `old` of them.
fn asked(history: u8, old: u64, size: u64) -> AddCheckpoint {
    let leaves = leaves(history, size);
    let at = |place: u64| usize::try_from(place).expect("a small tree");
    let spans = consistency(old.min(size), size).into_iter();
    let proof = spans.map(|span| root(&leaves[at(span.from)..at(span.to)])).collect();
    AddCheckpoint { old, proof, signed: log().sign(size, root(&leaves)) }
}

#[tokio::test]
async fn what_follows_is_cosigned_and_told_to_whoever_asks() {
    let desk = ConsolePage::new();
    for (old, size) in [(0, 5), (5, 5), (5, 6), (6, 64), (64, 100)] {
        let request = asked(1, old, size);
        let answer = desk.add(&request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let line = answer.text.strip_suffix('\n').expect("a whole line").parse().expect("a signature");
        let note = request.signed.clone().with([line]);
        assert!(cosigner().public().cosigned(&note).expect("it fits").expect("its own") > 1_700_000_000);
        let about = desk.send("GET", "/", String::new()).await;
        let (_, path) = about.text.trim_end().rsplit_once('\n').expect("two lines");
        let latest = desk.send("GET", path, String::new()).await.text;
        let latest: SignedCheckpoint = latest.parse().expect("a checkpoint");
        assert_eq!(latest.checkpoint, request.signed.checkpoint);
        assert_eq!(log().public().signed(&latest), Some(true));
        assert!(cosigner().public().cosigned(&latest).expect("it fits").is_some());
    }
}

#[tokio::test]
async fn what_is_not_to_be_cosigned_gets_the_status_that_the_protocol_has_for_it() {
    let desk = ConsolePage::new();
    assert_eq!(desk.add(&asked(1, 0, 7)).await.status, 200);
    let other_log = SigningKey::new("other.example.com/log", &[7; 32]).expect("a plain origin");
    let other_key = SigningKey::new(ORIGIN, &[8; 32]).expect("a plain origin");
    let signed_by = |key: &SigningKey| {
        let mut request = asked(1, 7, 9);
        request.signed = key.sign(9, request.signed.checkpoint.root);
        request
    };
    let unproven = AddCheckpoint { proof: vec![], ..asked(1, 7, 9) };
    for (request, status, says) in [
        (signed_by(&other_log), 404, "does not know a log of this origin"),
        (signed_by(&other_key), 403, "no key of portal.example.com/log"),
        (asked(1, 9, 8), 400, "fewer events than the old size"),
        (asked(1, 0, 9), 409, "7"),
        (asked(1, 8, 9), 409, "7"),
        (asked(2, 7, 7), 409, "with another root"),
        (asked(2, 7, 9), 422, "not proven"),
        (unproven, 422, "not proven"),
    ] {
        let answer = desk.add(&request).await;
        assert_eq!(answer.status, status, "{says}: {}", answer.text);
        assert!(answer.text.contains(says), "{says}: {}", answer.text);
        let wants = if says == "7" { "text/x.tlog.size" } else { "text/plain; charset=utf-8" };
        assert_eq!(answer.kind, wants, "{says}");
    }
    for (method, path, body, status) in [
        ("POST", "/add-checkpoint", "nothing that it knows".to_owned(), 400),
        ("POST", "/add-checkpoint", "x".repeat(1 << 20), 413),
        ("GET", "/add-checkpoint", String::new(), 405),
        ("GET", "/00ff/checkpoint", String::new(), 404),
        ("GET", "/other", String::new(), 404),
    ] {
        assert_eq!(desk.send(method, path, body).await.status, status, "{method} {path}");
    }
    assert_eq!(desk.add(&asked(1, 7, 9)).await.status, 200, "nothing of all that was remembered");
}

/// Everybody who is at it has the log's own key. What is cosigned is one history, and only ever grows.
#[tokio::test]
async fn of_many_that_come_at_once_no_two_contradict_each_other() {
    let desk = ConsolePage::new();
    let mut cosigned: Vec<(u8, u64)> = vec![];
    let mut known = 0;
    for round in 0..20_u64 {
        let each = (1..=10_u8).map(|history| {
            let request = asked(history, known, known + 1 + (round + u64::from(history)) % 3);
            let desk = &desk;
            async move { (history, request.signed.checkpoint.size, desk.add(&request).await.status) }
        });
        let mut won = vec![];
        for (history, size, status) in futures::future::join_all(each).await {
            if status == 200 {
                won.push((history, size));
            }
        }
        assert_eq!(won.len(), 1, "one of each round");
        known = won[0].1;
        cosigned.extend(won);
    }
    let histories: HashSet<u8> = cosigned.iter().map(|(history, _)| *history).collect();
    assert_eq!(histories.len(), 1, "{cosigned:?}");
    assert!(cosigned.is_sorted_by_key(|(_, size)| *size));
}

/// Whoever has a published checkpoint may send it with lines below it that say nothing.
#[tokio::test]
async fn lines_that_strangers_put_below_a_checkpoint_are_not_remembered() {
    let desk = ConsolePage::new();
    let mut request = asked(1, 0, 7);
    let junk = (0..62_u8).map(|seed| {
        let stranger =
            Cosigner::new(&format!("stranger.example.com/{seed}"), &[seed; 32]).expect("a plain name");
        stranger.cosign(&request.signed.checkpoint, 1_700_000_000)
    });
    request.signed = request.signed.clone().with(junk.collect::<Vec<_>>());
    assert_eq!(desk.add(&request).await.status, 200);
    let desk = desk.again();
    let about = desk.send("GET", "/", String::new()).await.text;
    let latest =
        desk.send("GET", about.trim_end().rsplit_once('\n').expect("two lines").1, String::new()).await;
    let latest: SignedCheckpoint = latest.text.parse().expect("a checkpoint");
    assert_eq!((latest.checkpoint.size, latest.cosignatures()), (7, 1));
}

#[tokio::test]
async fn without_the_lock_of_its_memory_it_cosigns_nothing() {
    let desk = ConsolePage::new();
    assert_eq!(desk.add(&asked(1, 0, 7)).await.status, 200);
    fs::remove_file(desk.folder.path().join("lock")).expect("it is there");
    let answer = desk.add(&asked(1, 7, 9)).await;
    assert_eq!((answer.status, answer.text.contains("could not write down")), (500, true), "{}", answer.text);
}

#[tokio::test]
async fn it_remembers_and_never_begins_anew_by_itself() {
    let desk = ConsolePage::new();
    assert_eq!(desk.add(&asked(1, 0, 7)).await.status, 200);
    assert!(remembering(desk.folder.path(), false).is_err(), "another one runs with this memory");
    let desk = desk.again();
    assert_eq!(desk.add(&asked(2, 0, 9)).await.text, "7\n");
    assert_eq!(desk.add(&asked(1, 7, 9)).await.status, 200);
    let ConsolePage { folder, router } = desk;
    drop(router);
    let file =
        fs::read_dir(folder.path()).expect("it is there").map(|entry| entry.expect("it is there").path());
    let file =
        file.into_iter().find(|path| path.extension().is_some_and(|it| it == "txt")).expect("a memory");
    let text = fs::read_to_string(&file).expect("it was written");
    for crooked in
        ["", &text.replacen("\n9\n", "\n2\n", 1), &text.replace("— witness", "— whoever"), &text[..90]]
    {
        fs::write(&file, crooked).expect("room");
        let why =
            remembering(folder.path(), true).map(drop).expect_err("it believes what it cosigned itself");
        assert!(format!("{why:#}").contains("this is not a checkpoint of portal.example.com/log"), "{why:#}");
    }
    fs::remove_file(&file).expect("it was there");
    let why = remembering(folder.path(), false).map(drop).expect_err("it lost its memory");
    assert!(why.to_string().contains("it would cosign whatever it is shown first"), "{why}");
    assert!(remembering(folder.path(), true).is_ok(), "somebody says so");
}

/// A portal that asks two witnesses: one on a port of its own, and one that is away.
pub(crate) async fn asking(world: &World, folder: &Path) -> (World, Folder) {
    let (sealing, desk) = sealing(world).await;
    let key = fs::read_to_string(desk.file("seal.pub")).expect("it was written");
    let logs = vec![PublicKey::from_str(&key).expect("a key")];
    let memory = WitnessMemory::open(&folder.join("memory"), &cosigner(), &logs, true).expect("room");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("a port"));
    let witness = routes::witness(WitnessServer::new(cosigner(), logs, memory), &Limits::default());
    tokio::spawn(server::serve(listener, witness, Limits::default(), std::future::pending()));
    let away = Cosigner::new("away.example.com/w", &[4; 32]).expect("a plain name").public();
    let policy = format!(
        "witness near {} {url}\nwitness away {away} http://127.0.0.1:1\ngroup g any near away\nquorum g\n",
        cosigner().public()
    );
    fs::write(folder.join("policy.txt"), policy).expect("room");
    (sealing.with(|settings| settings.seal_policy = Some(folder.join("policy.txt"))), desk)
}

async fn the_page_says_how_it_goes_with_each_witness(world: World) {
    let folder = tempfile::tempdir().expect("room");
    let (world, _desk) = asking(&world, folder.path()).await;
    let ana = world.operator().await;
    let sealer = world.app.sealer.as_ref().expect("it has a key");
    let page = ana.get("/admin/history/proof").await;
    page.is(200).shows("Witnesses").shows("not yet");
    sealer.seal(&world.app.db).await.expect("it is allowed");
    sealer.hand_out(&world.app.db).await.expect("it goes on");
    let page = ana.get("/admin/history/proof").await;
    page.is(200)
        .shows("this key, near")
        .shows("failed")
        .shows("Connection refused")
        .hides("saw another history")
        .shows("Cosigned by enough witnesses");
    // Asked once more, nobody is bothered: one has cosigned it, and the other one is left alone for a minute.
    let filed = fs::read_to_string(sealer.log.path()).expect("it was written");
    sealer.hand_out(&world.app.db).await.expect("it goes on");
    assert_eq!(fs::read_to_string(sealer.log.path()).expect("it was written"), filed);
    // What follows is cosigned as well, and stands once in the list.
    world.org("acme").await;
    sealer.seal(&world.app.db).await.expect("it is allowed");
    sealer.hand_out(&world.app.db).await.expect("it goes on");
    let size = world.position().await;
    let page = ana.get("/admin/history/proof").await;
    assert_eq!(page.is(200).body.matches(&format!("Download the checkpoint of {size} events")).count(), 1);
}

async fn a_witness_that_saw_another_history_is_heard(world: World) {
    let folder = tempfile::tempdir().expect("room");
    let (world, _desk) = asking(&world, folder.path()).await;
    let ana = world.operator().await;
    let sealer = world.app.sealer.as_ref().expect("it has a key");
    // Somebody with the key showed it as many events, and others.
    let policy = fs::read_to_string(folder.path().join("policy.txt")).expect("it was written");
    let (_, url) = policy.lines().next().expect("a line").rsplit_once(' ').expect("a url");
    let size = u64::try_from(world.position().await).expect("it has events");
    let other = AddCheckpoint { old: 0, proof: vec![], signed: sealer.key.sign(size, [9; 32]) };
    let shown = reqwest::Client::new().post(format!("{url}/add-checkpoint")).body(other.text()).send().await;
    assert_eq!(shown.expect("it answers").status(), 200);
    sealer.seal(&world.app.db).await.expect("sealing goes on");
    sealer.hand_out(&world.app.db).await.expect("it goes on");
    let page = ana.get("/admin/history/proof").await;
    page.is(200).shows("Witnesses saw another history").shows("another root").hides("this key, near");
}

/// What a witness says that it saw, one answer after the other, and how long each takes.
#[expect(clippy::disallowed_methods, reason = "this is no portal")]
fn claiming(sizes: &'static [u64], pause: Duration) -> Router {
    let asked = Arc::new(AtomicUsize::new(0));
    let answer = move || {
        let size = sizes[asked.fetch_add(1, Ordering::SeqCst) % sizes.len()];
        async move {
            tokio::time::sleep(pause).await;
            (StatusCode::CONFLICT, [(CONTENT_TYPE, "text/x.tlog.size")], format!("{size}\n"))
        }
    };
    Router::new().fallback(answer)
}

async fn a_witness_that_misleads_holds_up_nothing_for_long(world: World) {
    let folder = tempfile::tempdir().expect("room");
    let (world, _desk) = sealing(&world).await;
    let mut policy = vec![];
    for (seed, (name, router)) in [
        ("slow", claiming(&[1, 2], Duration::from_millis(1_600))),
        ("moody", claiming(&[1, 2], Duration::ZERO)),
        ("stubborn", claiming(&[1], Duration::ZERO)),
        ("ahead", claiming(&[1_000_000], Duration::ZERO)),
    ]
    .into_iter()
    .enumerate()
    {
        let seed = u8::try_from(seed).expect("a few");
        let key =
            Cosigner::new(&format!("{name}.example.com/w"), &[seed; 32]).expect("a plain name").public();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("a port");
        tokio::spawn(server::serve(listener, router, Limits::default(), std::future::pending()));
        policy.push(format!("witness {name} {key} http://{at}\n"));
    }
    policy.push("group g any slow moody stubborn ahead\nquorum g\n".to_owned());
    fs::write(folder.path().join("policy.txt"), policy.concat()).expect("room");
    let world = world.with(|settings| settings.seal_policy = Some(folder.path().join("policy.txt")));
    let ana = world.operator().await;
    for slug in ["acme", "bolt", "cord"] {
        world.org(slug).await;
    }
    let sealer = world.app.sealer.as_ref().expect("it has a key");
    sealer.seal(&world.app.db).await.expect("sealing goes on");
    let began = Instant::now();
    sealer.hand_out(&world.app.db).await.expect("it goes on");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let size = world.position().await;
    let page = ana.get("/admin/history/proof").await;
    page.is(200)
        .shows("it took too long, question by question")
        .shows("each time it says that it saw another number of events")
        .shows("it answered 409 Conflict: 1")
        .shows(&format!(
            "it has cosigned 1000000 events of this log, and here are {size}: later ones are missing"
        ))
        .shows("Witnesses saw another history");
    world.org("dent").await;
    sealer.seal(&world.app.db).await.expect("sealing goes on");
}

engines! {
    a_witness_that_misleads_holds_up_nothing_for_long,
    the_page_says_how_it_goes_with_each_witness,
    a_witness_that_saw_another_history_is_heard,
}

//! `PORTAL_SEAL_COPIES`: the newest checkpoint, where nobody who runs the portal has to think of it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use api::server::{self, Limits};
use api::signer::CheckpointSigner;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use projections::seal::{Cosigner, SignedCheckpoint};
use tokio::net::TcpListener;

use crate::proof::sealing;
use crate::world::World;

/// What came to a store of objects: each method, path and header that says not to write over, in order.
type Came = Arc<Mutex<Vec<String>>>;

/// A store that takes everything below `/good`, has everything below `/old` already, and nothing else.
#[expect(clippy::disallowed_methods, reason = "this is no portal")]
async fn store() -> (String, Came) {
    let came = Came::default();
    let (heard, there) = (came.clone(), Arc::new(Mutex::new(String::new())));
    let answer = move |request: Request| {
        let (method, path, there) =
            (request.method().clone(), request.uri().path().to_owned(), there.clone());
        let kept =
            request.headers().get("if-none-match").map(|it| it.to_str().unwrap_or_default().to_owned());
        heard.lock().expect("nobody panics").push(format!("{method} {path} {kept:?}"));
        async move {
            let body = to_bytes(request.into_body(), 1 << 20).await.expect("it is short");
            let sent = String::from_utf8(body.to_vec()).expect("text");
            match (path.split('/').nth(1), method == "GET") {
                (Some("good"), _) => (StatusCode::CREATED, String::new()),
                // It has that from before.
                (Some("old"), false) => {
                    *there.lock().expect("nobody panics") = sent;
                    (StatusCode::PRECONDITION_FAILED, String::new())
                }
                (Some("old"), true) => (StatusCode::OK, there.lock().expect("nobody panics").clone()),
                (Some("other"), false) => (StatusCode::PRECONDITION_FAILED, String::new()),
                (Some("other"), true) => (StatusCode::OK, "of another log".to_owned()),
                _ => (StatusCode::FORBIDDEN, "?token=secret".to_owned()),
            }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://portal:secret@{}", listener.local_addr().expect("a port"));
    let serve =
        server::serve(listener, Router::new().fallback(answer), Limits::default(), std::future::pending());
    tokio::spawn(serve);
    (url, came)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there");
    entries.map(|entry| entry.expect("it is there").file_name().to_string_lossy().into_owned()).collect()
}

async fn hand_out(world: &World) -> Arc<CheckpointSigner> {
    let sealer = world.app.sealer.clone().expect("it has a key");
    sealer.seal(&world.app.db).await.expect("it is allowed");
    sealer.hand_out(&world.app.db).await.expect("it goes on");
    sealer
}

async fn the_newest_checkpoint_is_copied_and_never_written_over(world: World) {
    let (folder, (url, came)) = (tempfile::tempdir().expect("room"), store().await);
    let missing = folder.path().join("not-mounted");
    let (world, _desk) = sealing(&world).await;
    let places = [
        folder.path().to_string_lossy().into_owned(),
        missing.to_string_lossy().into_owned(),
        format!("{url}/good/?token=secret"),
        format!("{url}/old"),
        format!("{url}/other"),
        format!("{url}/closed"),
    ];
    let world = world.with(|settings| settings.seal_copies = places.to_vec());
    let ana = world.operator().await;
    ana.get("/admin/history/proof").await.is(200).shows("Copies").shows("not yet");
    let size = world.position().await;
    let file = folder.path().join(format!("checkpoint-{size}.txt"));
    fs::write(&file, "what somebody relies on").expect("room");
    hand_out(&world).await;
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "what somebody relies on");
    assert_eq!(names(folder.path()), [format!("checkpoint-{size}.txt")], "and nothing half done");
    let put = |place: &str| format!("PUT /{place}/checkpoint-{size}.txt Some(\"*\")");
    let heard = came.lock().expect("nobody panics").clone();
    assert!(["good", "old", "other", "closed"].iter().all(|place| heard.contains(&put(place))), "{heard:?}");
    let page = ana.get("/admin/history/proof").await;
    page.is(200)
        .shows("No such file or directory")
        .shows("it answered 403 Forbidden")
        .shows("a file of this name is there, and is another one")
        .hides("secret");
    assert!(!missing.exists(), "a disk that is not mounted is not covered by a folder");
    // Within a minute nothing more goes there.
    world.org("acme").await;
    let sealer = hand_out(&world).await;
    assert_eq!((names(folder.path()).len(), came.lock().expect("nobody panics").len()), (1, heard.len()));
    // A process that starts copies at once.
    drop(sealer);
    let again = world.with(|settings| settings.seal_copies.truncate(1));
    hand_out(&again).await;
    let size = world.position().await;
    let text = fs::read_to_string(folder.path().join(format!("checkpoint-{size}.txt"))).expect("it is there");
    let copy: SignedCheckpoint = text.parse().expect("a checkpoint");
    assert_eq!(again.app.sealer.as_ref().and_then(|it| it.key.public().signed(&copy)), Some(true));
    assert_eq!(copy.checkpoint.size, u64::try_from(size).expect("it has events"));
}

/// Whatever somebody put where a copy is to be, nothing is written through it, and nothing long is read.
async fn what_is_no_copy_is_neither_followed_nor_read(world: World) {
    let [pipe, linked, huge] = [(); 3].map(|()| tempfile::tempdir().expect("room"));
    let (world, _desk) = sealing(&world).await;
    let elsewhere = linked.path().join("elsewhere");
    let places = [&pipe, &linked, &huge].map(|folder| folder.path().to_string_lossy().into_owned());
    let world = world.with(|settings| settings.seal_copies = places.to_vec());
    let ana = world.operator().await;
    let name = format!("checkpoint-{}.txt", world.position().await);
    let made = Command::new("mkfifo").arg(pipe.path().join(&name)).status().expect("mkfifo is there");
    assert!(made.success());
    symlink(&elsewhere, linked.path().join(&name)).expect("room");
    let file = fs::File::create(huge.path().join(&name)).expect("room");
    file.set_len(1 << 40).expect("a file with nothing in it takes none");
    hand_out(&world).await;
    assert!(!elsewhere.exists(), "nothing is written through a link");
    let page = ana.get("/admin/history/proof").await;
    assert_eq!(page.is(200).body.matches("a file of this name is there, and is another one").count(), 3);
    let sealer = world.app.sealer.as_ref().expect("it has a key");
    let copied = sealer.copies();
    assert!(copied.iter().all(|place| place.last.is_none()), "{copied:?}");
}

/// Two processes ask the same witness, which says two moments.
async fn the_same_checkpoint_of_another_process_is_the_same_copy(world: World) {
    let folder = tempfile::tempdir().expect("room");
    let (world, _desk) = sealing(&world).await;
    let places = vec![folder.path().to_string_lossy().into_owned()];
    let world = world.with(|settings| settings.seal_copies = places);
    world.org("acme").await;
    let sealer = world.app.sealer.clone().expect("it has a key");
    sealer.seal(&world.app.db).await.expect("it is allowed");
    let mut signed = None;
    SignedCheckpoint::each(&*fs::read(sealer.log.path()).expect("it was written"), |it| signed = Some(it))
        .expect("text");
    let signed = signed.expect("it was signed");
    let witness = Cosigner::new("witness.example.com/w", &[3; 32]).expect("a plain name");
    let [early, late] =
        [100, 200].map(|at| signed.clone().with([witness.cosign(&signed.checkpoint, at)]).text());
    let mut log = fs::OpenOptions::new().append(true).open(sealer.log.path()).expect("it was written");
    log.write_all(format!("\n{late}").as_bytes()).expect("room");
    let size = world.position().await;
    let file = folder.path().join(format!("checkpoint-{size}-cosigned-1.txt"));
    fs::write(&file, &early).expect("room");
    sealer.hand_out(&world.app.db).await.expect("it goes on");
    assert_eq!(sealer.copies()[0].failure, None);
    assert_eq!(fs::read_to_string(&file).expect("it is there"), early, "and is left as it is");
}

engines! {
    what_is_no_copy_is_neither_followed_nor_read,
    the_same_checkpoint_of_another_process_is_the_same_copy,
    the_newest_checkpoint_is_copied_and_never_written_over,
}

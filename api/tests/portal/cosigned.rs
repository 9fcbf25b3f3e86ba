//! What witnesses have cosigned, as a process knows it that did not ask them itself.

use std::fs;
use std::io::Write;
use std::time::Duration;

use projections::seal::{Cosigner, SignedCheckpoint};

use crate::witness::{asking, cosigner};
use crate::world::World;

/// Its own table of checkpoints says it, so the sentence above it must not say another thing.
async fn what_was_cosigned_is_known_after_a_restart(world: World) {
    let folder = tempfile::tempdir().expect("room");
    let (world, _desk) = asking(&world, folder.path()).await;
    let ana = world.operator().await;
    world.org("acme").await;
    world.org("bolt").await;
    let sealer = world.app.sealer.clone().expect("it has a key");
    sealer.seal(&world.app.db).await.expect("it is allowed");
    sealer.hand_out(&world.app.db).await.expect("it goes on");
    let cosigned = u64::try_from(world.position().await).expect("a few");
    assert_eq!(sealer.cosigned_enough(), Some(cosigned));
    let at = sealer.witnesses()[0].cosigned;
    // From here on nobody can be asked.
    let policy = fs::read_to_string(folder.path().join("policy.txt")).expect("it was written");
    let (_, url) = policy.lines().next().expect("a line").rsplit_once(' ').expect("a url");
    let away = policy.replace(url, "http://127.0.0.1:1");
    fs::write(folder.path().join("policy.txt"), away).expect("room");
    let again = world.with(|_| ());
    again.org("cord").await;
    let sealer = again.app.sealer.clone().expect("it has a key");
    sealer.seal(&again.app.db).await.expect("it is allowed");
    // More than a page of checkpoints behind it, one of which somebody made up.
    let (size, key) = (cosigned + 1, &sealer.key);
    let more = (0..40_u8).map(|root| key.sign(size, [root; 32]).text());
    let stranger = Cosigner::new("stranger.example.com/w", &[9; 32]).expect("a plain name");
    let forged = key.sign(size, [7; 32]);
    let forged = forged.clone().with([stranger.cosign(&forged.checkpoint, 1_700_000_000)]).text();
    let forged = forged.replace("stranger.example.com/w", cosigner().public().name());
    let file = sealer.log.path().to_owned();
    let kept = fs::read_to_string(&file).expect("it was written");
    let filler: Vec<String> = more.chain([forged]).collect();
    let (before, last) = kept.split_at(kept.rfind("\n\nportal").expect("several") + 2);
    let whole = format!("{before}{}\n{last}", filler.join("\n"));
    fs::write(&file, whole).expect("room");
    sealer.cosign(&again.app.db).await.expect("it goes on");
    assert_eq!(sealer.cosigned_enough(), Some(cosigned));
    assert_eq!((sealer.witnesses()[0].cosigned, sealer.witnesses()[1].cosigned), (at, None));
    let page = again.signed_in(ana.person()).await.get("/admin/history/proof").await;
    let shown = format!("Cosigned by enough witnesses</dt><dd>{cosigned} events");
    page.is(200).shows(&shown).shows("Connection refused");
}

/// Where nothing was ever cosigned, the search for it ends.
async fn what_nobody_cosigned_stays_so(world: World) {
    let folder = tempfile::tempdir().expect("room");
    let (world, _desk) = asking(&world, folder.path()).await;
    let policy = fs::read_to_string(folder.path().join("policy.txt")).expect("it was written");
    let (_, url) = policy.lines().next().expect("a line").rsplit_once(' ').expect("a url");
    fs::write(folder.path().join("policy.txt"), policy.replace(url, "http://127.0.0.1:1")).expect("room");
    let world = world.with(|_| ());
    world.org("acme").await;
    let sealer = world.app.sealer.clone().expect("it has a key");
    sealer.seal(&world.app.db).await.expect("it is allowed");
    let own = sealer.log.path().to_owned();
    let mut log = fs::OpenOptions::new().append(true).open(&own).expect("it was written");
    // Cosigned, and signed by nobody whose log this is.
    let other =
        projections::seal::SigningKey::new("other.example.com/log", &[7; 32]).expect("a plain origin");
    let signed: SignedCheckpoint = other.sign(99, [9; 32]);
    let signed = signed.clone().with([cosigner().cosign(&signed.checkpoint, 1_700_000_000)]);
    log.write_all(format!("\n{}", signed.text()).as_bytes()).expect("room");
    sealer.seal(&world.app.db).await.expect("it is allowed");
    tokio::time::timeout(Duration::from_secs(20), sealer.cosign(&world.app.db))
        .await
        .expect("it ends")
        .expect("it goes on");
    assert_eq!(sealer.cosigned_enough(), Some(0));
    assert!(sealer.witnesses().iter().all(|told| told.cosigned.is_none()));
}

engines! {
    what_was_cosigned_is_known_after_a_restart,
    what_nobody_cosigned_stays_so,
}

//! A full disk: writes are refused, reads go on, and once there is room again everything does, without a restart.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use uuid::Uuid;

use crate::crash::create;
use crate::process::Process;

/// A disk of 24 MiB that nobody else sees, most of it taken; `verify` has the last word.
const SCRIPT: &str = r#"#!/bin/sh
exec unshare --map-root-user --mount sh -ec '
    mount -t tmpfs -o size=24m tmpfs "$DISK"
    head -c 20m /dev/zero > "$DISK/ballast"
    "$PORTAL" & echo "serving as $!"
    wait $! || true
    echo "stopped"
    "$PORTAL" verify && echo "verified"
'
"#;

#[tokio::test]
async fn a_full_disk_refuses_writes_and_damages_nothing() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let (script, disk) = (folder.path().join("portal-on-a-small-disk"), folder.path().join("disk"));
    fs::create_dir(&disk).expect("there is room for a folder");
    write_script(&script, &disk);
    let url = format!("sqlite://{}", disk.join("portal.db").display());
    let mut portal = Process::start(script.to_str().expect("a plain path"), &url).await;
    let pid: u32 = portal.says("serving as").await.trim_start_matches("serving as ").parse().expect("a pid");
    let mut ana = portal.first_superadmin().await;

    let mut done = 0;
    let refusal = loop {
        match create(&mut ana, Uuid::new_v4()).await.expect("an answer") {
            303 => done += 1,
            status => break status,
        }
    };
    assert!(done > 10, "there was room at first: {done}");
    assert_eq!(refusal, 503);
    let mut health = ana.again(ana.address);
    while health.get("/readyz").await.expect("an answer").status == 200 {
        assert_ne!(create(&mut ana, Uuid::new_v4()).await.expect("an answer"), 303, "it is full");
        done += 1;
        assert!(done < 10_000, "what is left of a page is taken soon");
    }
    let told = health.get("/readyz").await.expect("an answer").body;
    let true_of_it =
        ["not ready: the disk of the database is full", "not ready: the read models stand still"];
    assert!(true_of_it.iter().any(|why| told.contains(why)), "{told}");
    let list = ana.get("/admin/orgs").await.expect("an answer");
    assert_eq!(list.status, 200, "{}", list.body);

    // Seen from here the disk is under the root of the process that has it.
    fs::remove_file(format!("/proc/{pid}/root{}/ballast", disk.display())).expect("it is there");
    assert_eq!(create(&mut ana, Uuid::new_v4()).await.expect("an answer"), 303);
    let began = std::time::Instant::now();
    while health.get("/readyz").await.expect("an answer").status != 200 {
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "there is room again");
    }
    assert!(Command::new("kill").arg(pid.to_string()).status().expect("kill is there").success());
    portal.says("stopped").await;
    portal.says("verified").await;
}

fn write_script(script: &Path, disk: &Path) {
    let text = SCRIPT
        .replace("$PORTAL", env!("CARGO_BIN_EXE_portal"))
        .replace("$DISK", disk.to_str().expect("a plain path"));
    fs::write(script, text).expect("there is room for a script");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

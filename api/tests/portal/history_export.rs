//! `/admin/history/export`: exactly what the filter finds, as a file, and seen by whom it concerns.

use domain::grant::PlatformRole;
use domain::org::{LifecycleCommand, OrgCommand, Role};
use domain::values::OrgId;
use http_body_util::BodyExt;
use projections::{testing, transfer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::history::a_past;
use crate::proof::sealing;
use crate::world::World;

async fn a_file_has_what_the_page_finds_and_says_so(world: World) {
    let (ana, acme, _) = a_past(&world).await;
    let file = ana.get("/admin/history/export?format=ndjson&org=acme&before=3").await;
    assert_eq!(file.is(200).header("content-type"), Some("application/x-ndjson"));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"history-6.ndjson\""));
    let events = world.app.log.at(&[2, 4, 5]).await.expect("readable");
    let expected: Vec<u8> =
        events.into_iter().flat_map(|it| transfer::exported(it).expect("JSON").bytes).collect();
    let (lines, manifest) = file.body.trim_end().rsplit_once('\n').expect("lines");
    assert_eq!(format!("{lines}\n").as_bytes(), expected, "the same lines as a whole export has");
    let manifest: Value = serde_json::from_str(manifest).expect("JSON");
    let manifest = &manifest["manifest"];
    let sum = hex::encode(Sha256::digest(&expected));
    assert_eq!(manifest["sha256"].as_str(), Some(sum.as_str()));
    assert_eq!((manifest["events"].as_i64(), manifest["filter"].as_str()), (Some(3), Some("org=acme")));
    assert_eq!((manifest["first_position"].as_i64(), manifest["last_position"].as_i64()), (Some(2), Some(5)));
    let none = ana.get("/admin/history/export?format=ndjson&q=nowhere").await;
    assert_eq!(none.is(200).body.lines().count(), 1);
    none.shows("\"events\":0").shows("\"first_position\":null");
    let page = ana.get(&format!("/admin/history?org={acme}")).await;
    page.shows(&format!("/admin/history/export?org={acme}&amp;format=csv"));
}

async fn a_table_has_sentences_and_no_formulas(world: World) {
    let (ana, _, beta) = a_past(&world).await;
    for name in ["=cmd|' /C calc'!A0", "＝HYPERLINK(1)", "Say \"hi\"; then, go"] {
        world
            .given(
                beta,
                OrgCommand::Lifecycle(LifecycleCommand::Rename { name: name.parse().expect("a name") }),
            )
            .await;
    }
    for (address, name) in
        [("minus@example.com", "-1+1"), ("at@example.com", "@sum"), ("wide@example.com", "＝sum")]
    {
        let mallory = world.granted(address, PlatformRole::Superadmin).await;
        let name = name.parse().expect("a name");
        projections::people::set_name(&world.app.db, mallory.person(), &name).await.expect("stored");
        let reason = [("reason", "For a test of formulas")];
        mallory.submit(&format!("/admin/orgs/{beta}/suspension"), &reason).await.is(303);
        world.given(beta, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    }
    let file = ana.get("/admin/history/export?format=csv").await;
    assert_eq!(file.is(200).header("content-type"), Some("text/csv; charset=utf-8"));
    let rows: Vec<&str> = file.body.split_terminator("\r\n").collect();
    assert!(rows[0].starts_with("\"position\",\"recorded_at\",\"who\",\"sentence\""), "{}", rows[0]);
    assert_eq!(rows.len(), 1 + usize::try_from(world.position().await).expect("few"));
    assert!(
        rows[4].contains("\"Ana Silva suspended Acme Ltd: The invoice of March is unpaid\""),
        "{}",
        rows[4]
    );
    file.shows("\"'-1+1\"").shows("\"'@sum\"").shows("\"'-1+1 suspended ");
    file.shows("Say \"\"hi\"\"; then, go");
    for row in rows {
        for cell in row.split("\",\"") {
            assert!(!cell.trim_start_matches('"').starts_with(['=', '+', '-', '@', '＝']), "{cell}");
        }
    }
}

async fn more_than_a_batch_arrives_whole(world: World) {
    let (ana, ..) = a_past(&world).await;
    for number in 0..620 {
        let (name, slug) = ("Zed".parse().expect("a name"), format!("zed-{number}").parse().expect("a slug"));
        let id = OrgId(api::clock::new_id());
        world.given(id, OrgCommand::Lifecycle(LifecycleCommand::Create { name, slug, owner: None })).await;
    }
    for (query, expected) in [("q=zed", 620), ("kind=org", 625), ("", 626), ("event=OrgR", 2)] {
        let file = ana.get(&format!("/admin/history/export?format=ndjson&{query}")).await;
        assert_eq!(file.is(200).body.lines().count(), expected + 1, "{query}");
    }
}

async fn an_export_ends_unfinished_with_the_right_to_it(world: World) {
    let (_, acme, _) = a_past(&world).await;
    let bob = world.granted("bob@example.com", PlatformRole::Auditor).await;
    for _ in 0..300 {
        world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
        world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Unprotect)).await;
    }
    let mut file = bob.follow("/admin/history/export?format=ndjson").await;
    let mut begun = vec![];
    while begun.is_empty() {
        let frame = file.frame().await.expect("it goes on").expect("it is whole");
        begun.extend(frame.into_data().expect("data"));
    }
    assert!(begun.starts_with(b"{\"position\":1,"));
    world.revoked(bob.person(), PlatformRole::Auditor).await;
    assert!(file.frame().await.expect("it goes on").is_err(), "no end that looks like one");
    assert!(file.frame().await.is_none());
}

async fn an_export_is_seen_with_what_was_asked_for(world: World) {
    let (ana, acme, _) = a_past(&world).await;
    let olga = world.joined(acme, "olga@example.com", Role::Owner).await;
    ana.get("/admin/history/exports").await.is(200).shows("Nothing was exported");
    ana.get("/admin/history/export?format=csv&org=acme&q=march").await.is(200);
    ana.get("/admin/history/export?format=ndjson").await.is(200);
    let seen = ana.get("/admin/history/exports").await;
    seen.is(200).shows("Ana Silva").shows("everything").shows("“march”, organisation: acme");
    olga.get("/org/acme/activity?of=operators").await.is(200).shows("The history, as a file").hides("march");
}

async fn what_cannot_be_meant_is_no_file(world: World) {
    let (ana, ..) = a_past(&world).await;
    ana.get("/admin/history/export").await.is(400).shows("format");
    ana.get("/admin/history/export?format=xls").await.is(400).shows("ndjson");
    let wrong = ana.get("/admin/history/export?format=csv&org=nowhere&from=never").await;
    wrong.is(422).shows("no organisation has this in its name").shows("give a time like");
    ana.get("/admin/history/exports?before=x").await.is(400);
}

/// Such as somebody writes who owns an SQLite file. Postgres takes none.
#[tokio::test]
async fn an_event_that_is_no_json_is_named_in_its_place_and_nothing_signed() {
    let (world, desk) = sealing(&World::on_sqlite().await).await;
    let (ana, ..) = a_past(&world).await;
    world.seal().await.expect("nothing stands against it");
    let url = "/admin/history/export?format=ndjson";
    let whole = ana.get(url).await.body;
    assert_eq!(desk.verify_export(&whole).code, Some(0));
    testing::execute(
        &world.app.settings.database_url,
        "drop trigger events_no_update; pragma ignore_check_constraints = 1; update events set payload = '{\"broken' where position = 4",
    );
    let file = ana.get(url).await.is(200).body.clone();
    let (lines, before): (Vec<&str>, Vec<&str>) = (file.lines().collect(), whole.lines().collect());
    assert_eq!((&lines[..3], &lines[4..6]), (&before[..3], &before[4..6]), "all others, as they were");
    assert!(lines[3].starts_with("{\"position\":4,\"unreadable\":\""), "{}", lines[3]);
    assert!(
        lines.len() == 7 && lines[6].starts_with("{\"manifest\""),
        "its end, without a signature: {file}"
    );
    let said = desk.verify_export(&file);
    assert_eq!((said.code, said.out.contains("#4 can't be read")), (Some(1), true), "{said:?}");
}

engines! {
    a_file_has_what_the_page_finds_and_says_so,
    a_table_has_sentences_and_no_formulas,
    more_than_a_batch_arrives_whole,
    an_export_ends_unfinished_with_the_right_to_it,
    an_export_is_seen_with_what_was_asked_for,
    what_cannot_be_meant_is_no_file,
}

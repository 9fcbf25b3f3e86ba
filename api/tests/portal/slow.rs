//! Answers that go on, to those who take their time: they cost no memory, keep nobody waiting, and end with the server.

use std::time::{Duration, Instant};

use api::clock;
use domain::org::{LifecycleEvent, OrgEvent};
use domain::values::{OrgId, Reason};
use domain::{Actor, Metadata, Org};
use projections::event_log::{Append, Draft, StreamId};
use projections::{Db, EventLog, testing};
use tokio::io::AsyncReadExt;

use crate::process::Process;

const ORGANISATIONS: usize = 40;
const EVENTS_EACH: usize = 1000;

#[tokio::test]
async fn a_slow_reader_of_a_long_export_costs_nothing_on_sqlite() {
    let (_folder, url) = testing::sqlite();
    serves_slow_readers(&url).await;
}

#[tokio::test]
async fn a_slow_reader_of_a_long_export_costs_nothing_on_postgres() {
    serves_slow_readers(&testing::postgres().await).await;
}

async fn serves_slow_readers(url: &str) {
    a_long_past(url).await;
    let mut portal = Process::start(env!("CARGO_BIN_EXE_portal"), url).await;
    let mut ana = portal.first_superadmin().await;
    assert_eq!(ana.get("/admin/history").await.expect("an answer").status, 200);
    let before = portal.memory();
    let mut file = ana.follow("/admin/history/export?format=ndjson").await.expect("a connection");
    let mut begun = vec![0; 1000];
    file.read_exact(&mut begun).await.expect("it begins");
    tokio::time::sleep(Duration::from_secs(1)).await; // in which a server that does not wait would read on
    assert_eq!(ana.get("/admin/orgs").await.expect("an answer").status, 200, "others are answered meanwhile");
    let mut rest = vec![];
    file.read_to_end(&mut rest).await.expect("it ends");
    let grown = (portal.memory() - before) / 1024;
    let length = rest.len() / 1024 / 1024;
    assert!(length > 20 && grown < 12, "{length} MiB took {grown} MiB of memory");
    let end = String::from_utf8_lossy(rest.last_chunk::<600>().expect("an end")).into_owned();
    assert!(end.contains(&format!("\"events\":{}", ORGANISATIONS * EVENTS_EACH + 1)), "{end}");

    let mut tail = ana.follow("/admin/history/tail?after=1").await.expect("a connection");
    tail.read_exact(&mut begun[..20]).await.expect("it begins");
    let asked = Instant::now();
    portal.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(5), "it stops with a tail open: {:?}", asked.elapsed());
    assert!(tail.read_to_end(&mut rest).await.is_ok(), "which has an end");
}

/// Organisations that were suspended, for long reasons, and reinstated, again and again.
async fn a_long_past(url: &str) {
    let log = EventLog::open(Db::open(url).await.expect("opens")).await.expect("opens");
    let reason: Reason = "unpaid ".repeat(71).trim().parse().expect("a reason");
    for number in 0..ORGANISATIONS {
        let id = clock::new_id();
        let name = "Acme".parse().expect("a name");
        let mut events = vec![OrgEvent::Lifecycle(LifecycleEvent::OrgCreated {
            name,
            slug: format!("org-{number}").parse().expect("a slug"),
        })];
        while events.len() < EVENTS_EACH {
            events.push(match events.len() % 2 {
                0 => OrgEvent::Lifecycle(LifecycleEvent::OrgReinstated {}),
                _ => OrgEvent::Lifecycle(LifecycleEvent::OrgSuspended { reason: reason.clone() }),
            });
        }
        let append = Append {
            stream: StreamId::of::<Org>(OrgId(id)),
            after: 0,
            events: events.iter().map(Draft::of::<Org>).collect(),
            metadata: Metadata::new(Actor::Shell, id),
            fingerprint: [0; 32],
            authority: None,
            beside: None,
        };
        log.append(append).await.expect("appended");
    }
    log.db().close().await;
}

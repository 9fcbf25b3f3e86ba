//! `kill -9` at any moment, under load: what was acknowledged is there once, and read models are what the log says.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use projections::{Db, EventLog, Projector, testing};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::process::Process;
use crate::wire::Wire;

const CALLERS: usize = 8;
const KILLS: usize = 5;

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed_on_sqlite() {
    let (_folder, url) = testing::sqlite();
    survives_kills(&url).await;
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed_on_postgres() {
    survives_kills(&testing::postgres().await).await;
}

async fn survives_kills(url: &str) {
    let program = env!("CARGO_BIN_EXE_portal");
    let mut portal = Process::start(program, url).await;
    let ana = portal.first_superadmin().await;
    let (mut acknowledged, mut unanswered) = (HashSet::new(), HashSet::new());
    for _ in 0..KILLS {
        let so_far = Arc::new(AtomicUsize::new(0));
        let callers = start_callers(&ana, &portal, &so_far);
        let enough = random_number(5..40);
        while so_far.load(Relaxed) < enough {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        portal.kill().await;
        for (done, open) in callers.join_all().await {
            acknowledged.extend(done);
            unanswered.extend(open);
        }
        portal = Process::start(program, url).await;
    }
    // Whoever got no answer sends the same form again, and it is done once.
    let mut again = ana.again(portal.address);
    for id in &unanswered {
        let answer = create(&mut again, *id).await.expect("an answer");
        assert_eq!(answer, 303, "{id}");
    }
    portal.kill().await;
    check(url, acknowledged.union(&unanswered)).await;
}

/// Every id made exactly one organisation, and everything that is folded is what the log says.
pub(crate) async fn check(url: &str, expected: impl Iterator<Item = &Uuid>) {
    let log = EventLog::open(Db::open(url).await.expect("opens")).await.expect("opens");
    let mut created: HashMap<String, usize> = HashMap::new();
    let mut at = 0;
    while let Some(events) =
        Some(log.tail(at, 1000).await.expect("no gap")).filter(|events| !events.is_empty())
    {
        at += i64::try_from(events.len()).expect("few");
        for event in events.iter().filter(|event| event.event_type == "OrgCreated") {
            *created.entry(event.aggregate_id.clone()).or_default() += 1;
        }
    }
    for id in expected {
        assert_eq!(created.get(&id.to_string()), Some(&1), "{id}");
    }
    let report = Projector::start(log).await.expect("folds").verify(|_| ()).await.expect("verifies");
    assert_eq!(report.findings, []);
}

/// Each creates organisations until nobody answers; gives the ids that were acknowledged, and those that were not.
fn start_callers(ana: &Wire, portal: &Process, so_far: &Arc<AtomicUsize>) -> JoinSet<(Vec<Uuid>, Vec<Uuid>)> {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (mut wire, so_far) = (ana.again(portal.address), so_far.clone());
        callers.spawn(async move {
            let (mut done, mut open) = (vec![], vec![]);
            loop {
                let id = Uuid::new_v4();
                match create(&mut wire, id).await {
                    Ok(303) => {
                        done.push(id);
                        so_far.fetch_add(1, Relaxed);
                    }
                    Ok(status) => panic!("{status}"),
                    Err(_) => {
                        open.push(id);
                        return (done, open);
                    }
                }
            }
        });
    }
    callers
}

pub(crate) async fn create(wire: &mut Wire, id: Uuid) -> std::io::Result<u16> {
    let slug = &id.simple().to_string()[..20];
    let form = format!("command_id={id}&name=Acme&slug=s{slug}&owner_email=o{slug}%40example.com");
    Ok(wire.post("/admin/orgs", &form).await?.status)
}

/// Another one in every run and round.
fn random_number(range: Range<usize>) -> usize {
    let random = usize::from(Uuid::new_v4().as_bytes()[0]);
    range.start + random % range.len()
}

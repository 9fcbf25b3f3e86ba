//! Two portals, each a process of its own, on one Postgres: they are one portal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use projections::{Db, EventLog, Projector, testing};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::process::Process;
use crate::wire::{Answer, Wire};

/// Races for one slug, and callers of each process.
const RACES: usize = 20;
const CALLERS: usize = 8;

#[tokio::test]
async fn two_processes_on_one_postgres_are_one_portal() {
    let url = testing::postgres().await;
    let (one, other, ana) = two(&url).await;
    let (here, there) = (ana.again(one.address), ana.again(other.address));

    one_of_two_gets_a_slug(&here, &there).await;
    whoever_is_answered_here_sees_it_there(&here, &there).await;
    both_create_at_once(&here, &there).await;
    one_of_two_superadmins_is_left(&here, &there).await;
    whoever_signs_out_here_is_out_there(&here, &there).await;

    one.kill().await;
    other.kill().await;
    let log = EventLog::open(Db::open(&url).await.expect("opens")).await.expect("opens");
    let created = RACES + 1 + 2 * CALLERS * RACES;
    let report = Projector::start(log.clone()).await.expect("folds").verify(|_| ()).await.expect("verifies");
    assert_eq!(report.findings, []);
    let events = log.tail(0, 10_000).await.expect("no gap");
    assert_eq!(events.iter().filter(|event| event.event_type == "OrgCreated").count(), created);
}

/// Both, and the first superadmin.
async fn two(url: &str) -> (Process, Process, Wire) {
    let program = env!("CARGO_BIN_EXE_portal");
    let mut one = Process::start(program, url).await;
    let ana = one.first_superadmin().await;
    (one, Process::start(program, url).await, ana)
}

/// One is stopped inside an append, for longer than the other waits for the log, and goes on.
#[tokio::test]
async fn a_process_that_is_stopped_inside_an_append_and_goes_on_harms_nobody() {
    let url = testing::postgres().await;
    let (one, other, ana) = two(&url).await;
    let (is_over, mut callers) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for _ in 0..CALLERS {
        callers.spawn(create_until(ana.again(one.address), is_over.clone()));
    }
    let mut there = ana.again(other.address);
    let mut acknowledged = vec![];
    let mut is_held = false;
    for _ in 0..50 {
        one.signal("STOP").await;
        let id = Uuid::new_v4();
        match crate::crash::create(&mut there, id).await.expect("an answer") {
            303 => acknowledged.push(id), // it was stopped between two appends: once more
            status => {
                assert_eq!(status, 503, "nothing was done, as the log is held");
                is_held = true;
            }
        }
        one.signal("CONT").await;
        if is_held {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(is_held, "it was never stopped inside an append");
    is_over.store(true, Relaxed);
    acknowledged.extend(callers.join_all().await.into_iter().flatten());
    for address in [one.address, other.address] {
        let mut wire = ana.again(address);
        for _ in 0..30 {
            assert_eq!(wire.get("/admin/orgs").await.expect("an answer").status, 200);
            let id = Uuid::new_v4();
            assert_eq!(crate::crash::create(&mut wire, id).await.expect("an answer"), 303);
            acknowledged.push(id);
        }
    }
    assert!(!testing::rests_in_a_transaction(&url).await, "a connection is left inside a transaction");
    one.kill().await;
    other.kill().await;
    crate::crash::check(&url, acknowledged.iter()).await;
}

/// The ids of what was acknowledged.
async fn create_until(mut wire: Wire, is_over: Arc<AtomicBool>) -> Vec<Uuid> {
    let mut acknowledged = vec![];
    while !is_over.load(Relaxed) {
        let id = Uuid::new_v4();
        match crate::crash::create(&mut wire, id).await.expect("an answer") {
            303 => acknowledged.push(id),
            status => assert_eq!(status, 503),
        }
    }
    acknowledged
}

async fn one_of_two_gets_a_slug(here: &Wire, there: &Wire) {
    let (mut here, mut there) = (here.again(here.address), there.again(there.address));
    for race in 0..RACES {
        let slug = format!("race-{race}");
        let (one, other) = tokio::join!(create(&mut here, &slug), create(&mut there, &slug));
        let mut answers = [one.status, other.status];
        answers.sort_unstable();
        assert_eq!(answers, [303, 422], "{slug}");
    }
}

async fn whoever_is_answered_here_sees_it_there(here: &Wire, there: &Wire) {
    let (mut here, mut there) = (here.again(here.address), there.again(there.address));
    assert_eq!(create(&mut here, "seen-there").await.status, 303);
    let list = there.get("/admin/orgs?q=seen-there").await.expect("an answer");
    assert!(list.body.contains("seen-there"), "{}", list.body);
}

async fn both_create_at_once(here: &Wire, there: &Wire) {
    let mut callers = JoinSet::new();
    for caller in 0..2 * CALLERS {
        let from = if caller % 2 == 0 { here } else { there };
        let mut wire = from.again(from.address);
        callers.spawn(async move {
            for number in 0..RACES {
                let answer = create(&mut wire, &format!("org-{caller}-{number}")).await;
                assert_eq!(answer.status, 303, "{}", answer.body);
            }
        });
    }
    callers.join_all().await;
}

/// Each gives the role up at the same moment, at another process; whoever is left gives it again.
async fn one_of_two_superadmins_is_left(here: &Wire, there: &Wire) {
    let (mut ana, mut bo) = (here.again(here.address), Wire::new(there.address));
    assert_eq!(give(&mut ana, "bo").await, 303);
    let page = ana.get("/admin/superadmins").await.expect("an answer");
    let (_, rest) = page.body.split_once("/password/").expect("a link");
    let link = format!("/password/{}", rest.get(..64).expect("a whole one"));
    assert_eq!(bo.post(&link, "password=correct+horse+battery+staple").await.expect("an answer").status, 303);
    let ids = [person_id(&mut ana, "Ana").await, person_id(&mut ana, "bo@").await];
    for race in 0..RACES {
        let (one, other) = tokio::join!(give_up(&mut ana, &ids[0]), give_up(&mut bo, &ids[1]));
        match (one, other) {
            (303, 422) => assert_eq!(give(&mut bo, "ana").await, 303, "race {race}"),
            (422, 303) => assert_eq!(give(&mut ana, "bo").await, 303, "race {race}"),
            both => panic!("race {race}: {both:?}"),
        }
    }
}

async fn give(wire: &mut Wire, name: &str) -> u16 {
    let id = Uuid::new_v4();
    let form =
        format!("command_id={id}&email={name}%40example.com&role=superadmin&reason=Two+can+always+act");
    wire.post("/admin/superadmins/new", &form).await.expect("an answer").status
}

async fn give_up(wire: &mut Wire, person: &str) -> u16 {
    let form = format!("command_id={}&role=superadmin&reason=No+longer+on+call", Uuid::new_v4());
    let path = format!("/admin/superadmins/{person}/revocation");
    wire.post(&path, &form).await.expect("an answer").status
}

/// Whose row it is that offers to take the role back.
async fn person_id(wire: &mut Wire, name: &str) -> String {
    let page = wire.get("/admin/superadmins").await.expect("an answer");
    let rows = page.body.split("<tr>").filter(|row| row.contains(&format!("</span>{name}")));
    let mut paths = rows.filter_map(|row| row.split_once("/revocation?")?.0.rsplit_once('/'));
    paths.next().expect("a row with a link").1.to_owned()
}

async fn whoever_signs_out_here_is_out_there(here: &Wire, there: &Wire) {
    let (mut here, mut there) = (here.again(here.address), there.again(there.address));
    assert_eq!(there.get("/admin/orgs").await.expect("an answer").status, 200);
    here.post("/logout", "").await.expect("an answer");
    assert_eq!(there.get("/admin/orgs").await.expect("an answer").status, 303, "to sign in");
}

async fn create(wire: &mut Wire, slug: &str) -> Answer {
    let id = Uuid::new_v4();
    let form = format!("command_id={id}&name=Acme&slug={slug}&owner_email=owner%40{slug}.example");
    wire.post("/admin/orgs", &form).await.expect("an answer")
}

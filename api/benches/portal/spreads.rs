//! What a change of policy costs at 100,000 organisations, and what programs that ask about permissions notice of it.

use std::time::{Duration, Instant};

use projections::{Projector, testing};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::measure::{cells, halves};
use crate::process::Process;
use crate::seed;
use crate::wire::Wire;

const ORGANISATIONS: usize = 100_000;
const TYPES: u128 = 20;
const CHANGES: u128 = 100;
const CALLERS: usize = 16;
const SECONDS: u64 = 5;

const TYPES_OF_ACME: &str = "/api/v1/orgs/acme/resource-types";
const PERMISSIONS: &str = "/api/v1/orgs/acme/permissions";

pub(crate) async fn run() {
    println!("## A policy switched to and fro at {ORGANISATIONS} organisations and {TYPES} types, ms\n");
    println!(
        "| | events of {CHANGES} changes | change acknowledged p50 | p99 | seen by a customer p50 | p99 | permissions p50 | p99 | answers/s, {CALLERS} callers, policies changing |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let (_folder, sqlite) = testing::sqlite();
    for (engine, url) in [("Postgres", testing::postgres().await), ("SQLite", sqlite)] {
        let mut world = World::new(&url).await;
        let before = world.position().await;
        let (acknowledged, seen) = world.switch().await;
        let events = world.position().await - before;
        let (answers, per_second) = world.load().await;
        let cells = [acknowledged, seen, answers].map(|times| cells(halves(times))).join(" | ");
        println!("| {engine} | {events} | {cells} | {per_second:.0} |");
        world.portal.kill().await;
    }
    println!();
}

struct World {
    portal: Process,
    ana: Wire,
    olga: Wire,
}

impl World {
    async fn new(url: &str) -> Self {
        let log = seed::organisations(url, ORGANISATIONS, 3).await;
        Projector::start(log.clone()).await.expect("folds");
        log.db().close().await;
        drop(log);
        if url.starts_with("postgres") {
            testing::execute(url, "vacuum analyze"); // as it does by itself within a minute
        }
        let mut portal = Process::start(crate::PORTAL, url).await;
        let mut ana = portal.first_superadmin().await;
        let form = format!("command_id={}&name=Acme&slug=acme&owner_email=o%40example.com", id(1));
        assert_eq!(ana.post("/admin/orgs", &form).await.expect("an answer").status, 303);
        let token = ana.cookies.remove("portal-once").expect("an invitation was handed over");
        let mut olga = Wire::new(portal.address);
        let form = "name=Olga&password=correct+horse+battery+staple";
        assert_eq!(olga.post(&format!("/invitations/{token}"), form).await.expect("an answer").status, 303);
        for number in 0..TYPES {
            let form = format!(
                "command_id={}&code=type{number}&label=Type&action=read&action=list&spread=everywhere&description=",
                id(1000 + number)
            );
            assert_eq!(ana.post("/admin/reference-data/new", &form).await.expect("an answer").status, 303);
        }
        Self { portal, ana, olga }
    }

    /// Of the last event, as the console says it.
    async fn position(&mut self) -> i64 {
        let page = self.ana.get("/admin/reference-data").await.expect("an answer").body;
        let after =
            page.split("data as of ").nth(1).and_then(|rest| rest.split('#').nth(1)).expect("a position");
        let digits: String = after.chars().take_while(|c| c.is_ascii_digit() || *c == ',').collect();
        digits.replace(',', "").parse().expect("a number")
    }

    /// How long until a change is acknowledged, and until a customer sees it who asks all the time.
    async fn switch(&mut self) -> (Vec<Duration>, Vec<Duration>) {
        let (mut acknowledged, mut seen) = (vec![], vec![]);
        for number in 0..CHANGES {
            let everywhere = number % 2 == 1;
            let started = Instant::now();
            change(&mut self.ana, 10_000 + number, everywhere).await;
            acknowledged.push(started.elapsed());
            let has = |body: &str| body.contains("\"type0\"");
            while has(&self.olga.get(TYPES_OF_ACME).await.expect("an answer").body) != everywhere {}
            seen.push(started.elapsed());
        }
        (acknowledged, seen)
    }

    /// What everybody's permissions cost to ask for while the policy goes on changing.
    async fn load(&mut self) -> (Vec<Duration>, f64) {
        let started = Instant::now();
        let until = started + Duration::from_secs(SECONDS);
        let mut tasks = JoinSet::new();
        for _ in 0..CALLERS {
            let mut wire = self.olga.again(self.olga.address);
            tasks.spawn(async move {
                let mut times = vec![];
                while Instant::now() < until {
                    let asked = Instant::now();
                    assert_eq!(wire.get(PERMISSIONS).await.expect("an answer").status, 200);
                    times.push(asked.elapsed());
                }
                times
            });
        }
        let mut number = 20_000;
        while Instant::now() < until {
            change(&mut self.ana, number, number % 2 == 1).await;
            number += 1;
        }
        let times = tasks.join_all().await.concat();
        let per_second =
            f64::from(u32::try_from(times.len()).expect("not so many")) / started.elapsed().as_secs_f64();
        (times, per_second)
    }
}

async fn change(ana: &mut Wire, number: u128, everywhere: bool) {
    let spread = if everywhere { "everywhere" } else { "opt_in" };
    let form = format!("command_id={}&spread={spread}", id(number));
    assert_eq!(ana.post("/admin/reference-data/type0/spread", &form).await.expect("an answer").status, 303);
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

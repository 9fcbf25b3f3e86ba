//! Single pages of a small portal, over HTTP: what every page costs that looks through a scope.

use std::time::{Duration, Instant};

use projections::testing;
use uuid::Uuid;

use crate::measure::{cells, halves};
use crate::process::Process;
use crate::wire::Wire;

const REQUESTS: usize = 1000;
const ORGANISATIONS: u128 = 60;

pub(crate) async fn run() {
    println!("## Pages of {ORGANISATIONS} organisations, {REQUESTS} requests each, in turn, ms\n");
    println!("| page | Postgres p50 | p99 | SQLite p50 | p99 |");
    println!("| --- | --- | --- | --- | --- |");
    let (_folder, sqlite) = testing::sqlite();
    let (mut on_postgres, mut on_sqlite) =
        (World::new(&testing::postgres().await).await, World::new(&sqlite).await);
    let (postgres, sqlite) = (on_postgres.ask().await, on_sqlite.ask().await);
    for ((page, postgres), (_, sqlite)) in postgres.into_iter().zip(sqlite) {
        println!("| {page} | {} | {} |", cells(postgres), cells(sqlite));
    }
    println!();
    on_postgres.portal.stop().await;
    on_sqlite.portal.stop().await;
}

struct World {
    portal: Process,
    ana: Wire,
    olga: Wire,
    org: Uuid,
}

impl World {
    async fn new(url: &str) -> Self {
        let mut portal = Process::start(crate::PORTAL, url).await;
        let mut ana = portal.first_superadmin().await;
        let mut org = Uuid::nil();
        for number in 0..ORGANISATIONS {
            org = Uuid::from_u128(number + 1);
            let form =
                format!("command_id={org}&name=Acme+{number}&slug=acme-{number}&owner_email=o%40example.com");
            assert_eq!(ana.post("/admin/orgs", &form).await.expect("an answer").status, 303);
        }
        let token = ana.cookies.remove("portal-once").expect("an invitation was handed over");
        let mut olga = Wire::new(portal.address);
        let form = "name=Olga&password=correct+horse+battery+staple";
        assert_eq!(olga.post(&format!("/invitations/{token}"), form).await.expect("an answer").status, 303);
        Self { portal, ana, olga, org }
    }

    /// Median and 99th percentile of each page; the pages take turns, so that all meet the same machine.
    async fn ask(&mut self) -> Vec<(&'static str, (Duration, Duration))> {
        let (org, slug) = (self.org, ORGANISATIONS - 1);
        let pages = [
            ("dashboard of a member", false, format!("/org/acme-{slug}/dashboard")),
            ("members, for a member", false, format!("/org/acme-{slug}/members")),
            ("list of organisations", true, "/admin/orgs".to_owned()),
            ("an organisation", true, format!("/admin/orgs/{org}")),
        ];
        let mut times = vec![Vec::with_capacity(REQUESTS); pages.len()];
        for _ in 0..REQUESTS {
            for ((_, console, path), times) in pages.iter().zip(&mut times) {
                let wire = if *console { &mut self.ana } else { &mut self.olga };
                let started = Instant::now();
                let answer = wire.get(path).await.expect("an answer");
                times.push(started.elapsed());
                assert_eq!(answer.status, 200, "{}", answer.body);
            }
        }
        pages.iter().zip(times).map(|((name, ..), times)| (*name, halves(times))).collect()
    }
}

//! What strangers can make the running program pay: memory, and the time of everybody else.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use projections::testing;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::process::Process;
use crate::wire::Wire;

#[tokio::test]
async fn abandoned_sign_ins_cost_no_memory_on_sqlite() {
    let (_folder, url) = testing::sqlite();
    survives_abandoned_sign_ins(&url).await;
}

#[tokio::test]
async fn abandoned_sign_ins_cost_no_memory_on_postgres() {
    survives_abandoned_sign_ins(&testing::postgres().await).await;
}

/// In KiB: what the program holds at the most, and what 550 hashes at a time would take many times over.
const MOST_MEMORY: u64 = 200 * 1024;

async fn survives_abandoned_sign_ins(url: &str) {
    let mut portal = Process::start(env!("CARGO_BIN_EXE_portal"), url).await;
    portal.first_superadmin().await;
    for (round, number) in (0..55).flat_map(|round| (1..=10).map(move |number| (round, number))) {
        let mut socket = from(number, portal.address).await;
        let form = format!("email=nobody{round}%40example.com&password=correct+horse+battery+staple");
        socket.write_all(post("/login", &form).as_bytes()).await.expect("it reads");
        tokio::time::sleep(Duration::from_millis(4)).await; // long enough to be read, and for a hash to begin
    }
    until_signed_in(portal.address).await;
    let most = portal.memory();
    assert!(most <= MOST_MEMORY, "{} MiB", most / 1024);
}

/// A connection from one of the addresses that a machine has of its own.
async fn from(number: u8, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 1, number], 0))).expect("an address of this machine");
    socket.connect(to).await.expect("it listens")
}

fn post(path: &str, form: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{form}",
        form.len()
    )
}

/// What was abandoned leaves room for who comes after it.
async fn until_signed_in(address: SocketAddr) {
    let (asked, mut ana) = (Instant::now(), Wire::new(address));
    let form = "email=ana%40example.com&password=correct+horse+battery+staple";
    while ana.post("/login", form).await.expect("an answer").status != 303 {
        assert!(asked.elapsed() < Duration::from_secs(20), "nobody gets in");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn a_link_that_is_hammered_keeps_nobody_waiting_on_sqlite() {
    let (_folder, url) = testing::sqlite();
    answers_while_a_link_is_hammered(&url).await;
}

#[tokio::test]
async fn a_link_that_is_hammered_keeps_nobody_waiting_on_postgres() {
    answers_while_a_link_is_hammered(&testing::postgres().await).await;
}

/// The form comes back, because of the name, and the password is one of the longest to judge.
async fn answers_while_a_link_is_hammered(url: &str) {
    let mut portal = Process::start(env!("CARGO_BIN_EXE_portal"), url).await;
    let mut ana = portal.first_superadmin().await;
    let link = invitation(&mut ana).await;
    let slow: String = "4%408%28%7B%5B%3C369%26%23%211%2F%7C0%245%2B7%252".repeat(8);
    let form = format!("name=&password={slow}");
    let mut hammers = JoinSet::new();
    for _ in 0..6 {
        let (mut wire, link, form) = (Wire::new(portal.address), link.clone(), form.clone());
        hammers.spawn(async move {
            for _ in 0..2 {
                assert!(wire.get(&link).await.is_ok_and(|page| page.status == 200));
                let answer = wire.post(&link, &form).await.expect("an answer");
                assert!([422, 429].contains(&answer.status), "{} {}", answer.status, answer.body);
            }
        });
    }
    let (mut probe, mut longest) = (Wire::new(portal.address), Duration::ZERO);
    while hammers.try_join_next().is_none() {
        let asked = Instant::now();
        assert_eq!(probe.get("/livez").await.expect("an answer").status, 200);
        longest = longest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    hammers.join_all().await;
    assert!(longest < Duration::from_secs(1), "somebody waited for {longest:?}");
}

/// The link that an organisation's first owner gets.
async fn invitation(ana: &mut Wire) -> String {
    let id = Uuid::new_v4();
    let form = format!("command_id={id}&name=Acme&slug=acme&owner_email=otto%40acme.example");
    assert_eq!(ana.post("/admin/orgs", &form).await.expect("an answer").status, 303);
    let page = ana.get(&format!("/admin/orgs/{id}")).await.expect("an answer");
    let (_, rest) = page.body.split_once("/invitations/").expect("a link");
    format!("/invitations/{}", rest.get(..64).expect("a whole one"))
}

//! More connections than there are places: who is let in, and who has to go.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use api::server::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{FORM, LONG, Server, ms, rest};
use crate::cli::program::{Place, Running};

const HALF: &str = "GET /it";
const WHOLE: &str = "GET /items/7 HTTP/1.0\r\n\r\n";

fn limits(all: usize, per_address: usize) -> Limits {
    let (max_connections, max_connections_per_address) = (all, per_address);
    Limits { max_connections, max_connections_per_address, header_timeout: LONG, ..Limits::default() }
}

fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, last)
}

/// Whether the other side keeps this connection open without a word.
async fn is_open(socket: &mut TcpStream) -> bool {
    tokio::time::timeout(ms(50), socket.read_u8()).await.is_err()
}

#[tokio::test]
async fn eight_addresses_with_half_requests_keep_nobody_out() {
    let server = Server::start(limits(256, 32)).await;
    let mut crowd = vec![];
    for from in 2..10 {
        for _ in 0..32 {
            crowd.push(server.open_from(address(from), HALF).await);
        }
    }
    for from in 20..80 {
        let mut socket = server.open_from(address(from), "GET /livez HTTP/1.0\r\n\r\n").await;
        assert!(rest(&mut socket).await.starts_with("HTTP/1.0 200"), "from 127.0.0.{from}");
    }
    assert_eq!(rest(&mut crowd[0]).await, "", "who came first waits longest");
    let last = crowd.last_mut().expect("a crowd");
    assert!(is_open(last).await);
}

#[tokio::test]
async fn forms_that_never_end_take_nobodys_place() {
    let few = Limits { max_requests_in_flight: 4, ..limits(256, 32) };
    let server = Server::start(few).await;
    let half = format!("POST /form HTTP/1.1\r\nHost: x\r\n{FORM}Content-Length: 1000\r\n\r\nname=");
    let mut crowd = vec![];
    for from in 2..4 {
        for _ in 0..16 {
            crowd.push(server.open_from(address(from), &half).await);
        }
    }
    for from in 20..40 {
        let mut socket = server.open_from(address(from), WHOLE).await;
        assert!(rest(&mut socket).await.starts_with("HTTP/1.0 200"), "from 127.0.0.{from}");
    }
    assert!(is_open(crowd.last_mut().expect("a crowd")).await);
}

fn form(length: usize, sent: usize) -> String {
    let head = format!("POST /form HTTP/1.0\r\nHost: x\r\n{FORM}Content-Length: {}\r\n\r\nname=", length + 5);
    head + &"x".repeat(sent)
}

/// There is only so much room for what is long: whoever does not go on gives way.
#[tokio::test]
async fn long_forms_that_never_end_give_way_to_whoever_comes() {
    let server = Server::start(limits(256, 128)).await;
    let mut crowd = vec![];
    for _ in 0..70 {
        crowd.push(server.open_from(address(2), &form(1_000_000, 999_000)).await);
    }
    tokio::time::sleep(ms(2000)).await; // all of it is read by then
    let mut socket = server.open_from(address(3), &form(40_000, 40_000)).await;
    assert!(rest(&mut socket).await.starts_with("HTTP/1.0 200"));
    let mut gone = 0;
    for stalled in &mut crowd {
        gone += usize::from(!is_open(stalled).await);
    }
    assert!((1..20).contains(&gone), "{gone}");
}

/// A byte now and then is no progress: whoever sends slowly and steadily goes on.
#[tokio::test]
async fn a_form_that_comes_slowly_is_not_pushed_out_by_those_that_only_drip() {
    let server = Server::start(limits(256, 128)).await;
    let mut crowd = vec![];
    for _ in 0..70 {
        crowd.push(server.open_from(address(2), &form(1_000_000, 990_000)).await);
    }
    let drip = tokio::spawn(async move {
        loop {
            for socket in &mut crowd {
                let _closed = socket.write_all(b"x").await;
            }
            tokio::time::sleep(ms(20)).await;
        }
    });
    tokio::time::sleep(ms(3500)).await;
    let (mut honest, mut pushing) = (vec![], vec![]);
    for from in 3..7 {
        honest.push(server.open_from(address(from), &form(65_000, 20_000)).await);
    }
    for _ in 0..9 {
        tokio::time::sleep(ms(100)).await;
        pushing.push(server.open_from(address(8), &form(1_000_000, 990_000)).await);
        tokio::time::sleep(ms(50)).await;
        for socket in &mut honest {
            socket.write_all("x".repeat(5_000).as_bytes()).await.expect("it is not closed");
        }
    }
    for socket in &mut honest {
        assert!(rest(socket).await.starts_with("HTTP/1.0 200"));
    }
    drip.abort();
}

/// Whoever opens connection after connection and sends nothing takes no place from somebody who sends slowly.
#[tokio::test]
async fn connections_that_send_nothing_do_not_push_out_a_form_that_comes_slowly() {
    for (all, of_crowd) in [(32, 2..10), (1000, 20..21)] {
        let server = Server::start(limits(all, 8)).await;
        let mut honest = server.open_from(address(20), &form(20_000, 2_000)).await;
        let mut crowd = std::collections::VecDeque::new();
        for _ in 0..18 {
            for _ in 0..4 {
                for from in of_crowd.clone() {
                    crowd.push_back(server.open_from(address(from), "").await);
                }
            }
            honest.write_all("x".repeat(1_000).as_bytes()).await.expect("it is not closed");
            tokio::time::sleep(ms(10)).await;
        }
        assert!(rest(&mut honest).await.starts_with("HTTP/1.0 200"));
    }
}

#[tokio::test]
async fn whoever_opens_too_many_pushes_their_own_out() {
    let server = Server::start(limits(1000, 2)).await;
    let mut other = server.open_from(address(2), HALF).await;
    let mut first = server.open_from(address(3), HALF).await;
    let mut second = server.open_from(address(3), HALF).await;
    let mut third = server.open_from(address(3), WHOLE).await;
    assert!(rest(&mut third).await.starts_with("HTTP/1.0 200"));
    assert_eq!(rest(&mut first).await, "");
    assert!(is_open(&mut second).await && is_open(&mut other).await);
}

#[tokio::test]
async fn an_idle_connection_and_a_half_sent_body_make_room() {
    let server = Server::start(limits(2, 1000)).await;
    let mut idle = server.open("GET /items/7 HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.expect("it is answered");
    let head = format!("POST /form HTTP/1.1\r\nHost: x\r\n{FORM}Content-Length: 20\r\n\r\nname=");
    let mut half = server.open(&head).await;
    tokio::time::sleep(ms(20)).await; // so that the rest of it is waited for; without it, it waits as well
    for left in [&mut idle, &mut half] {
        let mut next = server.open(WHOLE).await;
        assert!(rest(&mut next).await.starts_with("HTTP/1.0 200"));
        let closed = rest(left).await;
        assert!(!closed.contains("HTTP/1.1"), "{closed}");
        let _holds_the_place = server.open(HALF).await;
    }
}

#[tokio::test]
async fn a_request_that_is_being_handled_is_never_closed_for_others() {
    let server = Server::start(limits(1, 1000)).await;
    let mut handled = server.open("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.entered.notified().await;
    let mut refused = server.open("").await;
    assert_eq!(rest(&mut refused).await, "");
    server.leave.notify_one();
    let mut answer = [0; 12];
    handled.read_exact(&mut answer).await.expect("it is answered");
    assert_eq!(&answer, b"HTTP/1.1 200");
    server.until_admitted().await;
}

#[tokio::test]
async fn an_answer_on_its_way_is_never_closed_for_others() {
    let server = Server::start(limits(1, 1000)).await;
    let mut flooded = server.open("GET /flood HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut answer = vec![0; 12];
    flooded.read_exact(&mut answer).await.expect("it is answered");
    for _ in 0..3 {
        let mut refused = server.open("").await;
        assert_eq!(rest(&mut refused).await, "");
    }
    let mut left: u64 = 50_000_000;
    let mut piece = vec![0; 1 << 20];
    while left > 0 {
        let read = flooded.read(&mut piece).await.expect("it goes on");
        assert!(read > 0, "{left} bytes are missing");
        left = left.saturating_sub(u64::try_from(read).expect("small"));
    }
    server.until_admitted().await;
}

/// Whoever asks for much and reads none of it holds the place, but not for long, and not before others.
#[tokio::test]
async fn answers_that_nobody_reads_make_room() {
    let server = Server::start(limits(64, 32)).await;
    let mut crowd = vec![];
    for from in 2..4 {
        for _ in 0..32 {
            crowd.push(server.open_from(address(from), "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n").await);
        }
    }
    tokio::time::sleep(ms(2500)).await;
    for from in 20..40 {
        let mut socket = server.open_from(address(from), WHOLE).await;
        assert!(rest(&mut socket).await.starts_with("HTTP/1.0 200"), "from 127.0.0.{from}");
    }
}

/// However many addresses of one network come, each with one: somebody from elsewhere who sends slowly goes on.
#[tokio::test]
async fn many_addresses_of_one_network_push_their_own_out() {
    let server = Server::start(limits(48, 8)).await;
    let mut honest = server.open_from(Ipv4Addr::new(127, 0, 1, 1), &form(20_000, 2_000)).await;
    let mut crowd = std::collections::VecDeque::new();
    for round in 0..18 {
        for from in 0..13 {
            crowd.push_back(server.open_from(address(2 + round * 13 + from), HALF).await);
        }
        honest.write_all("x".repeat(1_000).as_bytes()).await.expect("it is not closed");
        tokio::time::sleep(ms(10)).await;
    }
    assert!(rest(&mut honest).await.starts_with("HTTP/1.0 200"));
}

/// What comes fast from one address does not push out what comes slowly from another.
#[tokio::test]
async fn many_long_forms_of_one_address_leave_room_for_one_of_another() {
    let server = Server::start(limits(256, 128)).await;
    let mut crowd = vec![];
    for _ in 0..70 {
        crowd.push(server.open_from(address(2), &form(1_000_000, 900_000)).await);
    }
    let busy = tokio::spawn(async move {
        loop {
            for socket in &mut crowd {
                let _closed = socket.write_all(&[b'x'; 200]).await;
            }
            tokio::time::sleep(ms(20)).await;
        }
    });
    let mut honest = server.open_from(address(3), &form(60_000, 20_000)).await;
    for _ in 0..8 {
        tokio::time::sleep(ms(100)).await;
        let _pushing = server.open_from(address(2), &form(1_000_000, 900_000)).await;
        honest.write_all("x".repeat(5_000).as_bytes()).await.expect("it is not closed");
    }
    assert!(rest(&mut honest).await.starts_with("HTTP/1.0 200"));
    busy.abort();
}

/// The program itself, with fewer descriptors than its own limit of connections.
#[tokio::test]
async fn where_descriptors_end_those_who_wait_make_room() {
    let place = Place::sqlite();
    let mut program = Command::new("sh");
    program.args(["-c", &format!("ulimit -n 96; exec {}", env!("CARGO_BIN_EXE_portal"))]);
    let running = Running::new(place.here(program));
    let mut crowd = vec![];
    for _ in 0..120 {
        let mut socket = TcpStream::connect(running.address).await.expect("it listens");
        if socket.write_all(HALF.as_bytes()).await.is_ok() {
            crowd.push(socket);
        }
    }
    let mut asked = TcpStream::connect(running.address).await.expect("it listens");
    asked.write_all(b"GET /livez HTTP/1.0\r\n\r\n").await.expect("it reads");
    let answer = tokio::time::timeout(Duration::from_secs(5), rest(&mut asked)).await;
    assert!(answer.is_ok_and(|answer| answer.starts_with("HTTP/1.0 200")));
}

/// The listener for machines, and what the other one shows of metrics.
#[test]
fn health_has_a_listener_of_its_own_if_asked() {
    let place = Place::sqlite();
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = free.local_addr().expect("it is bound").to_string();
    drop(free);
    let running = place.start(&["serve", "--health-listen", &at]);
    let health: SocketAddr = at.parse().expect("an address");
    for path in ["/livez", "/readyz", "/metrics"] {
        assert!(ask(health, path, "").starts_with("HTTP/1.0 200"), "{path}");
    }
    assert!(ask(health, "/login", "").starts_with("HTTP/1.0 404"));
    assert!(ask(running.address, "/livez", "").starts_with("HTTP/1.0 200"));
    assert!(ask(running.address, "/metrics", "").contains("PORTAL_HEALTH_LISTEN"));
}

#[test]
fn metrics_are_shown_to_this_machine_and_through_no_proxy() {
    let place = Place::sqlite();
    let running = place.start(&["serve"]);
    let shown = ask(running.address, "/metrics", "");
    assert!(shown.starts_with("HTTP/1.0 200"), "{shown}");
    for header in ["X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 proxy"] {
        let refused = ask(running.address, "/metrics", &format!("{header}\r\n"));
        assert!(refused.starts_with("HTTP/1.0 403"), "{header}: {refused}");
    }
}

fn ask(at: SocketAddr, path: &str, headers: &str) -> String {
    let mut socket = std::net::TcpStream::connect(at).expect("it listens");
    write!(socket, "GET {path} HTTP/1.0\r\nHost: x\r\n{headers}\r\n").expect("it reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    answer
}

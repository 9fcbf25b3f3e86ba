//! Who is slowed down when strangers try to sign in, and who never is.

use std::net::IpAddr;

use api::credentials::throttle::Throttle;
use api::web::error::Error;
use api::{clock, routes};
use axum::body::Body;
use axum::http::Request;
use domain::values::Email;
use projections::{people, testing, throttle};

use crate::client::{Answer, Client};
use crate::process::Process;
use crate::wire::Wire;
use crate::world::{PASSWORD, World};

const ANA: &str = "ana@example.com";

async fn sign_in(client: &Client, password: &str) -> Answer {
    client.post("/login", &[("email", ANA), ("password", password)]).await
}

/// An attempt without its password, as far as the throttle sees it.
async fn attempt(world: &World, account: &str, network: u8) -> Result<(), Error> {
    world.app.throttle.sign_in(Some(&email(account)), Some(address(network)), None).await
}

/// Tries wrong passwords for as long as it may; gives how many those were.
async fn guesses(client: &Client) -> usize {
    let mut guesses = 0;
    while sign_in(client, "wrong horse battery").await.is_one_of(&[422, 429]) == 422 {
        guesses += 1;
        assert!(guesses < 30, "nothing slows this down");
    }
    guesses
}

fn email(text: &str) -> Email {
    text.parse().expect("an address")
}

fn address(network: u8) -> IpAddr {
    [198, 51, 100, network].into()
}

/// As many as one network has, from each of the first so many networks.
async fn attack(world: &World, networks: u8) {
    for network in 1..=networks {
        for _ in 0..10 {
            attempt(world, ANA, network).await.expect("not too many yet");
        }
    }
}

/// What is typed around an address, to be seen or not, makes no other account of it.
async fn an_address_is_counted_however_it_is_typed(world: World) {
    world.with_password(ANA).await;
    let stranger = world.anonymous();
    guesses(&stranger).await;
    for around in ["\u{200b}", "\u{feff}", "\u{ad}", "\u{2060}", "\u{200e}", " ", "\t"] {
        for typed in [format!("{around}{ANA}"), format!("{ANA}{around}"), ANA.to_uppercase()] {
            stranger.post("/login", &[("email", &typed), ("password", "wrong horse battery")]).await.is(429);
        }
    }
}

async fn the_owner_gets_in_each_time_while_a_stranger_tries(world: World) {
    world.with_password(ANA).await;
    for round in 1..=9 {
        for _ in 0..4 {
            let _slowed_down_or_not = attempt(&world, ANA, 1).await;
        }
        let owner = world.anonymous().from(&format!("203.0.113.{round}"));
        sign_in(&owner, PASSWORD).await.leads_to("/");
    }
    assert!(attempt(&world, ANA, 1).await.is_err(), "the stranger is slowed down");
}

async fn an_account_that_many_networks_attack_lets_its_owner_in(world: World) {
    let person = world.with_password(ANA).await;
    let known = world.anonymous();
    sign_in(&known, PASSWORD).await.leads_to("/");
    let device = known.cookie("portal-device");
    attack(&world, 5).await;
    for network in 6..=30 {
        let _slowed_down_or_not = attempt(&world, ANA, network).await;
        let _slowed_down_or_not = attempt(&world, ANA, network).await;
    }
    // Each network has an attempt, which is enough for whoever knows the password, and hardly more.
    let mut attempts = 0;
    while attempt(&world, ANA, 31).await.is_ok() {
        attempts += 1;
    }
    assert!((1..8).contains(&attempts), "{attempts}");
    sign_in(&world.anonymous().from("203.0.113.9"), PASSWORD).await.leads_to("/");
    // Where somebody has signed in before, nothing that strangers did counts, not even from the same network.
    let known = known.from("198.51.100.1");
    known.post("/logout", &[]).await.is(303);
    for _ in 0..5 {
        sign_in(&known, "wrong horse battery").await.is(422);
    }
    sign_in(&known, PASSWORD).await.leads_to("/");
    assert_eq!(known.cookie("portal-device"), device, "it is still the same device");
    // Nor does it count for another account.
    assert!(attempt(&world, "bob@example.com", 31).await.is_ok());
    assert_eq!(person, world.person(ANA).await);
}

async fn attempts_with_a_known_device_are_counted_too(world: World) {
    world.with_password(ANA).await;
    let thief = world.anonymous();
    sign_in(&thief, PASSWORD).await.leads_to("/");
    assert!(guesses(&thief).await >= 10);
    sign_in(&thief, PASSWORD).await.is(429);
}

/// Eve knows her own password, and has a browser that is known as hers.
async fn a_device_is_known_for_whom_it_was_proven(world: World) {
    world.with_password(ANA).await;
    world.with_password("eve@example.com").await;
    let eve = world.anonymous();
    eve.post("/login", &[("email", "eve@example.com"), ("password", PASSWORD)]).await.leads_to("/");
    let planted = eve.cookie("portal-device").expect("a device");
    assert!(guesses(&eve).await >= 10);
    // Planted in the browser of somebody else, it is worth nothing after their sign-in.
    let ana = world.anonymous().from("203.0.113.9");
    ana.keep("portal-device", &planted);
    sign_in(&ana, PASSWORD).await.leads_to("/");
    assert_ne!(ana.cookie("portal-device"), Some(planted.clone()));
    eve.keep("portal-device", &planted);
    sign_in(&eve, PASSWORD).await.is(429);
}

async fn a_new_password_forgets_every_other_device(world: World) {
    world.with_password(ANA).await;
    let (ana, thief) = (world.anonymous(), world.anonymous().from("203.0.113.9"));
    for client in [&ana, &thief] {
        sign_in(client, PASSWORD).await.leads_to("/");
    }
    let better = "an entirely different sentence";
    ana.post("/account/password", &[("current", PASSWORD), ("password", better)]).await.is(303);
    for network in [7, 9] {
        for _ in 0..10 {
            let from = Some([203, 0, 113, network].into());
            let _used_up_or_not = world.app.throttle.sign_in(Some(&email(ANA)), from, None).await;
        }
    }
    sign_in(&thief, better).await.is(429);
    sign_in(&ana, better).await.leads_to("/");
}

/// A second process, or the same after a restart.
async fn counts_are_in_the_database(world: World) {
    attack(&world, 1).await;
    let other = Throttle::new(&world.app.db);
    assert!(other.sign_in(Some(&email(ANA)), Some(address(1)), None).await.is_err());
    assert!(other.sign_in(Some(&email(ANA)), Some(address(2)), None).await.is_ok());
}

/// Rows of buckets, of all that the database holds.
async fn buckets(world: &World) -> usize {
    testing::every_row(&world.app.db).await.lines().filter(|row| row.starts_with("throttle ")).count()
}

async fn what_strangers_make_us_store_is_bounded_and_soon_gone(world: World) {
    for account in 0..500 {
        let _slowed_down_or_not = attempt(&world, &format!("nobody{account}@example.com"), 1).await;
    }
    let stored = buckets(&world).await;
    assert!(stored < 200, "{stored} rows for one network");
    throttle::sweep(&world.app.db, clock::after(chrono::Duration::minutes(3))).await.expect("swept");
    assert_eq!(buckets(&world).await, 0);
}

async fn every_route_with_a_token_is_slowed_down(world: World) {
    let world = world.demonstrating();
    let with_token = routes::entries(&world.app).into_iter().filter(|entry| entry.path.contains("{token}"));
    let paths: Vec<_> =
        with_token.map(|entry| (entry.method, entry.path.replace("{token}", "0000"))).collect();
    assert!(paths.len() >= 8, "{paths:?}");
    let far = |number: usize| world.anonymous().from(&format!("203.0.113.{number}"));
    for (number, (method, path)) in paths.iter().enumerate() {
        let here = Some([203, 0, 113, u8::try_from(number).expect("few")].into());
        let mut rounds = 0..20;
        while rounds.next().is_some() {
            while world.app.throttle.link(here).await.is_ok() {}
            let request = Request::builder().method(*method).uri(path);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            if far(number).send(request.body(Body::empty()).expect("a request")).await.status == 429 {
                break;
            }
        }
        assert!(!rounds.is_empty(), "{method} {path} is never slowed down");
        far(200).get(path).await.is(404);
    }
}

async fn forms_to_one_link_are_slowed_down_wherever_they_come_from(world: World) {
    let person = world.person(ANA).await;
    let token = api::identity::links::choose_password(&world.app, person).await.expect("stored");
    let path = format!("/password/{token}");
    let send = async |number: u8| {
        let client = world.anonymous().from(&format!("203.0.113.{number}"));
        client.post(&path, &[("password", "short")]).await.status
    };
    let mut statuses = vec![];
    for number in 0..25 {
        statuses.push(send(number).await);
    }
    assert_eq!(statuses[..20], [422; 20]);
    assert!(statuses[20..].contains(&429), "{statuses:?}");
    assert!(
        people::by_id(&world.app.db, person).await.expect("readable").expect("there").password_hash.is_none()
    );
}

engines! {
    an_address_is_counted_however_it_is_typed,
    the_owner_gets_in_each_time_while_a_stranger_tries,
    an_account_that_many_networks_attack_lets_its_owner_in,
    attempts_with_a_known_device_are_counted_too,
    a_device_is_known_for_whom_it_was_proven,
    a_new_password_forgets_every_other_device,
    counts_are_in_the_database,
    what_strangers_make_us_store_is_bounded_and_soon_gone,
    every_route_with_a_token_is_slowed_down,
    forms_to_one_link_are_slowed_down_wherever_they_come_from,
}

#[tokio::test]
async fn a_restart_forgets_no_attempts_on_sqlite() {
    let (_folder, url) = testing::sqlite();
    remembers_attempts(&url).await;
}

#[tokio::test]
async fn a_restart_forgets_no_attempts_on_postgres() {
    remembers_attempts(&testing::postgres().await).await;
}

async fn remembers_attempts(url: &str) {
    let form = "email=nobody%40example.com&password=wrong+horse+battery";
    let mut statuses = vec![];
    for _ in 0..2 {
        let portal = Process::start(env!("CARGO_BIN_EXE_portal"), url).await;
        let mut wire = Wire::new(portal.address);
        for _ in 0..8 {
            statuses.push(wire.post("/login", form).await.expect("an answer").status);
        }
        portal.stop().await;
    }
    let (before, after) = statuses.split_at(8);
    assert_eq!(before, [422; 8]);
    assert!(after[4..].contains(&429), "{after:?}");
}

//! Who asks: operators who create, rename, suspend and invite, people who join, sign in and look, and many who leave in
//! the middle.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{Soak, any, random};
use crate::wire::{Answer, Wire};

/// How many of each.
const COMMANDERS: usize = 6;
const LEAVERS: usize = 3;
const JOINERS: usize = 2;
const READERS: usize = 4;

/// What is acknowledged and leaves nothing behind where it is so already.
const MAY_BE_SO: [&str; 2] = ["suspend", "reinstate"];

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_mins(1);

const PAGES: &[&str] = &[
    "/admin",
    "/admin/orgs?q=soak",
    "/admin/orgs?status=suspended",
    "/admin/history",
    "/admin/history?q=Soak",
    "/admin/history/refused",
    "/admin/history/sign-ins",
    "/admin/history/read-models",
    "/admin/superadmins",
    "/admin/reference-data",
    "/account",
    "/organisations/select",
];

pub(super) async fn all(soak: &Soak) {
    let commanders = (0..COMMANDERS).map(|_| command_after_command(soak));
    let leavers = (0..LEAVERS).map(|_| leave_after_leave(soak));
    let joiners = (0..JOINERS).map(|number| join_after_join(soak, number));
    let readers = (0..READERS).map(|_| page_after_page(soak));
    tokio::join!(
        futures::future::join_all(commanders),
        futures::future::join_all(leavers),
        futures::future::join_all(joiners),
        futures::future::join_all(readers),
        own_name(soak),
        sign_in_after_sign_in(soak)
    );
}

async fn command_after_command(soak: &Soak) {
    while !soak.is_over() {
        sleep(Duration::from_millis(20 + random(200))).await;
        let (id, what, path, form) = a_command(soak);
        let started = Instant::now();
        let status =
            ask(soak, &mut somebody(soak), what, &path, Some(&form)).await.map_or(0, |answer| answer.status);
        let mut told = soak.told();
        if status == 303 && !MAY_BE_SO.contains(&what) {
            told.done.push((what, id));
            told.times.push(started.elapsed());
            if what == "create" {
                told.made.push(id);
            }
        } else if status == 0 || status >= 500 {
            told.open.push(id);
        }
    }
}

/// Its id, what it is, where it goes and what it says.
fn a_command(soak: &Soak) -> (Uuid, &'static str, String, String) {
    let (id, org) = (Uuid::new_v4(), an_org(soak));
    let begin = format!("command_id={id}");
    match (random(10), org) {
        (0, _) | (_, None) => {
            let slug = format!("soak-{}", &id.simple().to_string()[..24]);
            let form = format!("{begin}&name=Soak+{id}&slug={slug}&owner_email={slug}%40example.com");
            (id, "create", "/admin/orgs".to_owned(), form)
        }
        (1, Some(org)) => (
            id,
            "suspend",
            format!("/admin/orgs/{org}/suspension"),
            format!("{begin}&reason=A+soak+of+an+hour"),
        ),
        (2 | 3, Some(org)) => (id, "reinstate", format!("/admin/orgs/{org}/reinstatement"), begin),
        (4, Some(org)) => {
            let form = format!("{begin}&email={id}%40example.com&role=member");
            (id, "invite", format!("/admin/orgs/{org}/invitations"), form)
        }
        (5, Some(org)) => {
            let form = format!("{begin}&slug=soak-{}", &id.simple().to_string()[..24]);
            (id, "slug", format!("/admin/orgs/{org}/slug"), form)
        }
        (_, Some(org)) => {
            (id, "rename", format!("/admin/orgs/{org}/name"), format!("{begin}&name=Soak+{id}"))
        }
    }
}

/// Clients that close the connection at some point of the request.
async fn leave_after_leave(soak: &Soak) {
    while !soak.is_over() {
        sleep(Duration::from_millis(20 + random(300))).await;
        let (id, what, path, form) = a_command(soak);
        let asked =
            async { somebody(soak).post(&path, &form).await.is_ok_and(|answer| answer.status == 303) };
        let done = timeout(Duration::from_millis(random(60)), asked).await.unwrap_or(false);
        let mut told = soak.told();
        match done {
            true if MAY_BE_SO.contains(&what) => {}
            true => told.done.push((what, id)),
            false => told.open.push(id),
        }
    }
}

/// New people, whose passwords are hashed: they are invited, join, and see their dashboard.
async fn join_after_join(soak: &Soak, number: usize) {
    for round in 0.. {
        sleep(Duration::from_millis(2_000 + random(3_000))).await;
        let Some(org) = an_org(soak) else { continue };
        if soak.is_over() {
            return;
        }
        let (id, mut ana) = (Uuid::new_v4(), somebody(soak));
        let form = format!("command_id={id}&email=j{number}-{round}%40joins.example&role=member");
        let invited =
            ask(soak, &mut ana, "invite", &format!("/admin/orgs/{org}/invitations"), Some(&form)).await;
        let token = ana.cookies.get("portal-once").cloned().unwrap_or_default();
        if invited.is_none_or(|answer| answer.status != 303) || token.is_empty() {
            continue;
        }
        soak.told().done.push(("invite", id));
        let mut person = Wire::new(ana.address);
        let form = format!("name=Joiner+{number}-{round}&password=lighthouse+mango+tricycle");
        ask(soak, &mut person, "join", &format!("/invitations/{token}"), Some(&form)).await;
        ask(soak, &mut person, "dashboard", "/", None).await;
    }
}

/// Sessions end and begin, with the right password and the wrong one.
async fn sign_in_after_sign_in(soak: &Soak) {
    while !soak.is_over() {
        sleep(Duration::from_millis(4_000 + random(4_000))).await;
        let right = if random(4) == 0 { "wrong+wrong+wrong" } else { "correct+horse+battery+staple" };
        let (mut ana, form) = (somebody(soak), format!("email=ana%40example.com&password={right}"));
        ana.cookies.clear();
        let answer = ask(soak, &mut ana, "sign in", "/login", Some(&form)).await;
        if answer.is_some_and(|answer| answer.status == 303) {
            *soak.ana.write().unwrap_or_else(PoisonError::into_inner) = ana;
        }
    }
}

async fn page_after_page(soak: &Soak) {
    while !soak.is_over() {
        sleep(Duration::from_millis(50 + random(500))).await;
        let path = match an_org(soak) {
            Some(org) if random(4) == 0 => {
                let page = any(&["", "/members", "/history", "/name"]).expect("one");
                format!("/admin/orgs/{org}{page}")
            }
            _ => any(PAGES).expect("one").to_owned(),
        };
        ask(soak, &mut somebody(soak), "page", &path, None).await;
    }
}

/// What is no command: a name that was acknowledged is what the next page says, at whichever process.
async fn own_name(soak: &Soak) {
    for number in 0.. {
        sleep(Duration::from_millis(500 + random(1_000))).await;
        if soak.is_over() {
            return;
        }
        let name = format!("Ana+number+{number}");
        let renamed =
            ask(soak, &mut somebody(soak), "own name", "/account/name", Some(&format!("name={name}"))).await;
        if renamed.is_none_or(|answer| answer.status != 303) {
            sleep(PATIENCE).await; // until it is certain that it comes no more
            continue;
        }
        let page = ask(soak, &mut somebody(soak), "own name", "/account", None).await;
        if let Some(page) = page.filter(|page| page.status == 200)
            && !page.body.contains(&name.replace('+', " "))
        {
            soak.finding(format!("{name} was acknowledged, and is not there"));
        }
    }
}

/// Ana, at any of the processes.
fn somebody(soak: &Soak) -> Wire {
    let address = any(&soak.addresses()).expect("one at least");
    soak.ana.read().unwrap_or_else(PoisonError::into_inner).again(address)
}

/// One of the first two dozen mostly, so that many are at work on the same ones.
fn an_org(soak: &Soak) -> Option<Uuid> {
    let told = soak.told();
    let first = told.made.get(..24).unwrap_or(&told.made);
    any(if random(4) == 0 { &told.made } else { first })
}

/// What came back, which is counted; what nobody may be told is a finding.
async fn ask(
    soak: &Soak,
    wire: &mut Wire,
    what: &'static str,
    path: &str,
    form: Option<&str>,
) -> Option<Answer> {
    let asked = async {
        match form {
            Some(form) => wire.post(path, form).await,
            None => wire.get(path).await,
        }
    };
    let answer = timeout(PATIENCE, asked).await;
    if answer.is_err() {
        soak.finding(format!("no answer within {PATIENCE:?}: {path}"));
    }
    let answer = answer.ok().and_then(Result::ok);
    let status = answer.as_ref().map_or(0, |answer| answer.status);
    *soak.told().answers.entry((what, status)).or_default() += 1;
    if ![0, 200, 303, 409, 422, 429, 503].contains(&status) && (what, status) != ("join", 404) {
        let body = answer.as_ref().map_or("", |answer| &answer.body);
        let title = body.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
        soak.finding(format!("{status} of {path}: {}", title.map_or(body, |(title, _)| title)));
    }
    answer
}

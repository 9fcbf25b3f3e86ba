//! `?at=`: the console as of a moment, over HTTP.

mod org;
mod roles;
mod types;

use api::clock;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::org::{LifecycleCommand, OrgCommand, Role};
use domain::values::OrgId;

use crate::client::{Answer, Client};
use crate::world::World;

const LIST: &str = "/admin/orgs";
const PAGES: [&str; 3] = [LIST, "/admin/reference-data", "/admin/superadmins"];

/// Nothing on the page changes anything, and what it leads to stays in the moment.
#[track_caller]
fn only_looks(page: &Answer, at: i64) {
    page.is(200).shows("This is how it was");
    let forms = page.body.split("<form ").skip(1).filter_map(|form| form.split('>').next());
    let posts: Vec<&str> = forms.filter(|form| form.contains("\"post\"")).collect();
    assert_eq!(posts, ["method=\"post\" action=\"/logout\""]);
    let main = page.body.split_once("<main").expect("a main part").1;
    let links = main.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let away = |link: &&str| !link.contains(&format!("at={at}")) && !link.starts_with("/admin/history/");
    let steps = main.split_once("past-steps").expect("ways").1.split_once("</nav>").expect("an end").0;
    let away: Vec<&str> = links.filter(away).filter(|link| !steps.contains(*link)).collect();
    assert_eq!(away, [""; 0]);
}

async fn renamed(world: &World, org: OrgId, name: &str) {
    world
        .given(org, OrgCommand::Lifecycle(LifecycleCommand::Rename { name: name.parse().expect("a name") }))
        .await;
}

fn at(path: &str, at: impl std::fmt::Display) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    let query = serde_html_form::to_string([("at", at.to_string())]).expect("text");
    format!("{path}{separator}{query}")
}

fn exactly(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The page says of a field what it was and what it is.
#[track_caller]
fn differs(page: &Answer, field: &str, was: &str, is: &str) {
    let text = page.body.split('<').filter_map(|part| part.split_once('>')).map(|(_, words)| words);
    let text: String = text.collect();
    assert!(text.contains(&format!("{field}{was}{is}")), "{field}: {was} → {is} in {text}");
}

/// The names in the first cells of a table, in their order.
fn names(page: &Answer) -> Vec<String> {
    let cells = page.body.split("<th scope=\"row\"").skip(1).filter_map(|cell| cell.split("</th>").next());
    let name =
        |cell: &str| Some(cell.split_once("<a href=")?.1.split_once('>')?.1.split_once('<')?.0.to_owned());
    cells.filter_map(name).collect()
}

async fn the_list_is_as_it_was(world: World) {
    let ana = world.operator().await;
    let acme = world.org("acme").await;
    let first = world.position().await;
    world.org("bolt").await;
    renamed(&world, acme, "Zenith Ltd").await;
    world.suspended(acme, "Three invoices are unpaid").await;
    let suspended = world.position().await;
    world.archived(acme).await;
    let page = ana.get(&at(LIST, first)).await;
    only_looks(&page, first);
    assert_eq!(names(&page), ["Acme Ltd"]);
    page.shows("1 organisation<")
        .shows("called Zenith Ltd")
        .shows("data-status=\"archived\"")
        .hides("Bolt Ltd");
    page.shows(&format!("href=\"/admin/orgs/{acme}?at={first}\"")).hides("New organisation");
    page.shows(&format!("href=\"/admin/reference-data?at={first}\"")); // the navigation stays there too
    let page = ana.get(&at(LIST, format!("#{suspended}"))).await;
    only_looks(&page, suspended);
    assert_eq!(names(&page), ["Bolt Ltd", "Zenith Ltd"]);
    page.shows("the same").shows("Three invoices are unpaid");
    assert_eq!(names(&ana.get(LIST).await), ["Bolt Ltd"]);
    let before = ana.get(&at(LIST, first - 1)).await;
    only_looks(&before, first - 1);
    before.shows("There was no organisation yet.").hides("Create the first one");
}

async fn filters_sorting_pages_and_searches_stay_there(world: World) {
    let ana = world.operator().await;
    let mut all = vec![];
    for number in 10..65 {
        all.push(world.org(&format!("org-{number}")).await);
    }
    let then = world.position().await;
    for (number, org) in all.iter().enumerate() {
        renamed(&world, *org, &format!("Later {number:02}")).await;
    }
    let (mut path, mut seen) = (at(&format!("{LIST}?sort=-created"), then), vec![]);
    loop {
        let page = ana.get(&path).await;
        only_looks(&page, then);
        page.shows("55 organisations");
        seen.extend(names(&page));
        let pager = page.body.rsplit_once("class=\"pager\"").expect("a pager").1;
        let Some((_, next)) = pager.split_once("rel=\"next\" href=\"") else { break };
        path = next.split('"').next().expect("a link").replace("&amp;", "&");
    }
    let expected: Vec<String> = (10..65).rev().map(|number| format!("Org-{number} Ltd")).collect();
    assert_eq!(seen, expected);
    let found = ana.get(&at(&format!("{LIST}?q=ORG-12"), then)).await;
    only_looks(&found, then);
    assert_eq!(names(&found), ["Org-12 Ltd"]);
    found.shows("called Later 02").shows("Name, slug or ID at that time, or current e-mail");
    assert_eq!(found.value("at").as_deref(), Some(then.to_string().as_str()));
    let none = ana.get(&at(&format!("{LIST}?q=Later"), then)).await;
    only_looks(&none, then);
    none.shows("No organisation matches.");
    let suspended = ana.get(&at(&format!("{LIST}?status=suspended"), then)).await;
    only_looks(&suspended, then);
    suspended.shows("No organisation matches.");
}

async fn a_time_is_the_last_position_by_then(world: World) {
    let ana = world.operator().await;
    world.org("acme").await;
    let event = world.last_event().await;
    world.org("bolt").await;
    let recorded: DateTime<Utc> = event.recorded_at.into();
    for typed in [exactly(recorded), recorded.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()] {
        let page = ana.get(&at(LIST, typed)).await;
        only_looks(&page, event.position);
        assert_eq!(names(&page), ["Acme Ltd"]);
        page.shows("is the last event by");
    }
    let before = exactly(recorded - chrono::TimeDelta::microseconds(1));
    only_looks(&ana.get(&at(LIST, before)).await, event.position - 1);
    for nothing in ["0", "1970-01-01T00:00", "2001-02-03 04:05", "0001-01-01T00:00:00Z"] {
        for path in PAGES {
            let page = ana.get(&at(path, nothing)).await;
            only_looks(&page, 0);
            page.shows("before the first event").shows("there was nothing yet");
        }
    }
    let now = ana.get(&at(LIST, exactly(clock::now().into()))).await;
    only_looks(&now, world.position().await);
}

async fn what_is_no_moment_is_told_everywhere(world: World) {
    let (ana, aud) = (world.operator().await, world.auditor().await);
    let acme = world.org("acme").await;
    ana.submit("/admin/reference-data/new", &types::PROJECT).await.is(303);
    let tomorrow = exactly(clock::after(chrono::Duration::days(1)).into());
    let last = world.position().await;
    let (next, of_org) = ((last + 1).to_string(), format!("{LIST}/{acme}"));
    let tabs = ["", "/members", "/resource-types", "/history", "/access"].map(|tab| format!("{of_org}{tab}"));
    let all =
        PAGES.into_iter().chain(["/admin/reference-data/project"]).chain(tabs.iter().map(String::as_str));
    for path in all {
        for (typed, sentence) in [
            ("-1", "positions begin with 1"),
            ("-9223372036854775809", "positions begin with 1"),
            (next.as_str(), "the log is not there yet"),
            ("9223372036854775807", "the log is not there yet"),
            ("9223372036854775808", "the log is not there yet"),
            (tomorrow.as_str(), "has not come yet"),
            ("yesterday", "give a position like 1234"),
            ("2026-02-30T10:00", "give a position like 1234"),
            ("<script>", "“&lt;script&gt;”"),
            ("1; drop table events", "give a position like 1234"),
        ] {
            ana.get(&at(path, typed)).await.is(422).shows(sentence);
        }
        aud.get(&at(path, last)).await.is(200);
        aud.get(&at(path, "")).await.is(200).hides("This is how it was");
        ana.get(&format!("{path}?at=1&at=2")).await.is(400);
    }
}

async fn the_ways_lead_from_change_to_change(world: World) {
    let ana = world.operator().await;
    let acme = world.org("acme").await;
    let created = world.position().await;
    world.org("bolt").await;
    renamed(&world, acme, "Zenith Ltd").await;
    let last = world.position().await;
    let way = |page: &Answer, rel: &str| -> Option<String> {
        let steps =
            page.body.split_once("past-steps").expect("ways").1.split_once("</nav>").expect("an end").0;
        Some(steps.split_once(&format!("rel=\"{rel}\" href=\""))?.1.split('"').next()?.to_owned())
    };
    let path = format!("{LIST}/{acme}");
    let page = ana.get(&at(&path, created)).await;
    assert_eq!(way(&page, "next"), Some(at(&path, last)));
    assert_eq!(way(&page, "prev"), Some(at(&path, created - 1)));
    let page = ana.get(&at(&path, last)).await;
    assert_eq!((way(&page, "prev"), way(&page, "next")), (Some(at(&path, created)), None));
    let page = ana.get(&at(&path, created - 1)).await;
    assert_eq!((way(&page, "prev"), way(&page, "next")), (None, Some(at(&path, created))));
    let page = ana.get(&at(&format!("{LIST}?q=acme&sort=-name"), created)).await;
    assert_eq!(way(&page, "next"), Some(format!("{LIST}?q=acme&amp;sort=-name&amp;at={}", created + 1)));
    page.shows(&format!("href=\"{LIST}?q=acme&amp;sort=-name\">Back to now"));
}

async fn the_ways_in_are_there_for_whoever_may_look(world: World) {
    let (ana, aud) = (world.operator().await, world.auditor().await);
    let acme = world.org("acme").await;
    let mike: Client = world.joined(acme, "mike@example.com", Role::Member).await;
    for path in PAGES.map(str::to_owned).into_iter().chain([format!("{LIST}/{acme}")]) {
        for client in [&ana, &aud] {
            client
                .get(&path)
                .await
                .is(200)
                .shows(&format!("method=\"get\" action=\"{path}\""))
                .shows("Show how it was");
        }
        mike.get(&at(&path, 1)).await.leads_to("/org/acme/dashboard");
        world.anonymous().get(&at(&path, 1)).await.is(303);
    }
}

engines! {
    the_list_is_as_it_was,
    filters_sorting_pages_and_searches_stay_there,
    a_time_is_the_last_position_by_then,
    what_is_no_moment_is_told_everywhere,
    the_ways_lead_from_change_to_change,
    the_ways_in_are_there_for_whoever_may_look,
}

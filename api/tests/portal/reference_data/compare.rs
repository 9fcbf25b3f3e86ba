//! Two resource types side by side, or one at two moments.

use api::clock;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::ResourceType;
use projections::event_log::StreamId;

use super::{PROJECT, change_to, define, with};
use crate::client::{Answer, Client};
use crate::world::World;

const COMPARE: &str = "/admin/reference-data/compare";

async fn two_types_differ_in_what_is_told(world: World) {
    let ana = world.operator().await;
    define(&ana, &PROJECT).await.is(303);
    let invoice = [
        ("code", "invoice"),
        ("label", "Invoice"),
        ("description", "What people work on together"),
        ("action", "read"),
        ("action", "create"),
        ("spread", "opt_in"),
    ];
    define(&ana, &invoice).await.is(303);
    let page = compare(&ana, &[("left", "project"), ("right", "invoice")]).await;
    page.is(200).shows("They differ in label, actions, spread.");
    page.shows("project, now").shows("invoice, now").shows("only right: create").hides("only left");
    assert_eq!(marked(&page), ["different", "same", "different", "different", "same"]);
    let page = compare(&ana, &[("left", "invoice"), ("right", "project")]).await;
    page.is(200).shows("only left: create").hides("only right");
    let page = compare(&ana, &[("left", "project"), ("right", "project")]).await;
    page.is(200).shows("Both sides are the same.");
    assert_eq!(marked(&page), ["same"; 5]);
}

async fn one_type_is_as_it_was_at_a_position_or_a_time(world: World) {
    let ana = world.operator().await;
    define(&ana, &PROJECT).await.is(303);
    change_to(&ana, "label", &[("label", "Undertaking")]).await.is(303);
    change_to(&ana, "deactivation", &[("reason", "Nobody uses it any more")]).await.is(303);
    let events = events(&world).await;
    let [defined, relabelled, deactivated] = &events[..] else { panic!("{events:?}") };
    for (at, was) in [
        (defined.0.to_string(), ["different", "same", "same", "same", "different"]),
        (format!("#{}", relabelled.0), ["same", "same", "same", "same", "different"]),
        (deactivated.0.to_string(), ["same"; 5]),
        (exactly(defined.1), ["different", "same", "same", "same", "different"]),
        (exactly(relabelled.1), ["same", "same", "same", "same", "different"]),
        (exactly(deactivated.1), ["same"; 5]),
    ] {
        let fields = [("left", "project"), ("left_at", &at), ("right", "project"), ("right_at", "")];
        let page = compare(&ana, &fields).await;
        assert_eq!(marked(page.is(200)), was, "{at}");
        assert_eq!(page.value("left_at").as_deref(), Some(at.as_str()));
    }
    world.verify().await;
}

async fn before_it_was_defined_there_was_nothing(world: World) {
    let ana = world.operator().await;
    define(&ana, &PROJECT).await.is(303);
    let defined = events(&world).await[0].0;
    for at in [(defined - 1).to_string(), "1970-01-01T00:00".to_owned(), "0001-01-01T00:00:00Z".to_owned()] {
        let page =
            compare(&ana, &[("left", "project"), ("left_at", at.as_str()), ("right", "project")]).await;
        page.is(200).shows("was not defined yet at").shows(&format!("#{defined}"));
        assert_eq!(marked(&page), ["different"; 5], "{at}");
    }
    let both = [("left", "project"), ("left_at", "1"), ("right", "project"), ("right_at", "1")];
    let page = compare(&ana, &both).await;
    page.is(200).shows("was not defined yet at #1").hides("<table");
}

async fn a_moment_that_is_none_is_told_at_its_field_and_nothing_is_lost(world: World) {
    let ana = world.operator().await;
    define(&ana, &PROJECT).await.is(303);
    let tomorrow = exactly(clock::after(chrono::Duration::days(1)).into());
    for (at, sentence) in [
        ("-1", "positions begin with 1"),
        ("9223372036854775808", "the log is not there yet"),
        ("1000000", "the log is not there yet"),
        ("yesterday", "give a position like 1234"),
        ("2026-02-30T10:00", "give a position like 1234"),
        (&tomorrow, "this moment has not come yet"),
    ] {
        let fields = [("left", "project"), ("left_at", "1"), ("right", "project"), ("right_at", at)];
        let page = compare(&ana, &fields).await;
        page.is(422).shows("id=\"error-right_at\"").shows(sentence).hides("id=\"error-left_at\"");
        page.shows("<option value=\"project\" selected").hides("<table");
        assert_eq!(
            (page.value("left_at").as_deref(), page.value("right_at").as_deref()),
            (Some("1"), Some(at))
        );
    }
    let page = compare(&ana, &[("left", "zebra"), ("right", "project"), ("right_at", "<b>")]).await;
    page.is(422).shows("there is no resource type with the code zebra").shows("value=\"&lt;b&gt;\"");
}

async fn the_pages_lead_to_it(world: World) {
    let ana = world.operator().await;
    ana.get("/admin/reference-data").await.is(200).hides(COMPARE);
    ana.get(COMPARE).await.is(200).shows("Nothing is compared yet.");
    define(&ana, &PROJECT).await.is(303);
    let before = format!("{COMPARE}?left=project&amp;left_at=");
    let aud = world.auditor().await;
    for client in [&ana, &aud] {
        client.get("/admin/reference-data").await.is(200).shows(&format!("href=\"{COMPARE}\""));
        let page = client.get("/admin/reference-data/project").await;
        page.is(200).shows(&format!("href=\"{COMPARE}?left=project\"")).hides(&before);
    }
    let preset = ana.get(&format!("{COMPARE}?left=project")).await;
    preset.is(200).shows("<option value=\"project\" selected").shows("Nothing is compared yet.");
    change_to(&ana, "label", &[("label", "Undertaking")]).await.is(303);
    let changed = events(&world).await[1].0;
    let link = format!("{COMPARE}?left=project&left_at={}&right=project", changed - 1);
    aud.get("/admin/reference-data/project").await.shows(&link.replace('&', "&amp;"));
    aud.get(&link).await.is(200).shows("They differ in label.").shows("Undertaking");
}

/// The address of the page is no code that a type could have.
async fn no_type_is_called_compare(world: World) {
    let ana = world.operator().await;
    define(&ana, &with("code", "compare")).await.is(422).shows("this code is reserved");
}

async fn compare(client: &Client, fields: &[(&str, &str)]) -> Answer {
    let query = serde_html_form::to_string(fields).expect("text");
    client.get(&format!("{COMPARE}?{query}")).await
}

/// What is said of each row: the same or different.
fn marked(page: &Answer) -> Vec<&str> {
    let badges = page.body.split("data-status=\"").skip(1).filter_map(|rest| rest.split('"').next());
    badges.filter(|word| ["same", "different"].contains(word)).collect()
}

/// Position and time of everything that happened to the type `project`.
async fn events(world: &World) -> Vec<(i64, DateTime<Utc>)> {
    let stream = StreamId::of::<ResourceType>("project".parse().expect("a code"));
    let events = world.app.log.stream(&stream, 0).await.expect("it is there");
    events.iter().map(|event| (event.position, event.recorded_at.into())).collect()
}

fn exactly(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

engines! {
    two_types_differ_in_what_is_told,
    one_type_is_as_it_was_at_a_position_or_a_time,
    before_it_was_defined_there_was_nothing,
    a_moment_that_is_none_is_told_at_its_field_and_nothing_is_lost,
    the_pages_lead_to_it,
    no_type_is_called_compare,
}

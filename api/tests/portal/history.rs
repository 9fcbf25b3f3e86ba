//! `/admin/history`: finding what happened, by whatever is known of it.

use api::clock;
use domain::grant::PlatformRole;
use domain::org::{LifecycleCommand, OrgCommand, Role};
use domain::values::OrgId;
use projections::people;

use crate::client::{Answer, Client};
use crate::world::World;

pub(crate) const HISTORY: &str = "/admin/history";

/// Two organisations, and somebody who suspends one of them.
pub(crate) async fn a_past(world: &World) -> (Client, OrgId, OrgId) {
    let ana = world.operator().await;
    let name = "Ana Silva".parse().expect("a name");
    people::set_name(&world.app.db, ana.person(), &name).await.expect("stored");
    let (acme, beta) = (world.org("acme").await, world.org("beta").await);
    let reason = [("reason", "The invoice of March is unpaid")];
    ana.submit(&format!("/admin/orgs/{acme}/suspension"), &reason).await.is(303);
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    world
        .given(
            beta,
            OrgCommand::Lifecycle(LifecycleCommand::Rename {
                name: "Beta & Söhne".parse().expect("a name")
            }),
        )
        .await;
    (ana, acme, beta)
}

/// The positions that a page lists, from top to bottom.
pub(crate) fn positions(page: &Answer) -> Vec<i64> {
    let list = page.body.split("<ol class=\"timeline\">").nth(1).and_then(|rest| rest.split("</ol>").next());
    let links = list.unwrap_or_default().split("href=\"/admin/history/").skip(1);
    links.filter_map(|link| link.split('"').next()?.parse().ok()).collect()
}

async fn found(client: &Client, query: &str) -> Vec<i64> {
    positions(client.get(&format!("{HISTORY}?{query}")).await.is(200))
}

async fn events_are_found_by_whatever_is_known_of_them(world: World) {
    let (ana, acme, beta) = a_past(&world).await;
    let (last, suspended) = (world.position().await, 4);
    assert_eq!(found(&ana, "").await, (1..=last).rev().collect::<Vec<_>>());
    for query in [
        "q=INVOICE",
        "q=of+march",
        "event=OrgSusp",
        "event=orgsusp&kind=org",
        "actor=ana%40ex",
        "actor=silva",
    ] {
        assert_eq!(found(&ana, query).await, [suspended], "{query}");
    }
    assert_eq!(found(&ana, &format!("actor={}", ana.person())).await, [suspended]);
    assert_eq!(found(&ana, "actor=shell").await, [6, 5, 3, 2, 1]);
    assert_eq!(found(&ana, "actor=timer").await, [0; 0]);
    for query in ["org=acme".to_owned(), "org=Acme+L".into(), format!("org={acme}"), format!("about={acme}")]
    {
        assert_eq!(found(&ana, &query).await, [5, 4, 2], "{query}");
    }
    assert_eq!(found(&ana, "org=acme&actor=shell&event=OrgR").await, [5]);
    assert_eq!(found(&ana, &format!("about={}", ana.person())).await, [1]);
    assert_eq!(found(&ana, "kind=grant").await, [1]);
    assert_eq!(found(&ana, "q=s%C3%96hne").await, [6]);
    assert_eq!(found(&ana, &format!("org={beta}&q=%25")).await, [0; 0]);
    let event = world.app.log.at(&[suspended]).await.expect("readable").remove(0);
    let correlation = event.metadata().expect("ours").correlation;
    assert_eq!(found(&ana, &format!("correlation={correlation}")).await, [suspended]);
    assert_eq!(found(&ana, "last=today&q=march").await, [suspended]);
    assert_eq!(found(&ana, "to=2020-01-01").await, [0; 0]);
    assert_eq!(found(&ana, "from=2020-01-01&kind=grant").await, [1]);
    assert_eq!(found(&ana, "only=reverts").await, [0; 0]);
}

async fn nonsense_has_a_sentence_at_its_field_and_stays(world: World) {
    let (ana, ..) = a_past(&world).await;
    let id = clock::new_id().to_string();
    let huge = "9223372036854775808";
    for (field, typed, sentence) in [
        ("actor", "nobody@nowhere", "nobody has this in their address or name"),
        ("org", "nowhere", "no organisation has this in its name"),
        ("org", id.as_str(), "there is no organisation with this id"),
        ("org", "Ltd", "this fits Acme Ltd (acme), Beta"),
        ("event", "OrgX", "no type of event begins like this"),
        ("event", huge, "no type of event begins like this"),
        ("about", id.as_str(), "there is no event about anything with this id"),
        ("about", "-1", "there is no event about anything with this id"),
        ("correlation", "-7", "this is no id"),
        ("correlation", id.as_str(), "nothing in the history has this correlation id"),
        ("from", "yesterday", "give a time like 2026-11-23 10:00"),
        ("from", huge, "give a time like"),
        ("to", "9999-01-01 00:00", "this moment has not come yet"),
    ] {
        if (field, typed) == ("org", "Ltd") {
            world.given(OrgId(clock::new_id()), named("Beta Ltd", "beta-two")).await;
        }
        let query = serde_html_form::to_string([(field, typed), ("q", "march")]).expect("text");
        let page = ana.get(&format!("{HISTORY}?{query}")).await;
        page.is(422).shows(&format!("id=\"error-{field}\"")).shows(sentence);
        assert_eq!(page.value(field).as_deref(), Some(typed));
        assert_eq!(page.value("q").as_deref(), Some("march"));
        assert_eq!(positions(&page), [0; 0]);
    }
    for (query, sentence) in [
        ("kind=whatever", "there are events of organisations"),
        ("only=x", "choose reverts"),
        ("last=-3", "a number of days from 1 to 3650"),
        ("last=9223372036854775808", "a number of days"),
        ("before=-5", "is no position in the history"),
        ("after=9223372036854775808", "is no position in the history"),
        ("before=words", "is no position in the history"),
        ("from=2024-01-01&to=2023-01-01", "the end must be later than the beginning"),
    ] {
        ana.get(&format!("{HISTORY}?{query}")).await.is(422).shows(sentence);
    }
    for query in
        ["before=0", "after=9223372036854775807", "before=9223372036854775807", "q=%07", "q=%22%27--"]
    {
        ana.get(&format!("{HISTORY}?{query}")).await.is(200);
    }
    ana.get(&format!("{HISTORY}?q=a&q=b")).await.is(400);
}

fn named(name: &str, slug: &str) -> OrgCommand {
    let (name, slug) = (name.parse().expect("a name"), slug.parse().expect("a slug"));
    OrgCommand::Lifecycle(LifecycleCommand::Create { name, slug, owner: None })
}

async fn every_filter_that_holds_is_a_link_to_the_page_without_it(world: World) {
    let (ana, ..) = a_past(&world).await;
    let page = ana.get(&format!("{HISTORY}?q=march&kind=org&actor=ana")).await;
    page.is(200).shows("href=\"/admin/history?kind=org&amp;actor=ana\"").shows("who: ana");
    page.shows("href=\"/admin/history?q=march&amp;actor=ana\"")
        .shows("href=\"/admin/history?q=march&amp;kind=org\"");
    page.shows("href=\"/admin/history?q=march&amp;kind=org&amp;last=7&amp;actor=ana\"").shows("1 event<");
    ana.get(&format!("{HISTORY}?kind=org&last=30")).await.is(200).shows("when: 30 days");
}

async fn pages_follow_each_other_in_both_directions(world: World) {
    let (ana, ..) = a_past(&world).await;
    for number in 0..110 {
        world.given(OrgId(clock::new_id()), named("Zed", &format!("zed-{number}"))).await;
    }
    let first = ana.get(&format!("{HISTORY}?q=zed")).await;
    assert_eq!(positions(&first), (67..=116).rev().collect::<Vec<_>>());
    let second = ana.get(&format!("{HISTORY}?q=zed&before=67")).await;
    first.shows("110 events").shows("/admin/history?q=zed&amp;before=67");
    assert_eq!(positions(&second), (17..=66).rev().collect::<Vec<_>>());
    second.shows("/admin/history?q=zed&amp;before=17").shows("/admin/history?q=zed&amp;after=66");
    let third = ana.get(&format!("{HISTORY}?q=zed&before=17")).await;
    assert_eq!(positions(&third), (7..=16).rev().collect::<Vec<_>>());
    third.hides("rel=\"next\"");
    assert_eq!(positions(&ana.get(&format!("{HISTORY}?q=zed&after=66")).await), positions(&first));
}

async fn what_was_refused_stands_apart(world: World) {
    let (ana, acme, _) = a_past(&world).await;
    world.suspended(acme, "Again it is unpaid").await;
    let before = world.position().await;
    let fields = [("command_id", clock::new_id().to_string()), ("name", "Apex".to_owned())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ana.post(&format!("/admin/orgs/{acme}/name"), &fields).await.is(422);
    assert_eq!(world.since(before).await, [""; 0]);
    let page = ana.get("/admin/history/refused").await;
    page.is(200).shows("Rename").shows("Ana Silva").shows("suspended").shows(&format!("about={acme}"));
    ana.get("/admin/history/refused?before=nonsense").await.is(400).shows("not a valid id");
    ana.get(HISTORY).await.hides("Apex");
}

/// Whoever looks through the history of one organisation is seen by its owner.
async fn looking_at_one_organisation_is_seen_by_it(world: World) {
    let (ana, acme, _) = a_past(&world).await;
    let olga = world.joined(acme, "olga@example.com", Role::Owner).await;
    ana.get(&format!("{HISTORY}?q=march")).await.is(200);
    world.app.recorder.flush().await;
    let seen = olga.get("/org/acme/activity?of=operators").await;
    seen.is(200).shows("Listed").shows("The history of all"); // what it found was about Acme
    ana.get(&format!("{HISTORY}?org=acme")).await.is(200);
    world.app.recorder.flush().await;
    olga.get("/org/acme/activity?of=operators").await.is(200).shows("Ana Silva").shows("The history of all");
    let aud = world.granted("aud@example.com", PlatformRole::Auditor).await;
    aud.get(HISTORY).await.is(200);
}

engines! {
    events_are_found_by_whatever_is_known_of_them,
    nonsense_has_a_sentence_at_its_field_and_stays,
    every_filter_that_holds_is_a_link_to_the_page_without_it,
    pages_follow_each_other_in_both_directions,
    what_was_refused_stands_apart,
    looking_at_one_organisation_is_seen_by_it,
}

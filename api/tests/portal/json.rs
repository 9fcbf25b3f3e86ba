//! `/api/v1/…`: what programs are told, whom they are told it for, and when it is another answer.

use api::bus::{Envelope, Principal};
use axum::body::Body;
use axum::http::Request;
use domain::ResourceType;
use domain::org::{ChoiceCommand, LifecycleCommand, OrgCommand, Permission, Role, RoleCommand};
use domain::resource_type::{
    Action, Actions, Definition, ResourceChoice, ResourceTypeCommand, RolloutPolicy,
};
use domain::values::OrgId;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::world::World;

const TYPES: &str = "/api/v1/orgs/acme/resource-types";
const MAY: &str = "/api/v1/orgs/acme/permissions";

async fn members_are_told_what_their_organisation_has_and_why(world: World) {
    let acme = world.org("acme").await;
    for (code, spread) in [
        ("project", RolloutPolicy::Everywhere),
        ("report", RolloutPolicy::OptIn),
        ("task", RolloutPolicy::NewOnly),
    ] {
        define(&world, code, spread).await;
    }
    choose(&world, acme, "report", Some(ResourceChoice::OptedIn)).await;
    let (mike, bolt) = (world.member(acme).await, world.org("bolt").await);
    let answer = mike.get(TYPES).await;
    assert_eq!(answer.is(200).header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    let held = |code: &str, because: &str| json!({ "code": code, "label": "Thing", "description": "What one has", "actions": ["list", "read"], "because": because });
    let expected = json!({
        "organisation": { "id": acme.to_string(), "slug": "acme", "name": "Acme Ltd" },
        "resource_types": [held("project", "policy"), held("report", "choice")],
    });
    assert_eq!(told(&answer), expected);
    assert!(answer.body.starts_with(r#"{"organisation":{"id":"#), "{}", answer.body);
    let bob = world.joined(bolt, "bob@example.com", Role::Owner).await;
    let new = told(&bob.get("/api/v1/orgs/bolt/resource-types").await);
    assert_eq!(new["resource_types"], json!([held("project", "policy"), held("task", "policy")]));
}

async fn an_organisation_without_any_gets_an_empty_list(world: World) {
    let acme = world.org("acme").await;
    let answer = world.member(acme).await.get(TYPES).await;
    assert_eq!(told(answer.is(200))["resource_types"], json!([]));
}

/// A type that nobody can read would be missing from every answer, as if nobody had it.
async fn where_a_type_can_not_be_read_no_answer_says_that_nobody_has_it(world: World) {
    let acme = world.org("acme").await;
    define(&world, "project", RolloutPolicy::Everywhere).await;
    let mike = world.member(acme).await;
    mike.get(TYPES).await.is(200);
    let open = match world.app.db.engine() {
        "sqlite" => "drop trigger events_no_update; update events set event_version = '7'",
        _ => "alter table events disable trigger all; update events set event_version = '7'",
    };
    let change = format!("{open} where aggregate_type = 'resource_type'");
    projections::testing::execute(&world.app.settings.database_url, change.leak());
    world.app.projector.rebuild(|_| ()).await.expect("it folds what it can");
    for asked in [TYPES, MAY] {
        assert_eq!(problem(&mike.get(asked).await, 503), "One of the resource types can't be read");
    }
}

async fn whoever_may_not_is_told_so_by_a_problem_and_led_nowhere(world: World) {
    let acme = world.org("acme").await;
    let (mike, stranger) = (world.member(acme).await, world.stranger().await);
    let anonymous = world.anonymous().get(TYPES).await;
    assert_eq!(problem(&anonymous, 401), "Sign in first");
    assert!(anonymous.header("www-authenticate").is_some());
    for somebody in [&stranger, &world.operator().await, &world.auditor().await] {
        let there = somebody.get(TYPES).await;
        assert_eq!(problem(&there, 404), "Nothing here");
        let missing = somebody.get("/api/v1/orgs/emca/resource-types").await;
        let here = |answer: &Answer| answer.without_request_id().replace("emca", "acme");
        assert_eq!(here(&there), here(&missing));
    }
    world.suspended(acme, "The invoice of May is unpaid").await;
    let suspended = mike.get(TYPES).await;
    assert_eq!(problem(&suspended, 403), "Not allowed");
    assert_eq!(told(&suspended)["detail"], "Acme Ltd is suspended: The invoice of May is unpaid");
    stranger.get(TYPES).await.is(404).hides("invoice");
    world.archived(acme).await;
    assert_eq!(problem(&mike.get(TYPES).await, 404), "Nothing here");
    for nowhere in ["/api/v1/orgs/acme", "/api/v1/", "/api/v2/orgs/acme/resource-types"] {
        problem(&mike.get(nowhere).await, 404);
    }
    problem(&mike.post(TYPES, &[]).await, 404); // the gate is in front of the method
    problem(&world.anonymous().post(TYPES, &[]).await, 401);
}

async fn an_old_slug_leads_to_the_new_address(world: World) {
    let acme = world.org("acme").await;
    let mike = world.member(acme).await;
    world
        .given(
            acme,
            OrgCommand::Lifecycle(LifecycleCommand::ChangeSlug { slug: "acme-new".parse().expect("a slug") }),
        )
        .await;
    for old in ["acme", "ACME-new", "%61cme"] {
        let answer = mike.get(&format!("/api/v1/orgs/{old}/resource-types?x=acme")).await;
        assert_eq!(answer.is(308).location(), "/api/v1/orgs/acme-new/resource-types?x=acme");
        mike.get(answer.location()).await.is(200);
    }
    world.stranger().await.get(TYPES).await.is(404);
}

/// The tag changes with everything that the answer says, and with nothing that happens to others.
async fn a_tag_lives_as_long_as_its_answer(world: World) {
    let (acme, bolt) = (world.org("acme").await, world.org("bolt").await);
    define(&world, "project", RolloutPolicy::Everywhere).await;
    define(&world, "report", RolloutPolicy::OptIn).await;
    let mike = world.member(acme).await;
    let mut past = vec![tag(&mike, TYPES).await];
    let all = Actions::of(Action::ALL).expect("all");
    let text = |text: &str| text.parse().expect("a description");
    for change in [
        ResourceTypeCommand::SetActions { actions: all },
        ResourceTypeCommand::Describe { description: text("Other words") },
        ResourceTypeCommand::Spread { spread: RolloutPolicy::OptIn, since: None },
        ResourceTypeCommand::Spread { spread: RolloutPolicy::NewOnly, since: None },
        ResourceTypeCommand::Deactivate { reason: "Nobody uses it".parse().expect("a reason") },
        ResourceTypeCommand::Reactivate,
    ] {
        change_type(&world, "project", change).await;
        another(&mike, &mut past).await;
    }
    for choice in [Some(ResourceChoice::OptedIn), Some(ResourceChoice::OptedOut), None] {
        choose(&world, acme, "report", choice).await;
        another(&mike, &mut past).await;
    }
    world
        .given(
            acme,
            OrgCommand::Lifecycle(LifecycleCommand::Rename { name: "Acme Works".parse().expect("a name") }),
        )
        .await;
    another(&mike, &mut past).await;
    let before = mike.get(TYPES).await.told();
    world.joined(bolt, "bob@example.com", Role::Owner).await;
    choose(&world, bolt, "report", Some(ResourceChoice::OptedIn)).await;
    world.suspended(bolt, "The invoice is unpaid").await;
    world.org("more").await;
    assert_eq!(mike.get(TYPES).await.told(), before);
    world.app.projector.rebuild(|_| ()).await.expect("rebuilt");
    assert_eq!(mike.get(TYPES).await.told(), before);
}

async fn whoever_has_the_answer_is_told_that_it_is_still_so(world: World) {
    let acme = world.org("acme").await;
    define(&world, "project", RolloutPolicy::Everywhere).await;
    let mike = world.member(acme).await;
    let tag = tag(&mike, TYPES).await;
    for known in [tag.clone(), format!("W/{tag}"), format!("\"1-1\", W/\"7\",{tag}"), "*".to_owned()] {
        let answer = asked(&mike, "GET", TYPES, &known).await;
        assert_eq!(answer.is(304).body, "", "{known}");
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    }
    let bare = tag.trim_matches('"');
    for unknown in
        [String::new(), "\"1-1\"".to_owned(), bare.to_owned(), format!("W/W/{tag}"), tag.replace('-', "")]
    {
        asked(&mike, "GET", TYPES, &unknown).await.is(200).shows("project");
    }
    // Whoever may not see it is not told that it is still so.
    asked(&world.stranger().await, "GET", TYPES, "*").await.is(404);
    asked(&world.anonymous(), "GET", TYPES, &tag).await.is(401);
    world.suspended(acme, "The invoice is unpaid").await;
    asked(&mike, "GET", TYPES, "*").await.is(403);
}

async fn head_tells_the_same_without_the_body(world: World) {
    let acme = world.org("acme").await;
    define(&world, "project", RolloutPolicy::Everywhere).await;
    let mike = world.member(acme).await;
    let (full, head) = (mike.get(TYPES).await, asked(&mike, "HEAD", TYPES, "").await);
    assert_eq!((head.is(200).body.as_str(), head.header("etag")), ("", full.header("etag")));
    assert_eq!(head.header("content-length"), Some(full.body.len().to_string().as_str()));
    asked(&mike, "HEAD", TYPES, "*").await.is(304);
    asked(&world.stranger().await, "HEAD", TYPES, "").await.is(404);
}

async fn somebody_asks_what_they_may_do(world: World) {
    let acme = world.org("acme").await;
    define(&world, "project", RolloutPolicy::Everywhere).await;
    define(&world, "report", RolloutPolicy::Everywhere).await;
    define(&world, "task", RolloutPolicy::OptIn).await;
    let (olga, mike) = (world.owner(acme).await, world.member(acme).await);
    let of = |who: &Client, role: &str, may: Value| {
        json!({
            "organisation": { "id": acme.to_string(), "slug": "acme", "name": "Acme Ltd" },
            "user": { "id": who.person().to_string() },
            "role": role,
            "permissions": may,
        })
    };
    let all = json!({ "project": ["list", "read"], "report": ["list", "read"] });
    assert_eq!(told(olga.get(MAY).await.is(200)), of(&olga, "owner", all));
    assert_eq!(told(&mike.get(MAY).await), of(&mike, "member", json!({ "project": [], "report": [] })));
    let before = (tag(&mike, MAY).await, tag(&mike, TYPES).await);
    permit(&world, acme, Action::Read).await;
    let after = of(&mike, "member", json!({ "project": ["read"], "report": [] }));
    let id = mike.person();
    let asked_for = [String::new(), format!("?user={id}"), "?user=mike@example.com".into(), "?user=".into()];
    for about in asked_for {
        assert_eq!(told(mike.get(&format!("{MAY}{about}")).await.is(200)), after, "{about}");
    }
    assert_ne!((tag(&mike, MAY).await, tag(&mike, TYPES).await), before);
    for about in [id.to_string(), "mike@example.com".into(), "%20Mike@EXAMPLE.com".into()] {
        assert_eq!(told(olga.get(&format!("{MAY}?user={about}")).await.is(200)), after, "{about}");
    }
}

async fn only_owners_and_admins_ask_about_others(world: World) {
    let acme = world.org("acme").await;
    let (olga, mike, stranger) = (world.owner(acme).await, world.member(acme).await, world.stranger().await);
    let adam = world.joined(acme, "adam@example.com", Role::Admin).await;
    let guest = world.person("guest@example.com").await;
    world.invited(acme, guest, Role::Member).await;
    let elsewhere = stranger.person().to_string();
    let (guest, nobody) = (guest.to_string(), OrgId(api::clock::new_id()).to_string());
    let others =
        [&elsewhere, &guest, &nobody, "stranger@example.com", "guest@example.com", "who@example.com", "!"];
    for other in others {
        let path = format!("{MAY}?user={other}");
        for asking in [&olga, &adam] {
            let answer = asking.get(&path).await;
            assert_eq!(problem(&answer, 404), "Nothing here");
            let detail = "Nobody with this id or address is a member of Acme Ltd.";
            assert_eq!(told(&answer)["detail"], detail, "{other}");
        }
        let refused = mike.get(&path).await;
        problem(&refused, 403);
        let there = mike.get(&format!("{MAY}?user=olga@example.com")).await;
        assert_eq!(refused.without_request_id(), there.without_request_id());
    }
    adam.get(&format!("{MAY}?user=olga@example.com")).await.is(200).shows("\"role\":\"owner\"");
    problem(&world.anonymous().get(MAY).await, 401);
    problem(&stranger.get(&format!("{MAY}?user={elsewhere}")).await, 404);
    problem(&stranger.get(MAY).await, 404);
}

/// The same address, asked by somebody else on the same browser, is not what was kept of it.
async fn the_tag_of_one_person_is_not_anothers(world: World) {
    let acme = world.org("acme").await;
    let (olga, adam) = (world.owner(acme).await, world.joined(acme, "adam@example.com", Role::Admin).await);
    let (owners, admins) = (tag(&olga, MAY).await, tag(&adam, MAY).await);
    assert_ne!(owners, admins);
    asked(&olga, "GET", MAY, &owners).await.is(304);
    asked(&adam, "HEAD", MAY, &admins).await.is(304);
    asked(&adam, "GET", MAY, &owners).await.is(200).shows("admin");
    let about_adam = format!("{MAY}?user=adam@example.com");
    asked(&olga, "GET", &about_adam, &admins).await.is(304);
    asked(&adam, "GET", &format!("{MAY}?user=nobody@example.com"), "*").await.is(404);
    define(&world, "project", RolloutPolicy::Everywhere).await;
    asked(&olga, "GET", MAY, &owners).await.is(200).shows("project");
}

/// Lets members do something with projects.
async fn permit(world: &World, org: OrgId, action: Action) {
    let permission = Permission { role: Role::Member, code: "project".parse().expect("a code"), action };
    world
        .given(
            org,
            OrgCommand::Role(RoleCommand::SetPermissions {
                granted: [permission].into(),
                withdrawn: [].into(),
            }),
        )
        .await;
}

async fn define(world: &World, code: &str, spread: RolloutPolicy) {
    let definition = Definition {
        label: "Thing".parse().expect("a label"),
        description: "What one has".parse().expect("a description"),
        actions: Actions::of([Action::Read, Action::List]).expect("two"),
        spread,
    };
    change_type(world, code, ResourceTypeCommand::Define(definition)).await;
}

async fn change_type(world: &World, code: &str, command: ResourceTypeCommand) {
    let code = code.parse().expect("a code");
    let done = world.app.bus.send::<ResourceType>(&Principal::Shell, code, command, Envelope::new()).await;
    assert!(!done.expect("carried out").still_updating);
}

async fn choose(world: &World, org: OrgId, code: &str, choice: Option<ResourceChoice>) {
    world
        .given(
            org,
            OrgCommand::Choice(ChoiceCommand::ChooseResourceType {
                code: code.parse().expect("a code"),
                choice,
            }),
        )
        .await;
}

/// Asks with a list of known tags.
async fn asked(client: &Client, method: &str, path: &str, known: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("if-none-match", known);
    client.send(request.body(Body::empty()).expect("a request")).await
}

async fn tag(client: &Client, path: &str) -> String {
    let answer = client.get(path).await;
    let tag = answer.is(200).header("etag").expect("a tag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "a strong one: {tag}");
    tag
}

/// The tag is none of those that there were, and none of those is still good.
async fn another(client: &Client, past: &mut Vec<String>) {
    let now = tag(client, TYPES).await;
    assert!(!past.contains(&now), "{now} was there before: {past:?}");
    asked(client, "GET", TYPES, &past.join(", ")).await.is(200);
    past.push(now);
}

fn told(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|why| panic!("{why}: {}", answer.body))
}

/// The title of a problem that came with this status.
#[track_caller]
fn problem(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.is(status).header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.location(), "");
    let told = told(answer);
    assert_eq!(told["status"], status);
    told["title"].as_str().expect("a title").to_owned()
}

engines! {
    members_are_told_what_their_organisation_has_and_why,
    an_organisation_without_any_gets_an_empty_list,
    where_a_type_can_not_be_read_no_answer_says_that_nobody_has_it,
    whoever_may_not_is_told_so_by_a_problem_and_led_nowhere,
    an_old_slug_leads_to_the_new_address,
    a_tag_lives_as_long_as_its_answer,
    whoever_has_the_answer_is_told_that_it_is_still_so,
    head_tells_the_same_without_the_body,
    somebody_asks_what_they_may_do,
    only_owners_and_admins_ask_about_others,
    the_tag_of_one_person_is_not_anothers,
}

//! S12, over HTTP: a new kind of thing without a deploy.

mod compare;

use api::clock;
use domain::values::OrgId;

use crate::client::Client;
use crate::world::World;

const PROJECT: [(&str, &str); 5] = [
    ("code", "project"),
    ("label", "Project"),
    ("description", "What people work on together"),
    ("action", "read"),
    ("spread", "everywhere"),
];

async fn a_resource_type_is_defined_and_stands_in_the_list(world: World) {
    let ana = world.operator().await;
    ana.get("/admin/reference-data").await.is(200).shows("There is no resource type yet.");
    let before = world.position().await;
    let done = define(&ana, &PROJECT).await;
    assert_eq!(done.is(303).location().split('?').next(), Some("/admin/reference-data/project"));
    ana.get(done.location()).await.is(200).shows("defined the resource type").shows("0 of 0");
    assert_eq!(world.since(before).await, ["ResourceTypeDefined"]);
    three_organisations(&world).await;
    ana.get("/admin/reference-data").await.is(200).shows("Project").shows("3 of 3").shows("everywhere");
    world.verify().await;
}

async fn a_code_that_exists_is_refused_by_name_in_any_case(world: World) {
    let ana = world.operator().await;
    define(&ana, &PROJECT).await.is(303);
    for code in ["project", "Project", " PROJECT "] {
        let again = define(&ana, &with("code", code)).await;
        again.is(422).shows("the code project belongs to Project; choose another");
    }
    // Cyrillic о; a hyphen; too short; the address of the form.
    for (code, sentence) in [
        ("prоject", "a code has only the letters"),
        ("pro-ject", "a code has only the letters"),
        ("p", "a code has 2 to 64 characters"),
        ("new", "this code is reserved"),
    ] {
        define(&ana, &with("code", code)).await.is(422).shows(sentence).shows("What people work on together");
    }
}

async fn what_is_wrong_stands_beside_its_field_and_everything_typed_is_kept(world: World) {
    let ana = world.operator().await;
    for (field, typed, sentence) in [
        ("label", "", "give a label of 1 to 100 characters"),
        ("action", "fly", "an action is one of"),
        ("spread", "nowhere", "choose everywhere, new organisations only, or opt-in"),
        ("description", "a\u{202e}b", "a description can"),
    ] {
        define(&ana, &with(field, typed)).await.is(422).shows(sentence).shows("value=\"project\"");
    }
    let nothing_ticked: Vec<_> = PROJECT.into_iter().filter(|(name, _)| *name != "action").collect();
    define(&ana, &nothing_ticked).await.is(422).shows("choose at least one action");
}

async fn everything_about_it_can_be_changed(world: World) {
    let (ana, before) = (world.operator().await, world.position().await);
    define(&ana, &PROJECT).await.is(303);
    for (change, fields, sentence) in [
        ("label", vec![("label", "Projekt")], "changed the label of"),
        ("description", vec![("description", "")], "changed the description of"),
        ("actions", vec![("action", "create"), ("action", "delete")], "to create, delete"),
        ("spread", vec![("spread", "opt_in")], "for organisations that choose it"),
        ("deactivation", vec![("reason", "Nobody uses it any more")], "Nobody uses it any more"),
        ("reactivation", vec![], "reactivated"),
    ] {
        let done = change_to(&ana, change, &fields).await;
        ana.get(done.is(303).location()).await.is(200).shows(sentence);
    }
    assert_eq!(
        world.since(before).await,
        [
            "ResourceTypeDefined",
            "ResourceTypeRelabelled",
            "ResourceTypeDescribed",
            "ResourceTypeActionsSet",
            "ResourceTypeSpreadChanged",
            "ResourceTypeDeactivated",
            "ResourceTypeReactivated"
        ]
    );
    world.verify().await;
}

async fn who_is_new_is_new_after_the_policy(world: World) {
    let ana = world.operator().await;
    world.org("before").await;
    define(&ana, &with("spread", "new_only")).await.is(303);
    ana.get("/admin/reference-data/project").await.shows("0 of 1");
    world.org("after").await;
    ana.get("/admin/reference-data/project").await.shows("1 of 2");
    let form = ana.get("/admin/reference-data/project/spread").await;
    form.is(200).shows("1 of the 2 that exist, and every one").shows("None of the 2 that exist, and");
    change_to(&ana, "spread", &[("spread", "everywhere")]).await.is(303);
    ana.get("/admin/reference-data/project").await.shows("2 of 2");
    let form = ana.get("/admin/reference-data/project/spread").await;
    form.is(200).shows("All 2 that exist").shows("None of the 2 that exist; every one");
    change_to(&ana, "spread", &[("spread", "new_only")]).await.is(303);
    ana.get("/admin/reference-data/project").await.shows("0 of 2");
}

/// S13: what an organisation chose survives whatever the policy says later, and its page says where each row comes from.
async fn a_choice_survives_every_policy(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    let olga = world.owner(acme).await;
    define(&ana, &PROJECT).await.is(303);
    let types = format!("/admin/orgs/{acme}/resource-types");
    olga.get("/org/acme/dashboard").await.is(200).shows("What you can work with").shows("Project");
    let done = choose(&ana, acme, "opted_out").await;
    ana.get(done.is(303).location()).await.is(200).shows("</strong> opted").shows("opted out by");
    olga.get("/org/acme/dashboard").await.hides("What you can work with");
    for spread in ["opt_in", "new_only", "everywhere"] {
        change_to(&ana, "spread", &[("spread", spread)]).await.is(303);
        ana.get("/admin/reference-data/project").await.shows("0 of 1").shows("0 in, 1 out");
    }
    change_to(&ana, "spread", &[("spread", "opt_in")]).await.is(303);
    choose(&ana, acme, "opted_in").await.is(303);
    ana.get("/admin/reference-data/project").await.shows("1 of 1").shows("1 in, 0 out");
    olga.get("/org/acme/dashboard").await.shows("Project");
    choose(&ana, acme, "").await.is(303);
    ana.get(&types).await.shows("policy: opt-in").hides("Follow the policy");
    ana.get("/admin/reference-data/project").await.shows("0 of 1").shows("0 in, 0 out");
    change_to(&ana, "spread", &[("spread", "everywhere")]).await.is(303);
    change_to(&ana, "deactivation", &[("reason", "Nobody uses it any more")]).await.is(303);
    olga.get("/org/acme/dashboard").await.hides("What you can work with");
    world.verify().await;
}

async fn a_choice_is_of_what_there_is_and_of_superadmins(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    choose(&ana, acme, "opted_in").await.is(404);
    define(&ana, &PROJECT).await.is(303);
    let before = world.position().await;
    choose(&ana, acme, "perhaps").await.is(422);
    choose(&world.auditor().await, acme, "opted_in").await.is(403);
    choose(&world.owner(acme).await, acme, "opted_in").await.leads_to("/org/acme/dashboard");
    world.suspended(acme, "The invoice of May is unpaid").await;
    choose(&ana, acme, "opted_in").await.is(409).shows("suspended");
    assert!(world.since(before).await.iter().all(|event| !event.starts_with("ResourceType")));
    ana.get(&format!("/admin/orgs/{acme}/resource-types")).await.is(200).hides("Opt out");
}

async fn a_stale_page_changes_nothing_and_says_what_happened(world: World) {
    let ana = world.operator().await;
    define(&ana, &PROJECT).await.is(303);
    let form = ana.get("/admin/reference-data/project/label").await;
    change_to(&ana, "label", &[("label", "Projekt")]).await.is(303);
    let before = world.position().await;
    let late = ana.post("/admin/reference-data/project/label", &form.filled(&[("label", "Vorhaben")])).await;
    late.is(409).shows("Somebody changed this resource type").shows("Vorhaben");
    assert_eq!(world.since(before).await, [""; 0]);
    change_to(&ana, "deactivation", &[("reason", "Nobody uses it any more")]).await.is(303);
    change_to(&ana, "label", &[("label", "Vorhaben")])
        .await
        .is(422)
        .shows("this resource type is deactivated");
}

async fn only_superadmins_change_reference_data(world: World) {
    let ana = world.operator().await;
    define(&ana, &PROJECT).await.is(303);
    let aud = world.auditor().await;
    aud.get("/admin/reference-data").await.is(200).hides("New resource type");
    aud.get("/admin/reference-data/project").await.is(200).hides("Deactivate");
    let acme = world.org("acme").await;
    let (olga, before) = (world.owner(acme).await, world.position().await);
    let fields: Vec<_> =
        PROJECT.into_iter().chain([("command_id", "0197c8a0-0000-7000-8000-000000000009")]).collect();
    aud.post("/admin/reference-data/new", &fields).await.is(403);
    olga.post("/admin/reference-data/new", &fields).await.leads_to("/org/acme/dashboard");
    olga.get("/admin/reference-data/project").await.leads_to("/org/acme/dashboard");
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn two_at_once_define_one(world: World) {
    let ana = world.operator().await;
    let forms = [ana.get("/admin/reference-data/new").await, ana.get("/admin/reference-data/new").await];
    let [one, other] =
        forms.each_ref().map(|form| with_id(&PROJECT, form.value("command_id").expect("an id")));
    let (one, other) = (borrowed(&one), borrowed(&other));
    let (first, second) = tokio::join!(
        ana.post("/admin/reference-data/new", &one),
        ana.post("/admin/reference-data/new", &other)
    );
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
    let again = ana.post("/admin/reference-data/new", if first.status == 303 { &one } else { &other }).await;
    again.is(303); // the same form, sent twice, is one command
}

async fn three_organisations(world: &World) -> [OrgId; 3] {
    [world.org("acme").await, world.org("beta").await, world.org("gamma").await]
}

async fn choose(client: &Client, org: OrgId, choice: &str) -> crate::client::Answer {
    let id = clock::new_id().to_string();
    let path = format!("/admin/orgs/{org}/resource-types/project/choice");
    client.post(&path, &[("command_id", &id), ("choice", choice)]).await
}

async fn define(ana: &Client, fields: &[(&str, &str)]) -> crate::client::Answer {
    let form = ana.get("/admin/reference-data/new").await;
    let id = form.is(200).value("command_id").expect("an id");
    let fields = with_id(fields, id);
    ana.post("/admin/reference-data/new", &borrowed(&fields)).await
}

async fn change_to(ana: &Client, change: &str, fields: &[(&str, &str)]) -> crate::client::Answer {
    let path = format!("/admin/reference-data/project/{change}");
    let form = ana.get(&path).await;
    let id = form.is(200).value("command_id").expect("an id");
    let sequence = form.value("expected_sequence").expect("a sequence");
    let mut fields = with_id(fields, id);
    fields.push(("expected_sequence".to_owned(), sequence));
    ana.post(&path, &borrowed(&fields)).await
}

fn with<'a>(field: &str, typed: &'a str) -> Vec<(&'a str, &'a str)> {
    PROJECT.into_iter().map(|(name, value)| (name, if name == field { typed } else { value })).collect()
}

fn with_id(fields: &[(&str, &str)], id: String) -> Vec<(String, String)> {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    fields.chain([("command_id".to_owned(), id)]).collect()
}

fn borrowed(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

engines! {
    a_resource_type_is_defined_and_stands_in_the_list,
    a_code_that_exists_is_refused_by_name_in_any_case,
    what_is_wrong_stands_beside_its_field_and_everything_typed_is_kept,
    everything_about_it_can_be_changed,
    who_is_new_is_new_after_the_policy,
    a_choice_survives_every_policy,
    a_choice_is_of_what_there_is_and_of_superadmins,
    a_stale_page_changes_nothing_and_says_what_happened,
    only_superadmins_change_reference_data,
    two_at_once_define_one,
}

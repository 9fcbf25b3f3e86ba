//! `/admin/orgs` and `/admin/orgs/new`: the list, and a customer in one form.

use std::time::Duration;

use api::clock;
use domain::org::{LifecycleCommand, OrgCommand, Role};
use projections::access_log;

use crate::client::Client;
use crate::world::{PASSWORD, World};

const NEW: &str = "/admin/orgs/new";

async fn create(client: &Client, id: &str, name: &str, slug: &str, owner: &str) -> crate::client::Answer {
    let fields = [("command_id", id), ("name", name), ("slug", slug), ("owner_email", owner)];
    client.post("/admin/orgs", &fields).await
}

/// S1, from the form to the owner's dashboard.
async fn a_new_customer_comes_in_without_a_database_client(world: World) {
    let (ana, before) = (world.operator().await, world.position().await);
    let fields = [("name", "Ünï & Söhne"), ("slug", ""), ("owner_email", "Otto@Example.com")];
    let form = ana.get(NEW).await;
    let done = ana.post("/admin/orgs", &form.filled(&fields)).await;
    assert_eq!(world.since(before).await, ["OrgCreated", "MemberInvited"]);
    let page = ana.get(done.is(303).location()).await;
    page.is(200).shows("Ünï &amp; Söhne").shows("uni-sohne").shows("otto@example.com");
    for step in ["Recorded", "Readable", "Invitation link made", "Owner joined", "Owner signed in"] {
        page.shows(step);
    }
    let link = page.invitation_link();
    ana.get("/admin/orgs").await.is(200).shows("uni-sohne").shows("otto@example.com");
    ana.get("/org/uni-sohne/dashboard").await.is(404); // whoever creates it does not belong to it
    let otto = world.anonymous();
    otto.post(&link, &[("name", "Otto"), ("password", PASSWORD)]).await.leads_to("/org/uni-sohne/dashboard");
    otto.get("/org/uni-sohne/dashboard").await.is(200).shows("You are an owner here.");
    ana.get(&format!("/admin/orgs/{}", done.org_id())).await.hides(&link).shows("Owner signed in");
    world.verify().await;
}

async fn every_wrong_field_is_named_and_everything_typed_is_kept(world: World) {
    let (ana, before) = (world.operator().await, world.position().await);
    let id = clock::new_id().to_string();
    let refused = create(&ana, &id, " ", "-Bad Slug-", "otto at \"example\"").await;
    refused.is(422).shows("give a name of 1 to 200 characters").shows("a slug has only the letters");
    refused.shows("this is not an e-mail address").shows("Some things have to be put right:");
    for (field, typed) in
        [("name", " "), ("slug", "-Bad Slug-"), ("owner_email", "otto at \"example\""), ("command_id", &id)]
    {
        assert_eq!(refused.value(field).as_deref(), Some(typed));
    }
    for (slug, sentence) in
        [("ab", "3 to 40 characters"), ("admin", "this slug is reserved"), ("a_b", "only the letters")]
    {
        create(&ana, &id, "Acme", slug, "o@example.com").await.is(422).shows(sentence);
    }
    create(&ana, &id, "你", "", "o@example.com").await.is(422).shows("type a slug");
    assert_eq!(world.since(before).await, [""; 0]);
    create(&ana, &id, "Acme", "acme", "o@example.com").await.is(303);
}

/// In each round the clicks meet at another place on their way.
async fn two_clicks_make_one_organisation_and_both_get_to_its_page(world: World) {
    let ana = world.operator().await;
    for round in 0..10 {
        let (before, id, slug) =
            (world.position().await, clock::new_id().to_string(), format!("acme-{round}"));
        let click = async |after: u64| {
            tokio::time::sleep(Duration::from_millis(after)).await;
            create(&ana, &id, "Acme", &slug, "otto@example.com").await
        };
        let (one, two, three) = tokio::join!(click(0), click(0), click(round));
        for answer in [&one, &two, &three, &click(0).await] {
            assert_eq!(answer.is(303).org_id().to_string(), id);
            ana.get(answer.location()).await.is(200).shows("Acme");
        }
        assert_eq!(world.since(before).await, ["OrgCreated", "MemberInvited"]);
    }
    world.verify().await;
}

async fn a_form_that_was_sent_before_with_other_content_is_refused(world: World) {
    let ana = world.operator().await;
    let (id, bob) = (clock::new_id().to_string(), world.granted("bob@example.com", SUPERADMIN).await);
    create(&ana, &id, "Acme", "acme", "otto@example.com").await.is(303);
    let before = world.position().await;
    create(&ana, &id, "Bolt", "bolt", "otto@example.com")
        .await
        .is(409)
        .shows("sent before, with other content");
    create(&ana, &id, "Acme", "acme", "eve@example.com").await.is(409);
    create(&bob, &id, "Acme", "acme", "otto@example.com").await.is(409); // somebody else's command
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn nobody_is_invited_under_an_address_that_is_not_theirs(world: World) {
    let (ana, zoe) = (world.operator().await, world.person("zoe@example.com").await);
    let before = world.position().await;
    create(&ana, &zoe.to_string(), "Acme", "acme", "new@example.com").await.is(422).shows("this address");
    assert_eq!(world.since(before).await, [""; 0]);
}

const SUPERADMIN: domain::grant::PlatformRole = domain::grant::PlatformRole::Superadmin;

async fn a_slug_that_is_taken_names_its_holder(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    world
        .given(
            acme,
            OrgCommand::Lifecycle(LifecycleCommand::ChangeSlug { slug: "acme-new".parse().expect("a slug") }),
        )
        .await;
    let before = world.position().await;
    for (slug, sentence) in [("acme-new", "Acme Ltd"), ("acme", "Acme Ltd"), ("ACME", "Acme Ltd")] {
        let id = clock::new_id().to_string();
        let refused = create(&ana, &id, "Another", slug, "otto@example.com").await;
        refused.is(422).shows(sentence).shows("never given away again");
        assert_eq!(refused.value("name").as_deref(), Some("Another"));
        assert_eq!(refused.value("owner_email").as_deref(), Some("otto@example.com"));
    }
    assert_eq!(world.since(before).await, [""; 0]);
    let refusals = access_log::recent(&world.app.db, 10).await.expect("readable");
    assert_eq!(refusals.len(), 3);
    assert!(refusals.iter().all(|refused| refused.command == "Create"), "{refusals:?}");
    assert!(refusals.iter().all(|refused| refused.actor == format!("person:{}", ana.person())));
    assert!(refusals.iter().all(|refused| refused.address.as_deref() == Some("203.0.113.7")));
}

async fn of_two_who_want_one_slug_one_gets_it_and_is_named(world: World) {
    let (ana, bob) = (world.operator().await, world.granted("bob@example.com", SUPERADMIN).await);
    for race in 0..10 {
        let (before, slug) = (world.position().await, format!("acme-{race}"));
        let (one, other) = (clock::new_id().to_string(), clock::new_id().to_string());
        let (one, other) = tokio::join!(
            create(&ana, &one, "One", &slug, "o@example.com"),
            create(&bob, &other, "Other", &slug, "o@example.com")
        );
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 422]);
        assert_eq!(world.since(before).await, ["OrgCreated", "MemberInvited"]);
        let (lost, won) = if one.status == 422 { (one, "Other") } else { (other, "One") };
        lost.shows(&format!("the slug {slug} belongs to “{won}”; slugs are never given away again"));
    }
}

async fn the_script_learns_whether_a_slug_can_be_had(world: World) {
    let ana = world.operator().await;
    world.org("acme").await;
    for (query, slug, error) in [
        ("name=Bolt+Works", "bolt-works", ""),
        ("slug=acme", "acme", "this slug belongs to “Acme Ltd”"),
        ("slug=x", "", "a slug has 3 to 40 characters"),
        ("name=", "", "type a slug; none can be made from this name"),
    ] {
        let answer = ana.get(&format!("/admin/orgs/slug?{query}")).await;
        let told: serde_json::Value = serde_json::from_str(&answer.is(200).body).expect("JSON");
        assert_eq!(
            (told["slug"].as_str().unwrap_or(""), told["error"].as_str().unwrap_or("")),
            (slug, error)
        );
    }
}

async fn the_list_is_searched_filtered_sorted_and_paged(world: World) {
    let ana = world.operator().await;
    for n in 0..53 {
        world.org(&format!("cust-{n:03}")).await;
    }
    let first = ana.get("/admin/orgs").await;
    first.is(200).shows("53 organisations").shows("Cust-000 Ltd").hides("Cust-052 Ltd");
    let next = first.body.split("href=\"").find(|part| part.contains("after=")).expect("a next page");
    let next = next.split('"').next().expect("an address").replace("&amp;", "&");
    ana.get(&next).await.is(200).shows("Cust-052 Ltd").hides("Cust-000 Ltd");
    ana.get("/admin/orgs?q=UST-04").await.is(200).shows("10 organisations").hides("Cust-051");
    ana.get("/admin/orgs?sort=-name").await.is(200).shows("Cust-052 Ltd").hides("Cust-000 Ltd");
    ana.get("/admin/orgs?status=suspended").await.is(200).shows("No organisation matches.");
    ana.get("/admin/orgs?owner=none&q=%25").await.is(200).shows("No organisation matches.");
}

async fn archived_organisations_are_listed_only_when_asked_for(world: World) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    world.joined(acme, "olga@example.com", Role::Owner).await;
    world.archived(acme).await;
    ana.get("/admin/orgs").await.hides("Acme Ltd");
    ana.get("/admin/orgs?status=archived").await.is(200).shows("Acme Ltd").shows("olga@example.com");
    ana.get(&format!("/admin/orgs/{acme}")).await.is(200).shows("They left for good").shows("Restore");
}

engines! {
    a_new_customer_comes_in_without_a_database_client,
    every_wrong_field_is_named_and_everything_typed_is_kept,
    two_clicks_make_one_organisation_and_both_get_to_its_page,
    a_form_that_was_sent_before_with_other_content_is_refused,
    nobody_is_invited_under_an_address_that_is_not_theirs,
    a_slug_that_is_taken_names_its_holder,
    of_two_who_want_one_slug_one_gets_it_and_is_named,
    the_script_learns_whether_a_slug_can_be_had,
    the_list_is_searched_filtered_sorted_and_paged,
    archived_organisations_are_listed_only_when_asked_for,
}

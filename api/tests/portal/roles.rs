//! S14, over HTTP: owners and admins say which role may do what.

use api::clock;
use domain::org::Role;
use domain::values::OrgId;

use crate::client::{Answer, Client};
use crate::world::World;

const ROLES: &str = "/org/acme/roles";

/// Acme with two types, and Olga who owns it.
async fn acme(world: &World) -> (OrgId, Client, Client) {
    let (ana, acme) = (world.operator().await, world.org("acme").await);
    for code in ["project", "invoice"] {
        define(&ana, code).await;
    }
    (acme, world.owner(acme).await, ana)
}

async fn define(ana: &Client, code: &str) {
    let (id, label) = (clock::new_id().to_string(), code.to_uppercase());
    let form =
        [("command_id", &*id), ("code", code), ("label", &label), ("action", "list"), ("action", "read")];
    let form = [form.as_slice(), &[("spread", "everywhere"), ("description", "")]].concat();
    ana.post("/admin/reference-data/new", &form).await.is(303);
}

/// What the page's hidden fields say.
fn hidden(page: &Answer, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let value = page.body.split(&field).nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_default().to_owned()
}

/// Sends the form of `page` with these boxes ticked besides those that are, or without these.
async fn save(by: &Client, page: &Answer, tick: &[&str], untick: &[&str]) -> Answer {
    let (id, sequence, had) =
        (clock::new_id().to_string(), hidden(page, "expected_sequence"), hidden(page, "had"));
    let mut form = vec![("command_id", &*id), ("expected_sequence", &sequence), ("had", &had)];
    form.extend(had.lines().filter(|named| !untick.contains(named)).map(|named| ("allow", named)));
    form.extend(tick.iter().map(|named| ("allow", *named)));
    by.post(ROLES, &form).await
}

fn ticked(page: &Answer, named: &str) -> bool {
    let tick = format!("value=\"{named}\"");
    let input = page.body.split("<input").find(|input| input.contains(&tick)).expect("there is such a box");
    input.split('>').next().is_some_and(|input| input.contains(" checked"))
}

async fn many_boxes_are_saved_as_one_command(world: World) {
    let (_, olga, _) = acme(&world).await;
    let page = olga.get(ROLES).await;
    page.is(200).shows("by the policy of the service");
    assert!(ticked(&page, "read project admin") && !ticked(&page, "read project member"));
    assert!(!page.body.contains("value=\"read project owner\""), "an owner's boxes are not to be chosen");
    let before = world.position().await;
    let tick = ["read project member", "list project member", "read invoice member"];
    let done = save(&olga, &page, &tick, &["list invoice admin"]).await;
    done.is(303);
    let after = olga.get(done.location()).await;
    after.is(200).shows("let member list, read <code class=\"name\">project");
    after.shows("no longer let admin list <code class=\"name\">invoice");
    for (named, expected) in
        tick.map(|named| (named, true)).into_iter().chain([("list invoice admin", false)])
    {
        assert_eq!(ticked(&after, named), expected, "{named}");
    }
    assert_eq!(
        world.since(before).await,
        ["PermissionsGranted", "PermissionsGranted", "PermissionsWithdrawn"]
    );
    let again = save(&olga, &after, &[], &[]).await;
    again.is(303);
    olga.get(again.location()).await.is(200);
    assert_eq!(world.since(before).await.len(), 3, "nothing changed, nothing written");
    world.verify().await;
}

async fn the_second_of_two_admins_sees_what_the_first_did(world: World) {
    let (acme, olga, _) = acme(&world).await;
    let ada = world.joined(acme, "ada@example.com", Role::Admin).await;
    let (first, second) = (olga.get(ROLES).await, ada.get(ROLES).await);
    save(&olga, &first, &["read project member"], &[]).await.is(303);
    let told = save(&ada, &second, &["list project member"], &[]).await;
    told.is(409);
    told.shows("Somebody changed this organisation while you were here")
        .shows("let member read <code class=\"name\">project");
    assert!(ticked(&told, "list project member"), "what she ticked is still ticked");
    assert!(ticked(&told, "read project member"), "and what the first did is there");
    assert!(told.body.contains("changed by somebody else meanwhile"));
    save(&ada, &told, &["list project member"], &[]).await.is(303);
    let page = olga.get(ROLES).await;
    assert!(ticked(&page, "list project member") && ticked(&page, "read project member"));
}

async fn a_box_of_a_type_that_was_deactivated_a_second_ago_loses_nothing(world: World) {
    let (_, olga, ana) = acme(&world).await;
    let page = olga.get(ROLES).await;
    let form = [("command_id", &*clock::new_id().to_string()), ("reason", "Nobody uses it any more")];
    ana.post("/admin/reference-data/invoice/deactivation", &form).await.is(303);
    let before = world.position().await;
    let told = save(&olga, &page, &["read invoice member", "read project member"], &[]).await;
    told.is(409);
    told.shows("does not have this any more: invoice");
    assert!(ticked(&told, "read project member"), "the other box is kept");
    assert!(world.since(before).await.is_empty(), "nothing was done");
    save(&olga, &told, &["read project member"], &[]).await.is(303);
}

async fn a_role_of_its_own_begins_as_another_and_goes_when_nobody_has_it(world: World) {
    let (acme, olga, ana) = acme(&world).await;
    save(&olga, &olga.get(ROLES).await, &["read project member"], &[]).await.is(303);
    let add = async |name: &str, like: &str| {
        let id = clock::new_id().to_string();
        olga.post("/org/acme/roles/new", &[("command_id", &*id), ("name", name), ("like", like)]).await
    };
    let done = add(" Billing  Clerk ", "member").await;
    done.is(303);
    let page = olga.get(done.location()).await;
    page.is(200).shows("added the role billing clerk to ");
    assert!(ticked(&page, "read project billing clerk") && !ticked(&page, "read invoice billing clerk"));
    add("billing clerk", "").await.is(422).shows("there is a role with this name already");
    add("Owner", "").await.is(422).shows("every organisation has a role with this name");
    add("clerk", "nobody").await.is(422).shows("this role is not there any more");

    let form = [
        ("command_id", &*clock::new_id().to_string()),
        ("email", "bea@example.com"),
        ("role", "billing clerk"),
    ];
    ana.post(&format!("/admin/orgs/{acme}/invitations"), &form).await.is(303);
    let remove = async || {
        let id = clock::new_id().to_string();
        olga.post("/org/acme/roles/removal", &[("command_id", &*id), ("role", "billing clerk")]).await
    };
    remove().await.is(409).shows("Somebody has this role or is invited with it.");
    olga.get(ROLES).await.shows("in use");
    withdraw_all(acme, &ana).await;
    let done = remove().await;
    done.is(303);
    let page = olga.get(done.location()).await;
    page.shows("removed the role billing clerk");
    assert!(!page.body.contains("read project billing clerk"));
    world.verify().await;
}

async fn withdraw_all(acme: OrgId, ana: &Client) {
    let page = ana.get(&format!("/admin/orgs/{acme}/members")).await;
    page.is(200);
    for path in page.body.split('"').filter(|path| path.ends_with("/withdrawal")) {
        ana.post(path, &[("command_id", &*clock::new_id().to_string())]).await.is(303);
    }
}

async fn members_see_what_they_may_and_change_nothing(world: World) {
    let (acme, olga, _) = acme(&world).await;
    let (mike, page) = (world.member(acme).await, olga.get(ROLES).await);
    let seen = mike.get(ROLES).await;
    seen.is(200);
    assert!(!seen.body.contains("type=\"checkbox\"") && !seen.body.contains("Add a role"));
    let before = world.position().await;
    save(&mike, &page, &["read project member"], &[]).await.is(403);
    let form = [("command_id", &*clock::new_id().to_string()), ("name", "clerk"), ("like", "")];
    mike.post("/org/acme/roles/new", &form).await.is(403).shows("Only owners and admins");
    assert!(world.since(before).await.is_empty());
}

async fn a_form_that_no_page_made_is_refused_in_words(world: World) {
    let (_, olga, _) = acme(&world).await;
    let page = olga.get(ROLES).await;
    for nonsense in
        ["", "read", "read project", "fly project member", "read Prøject member", "read project \u{202e}"]
    {
        save(&olga, &page, &[nonsense], &[]).await.is(422).shows("This is not a form of this page.");
    }
    save(&olga, &page, &["read project nobody"], &[])
        .await
        .is(422)
        .shows("there is no such role here; perhaps it was removed");
    save(&olga, &page, &["read elsewhere member"], &[]).await.is(409).shows("any more: elsewhere");
}

async fn what_the_operator_defines_stands_in_the_matrix_in_the_same_session(world: World) {
    let (_, olga, ana) = acme(&world).await;
    assert!(!olga.get(ROLES).await.body.contains("DEAL"));
    define(&ana, "deal").await;
    let page = olga.get(ROLES).await;
    page.shows("DEAL");
    assert!(ticked(&page, "read deal admin") && !ticked(&page, "read deal member"));
}

async fn whoever_takes_an_action_away_sees_who_uses_it(world: World) {
    let (_, olga, ana) = acme(&world).await;
    let actions = "/admin/reference-data/project/actions";
    let page = ana.get(actions).await;
    assert!(!page.is(200).body.contains("others than owners and admins"));
    save(&olga, &olga.get(ROLES).await, &["read project member"], &["list project admin"]).await.is(303);
    ana.get(actions).await.shows("1 organisation lets others than owners and admins do it: Acme Ltd.");
}

engines! {
    many_boxes_are_saved_as_one_command,
    the_second_of_two_admins_sees_what_the_first_did,
    a_box_of_a_type_that_was_deactivated_a_second_ago_loses_nothing,
    a_role_of_its_own_begins_as_another_and_goes_when_nobody_has_it,
    members_see_what_they_may_and_change_nothing,
    a_form_that_no_page_made_is_refused_in_words,
    what_the_operator_defines_stands_in_the_matrix_in_the_same_session,
    whoever_takes_an_action_away_sees_who_uses_it,
}

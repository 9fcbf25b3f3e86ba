//! What was shown is noted: every route of the console is asked for, and whichever organisation its answer names finds
//! a line of it under Activity.
//!
//! **Invariant:** the routes come from the table of routes. A new parameter needs a value below, and nothing else.

use api::access::RouteRequirement;
use api::access::routes::RouteEntry;
use api::clock;
use api::layout::operator_access::page_name;
use api::routes;
use domain::org::{LifecycleCommand, OrgCommand, Role, RoleCommand};
use domain::values::OrgId;
use http_body_util::BodyExt;
use projections::operator_reads::{self, AccessRecord};
use projections::{Platform, Scope, grants};

use crate::client::Client;
use crate::world::World;

const SLUGS: [&str; 3] = ["quillbert", "zanthor", "mirelda"];
const WHY: &str = "Three invoices are unpaid since May";

/// Three organisations with something in every place that a page of the console may show.
struct Place {
    ana: Client,
    orgs: Vec<(&'static str, OrgId)>,
    /// By parameters of routes, what stands there.
    values: Vec<(&'static str, Vec<String>)>,
    queries: Vec<String>,
    scope: Scope,
}

impl Place {
    async fn new(world: &World) -> Self {
        let ana = world.operator().await;
        define(&ana).await;
        let (mut orgs, mut owners) = (vec![], vec![]);
        for slug in SLUGS {
            let org = world.org(slug).await;
            let first = world.position().await;
            lend(world, org).await;
            let owner = world.joined(org, &format!("owner@{slug}.example"), Role::Owner).await;
            owners.push(owner.person().to_string());
            orgs.push((slug, org, first));
        }
        let renamed = orgs[1].1;
        ana.submit(&format!("/admin/orgs/{renamed}/name"), &[("name", "Zanthor Two Ltd")]).await.is(303);
        let mine = world.position().await;
        refused(&ana, orgs[0].1).await;
        let bulk = suspend_all(&ana, &orgs.iter().map(|(_, org, _)| *org).collect::<Vec<_>>()).await;
        let aud = world.auditor().await.person();
        let wanted = world.with(|settings| settings.grant_approval = true);
        let request = ask(&wanted, &ana).await;
        let ids: Vec<String> = orgs.iter().map(|(_, org, _)| format!("org={org}")).collect();
        let last = world.position().await;
        let queries = vec![
            format!("at={last}"),
            format!("at={}", orgs[2].2),
            "at=0&format=ndjson".to_owned(),
            format!("seen={mine}"),
            format!("after={}&format=csv&left=project&right=project&role=auditor", orgs[0].2),
            ids.join("&"),
            format!("about={}", orgs[1].1),
            format!("correlation={bulk}"),
            "slug=mirelda".to_owned(),
        ];
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        let values = vec![
            ("{id}", vec![orgs[0].1.to_string(), aud.to_string()]),
            ("{position}", vec![orgs[1].2.to_string(), mine.to_string(), last.to_string()]),
            ("{correlation}", vec![bulk]),
            ("{code}", owned(&["project"])),
            ("{person}", owners),
            ("{member_change}", owned(&["role", "removal"])),
            ("{change}", owned(&["label", "actions", "spread", "deactivation"])),
            ("{action}", owned(&["name", "slug", "reinstatement", "archive", "invitations"])),
            ("{request}", vec![request]),
            ("{decision}", owned(&["withdrawal"])),
        ];
        let orgs = orgs.into_iter().map(|(slug, org, _)| (slug, org)).collect();
        let scope = scope(world, &ana).await;
        Self { ana, orgs, values, queries, scope }
    }

    /// The addresses of a route: with every value that its parameters may have, and the first and the last of them with
    /// every query.
    fn addresses(&self, pattern: &str) -> Vec<String> {
        let mut paths = vec![pattern.to_owned()];
        for (parameter, values) in &self.values {
            let filled = |path: &String| {
                let path = path.clone();
                values.iter().map(move |value| path.replace(parameter, value)).collect::<Vec<_>>()
            };
            if pattern.contains(parameter) {
                paths = paths.iter().flat_map(filled).collect();
            }
        }
        assert!(paths.iter().all(|path| !path.contains('{')), "{pattern} has a parameter without a value");
        let ends = [paths[0].clone(), paths[paths.len() - 1].clone()];
        let asked = |path: &String| {
            let path = path.clone();
            self.queries.iter().map(move |query| format!("{path}?{query}"))
        };
        let number = paths.len().min(ends.len());
        paths.into_iter().chain(ends[..number].iter().flat_map(asked)).collect()
    }

    /// How often each organisation was shown by a page.
    async fn shown(&self, world: &World, page: &str) -> Vec<i64> {
        let mut counts = vec![];
        for (_, org) in &self.orgs {
            let looks = looks(world, &self.scope, *org).await;
            counts.push(looks.iter().filter(|look| look.page == page).map(|look| look.times).sum());
        }
        counts
    }
}

async fn scope(world: &World, operator: &Client) -> Scope {
    let grant = grants::active(&world.app.db, operator.person().0, clock::now()).await.expect("readable");
    Scope::Platform(Platform::of(&grant.expect("an operator")))
}

async fn looks(world: &World, scope: &Scope, org: OrgId) -> Vec<AccessRecord> {
    world.app.recorder.flush().await;
    operator_reads::of_org(&world.app.db, scope, org.0, None, 10_000).await.expect("readable")
}

/// A type of which members may do what only admins do by default.
async fn define(ana: &Client) {
    let id = clock::new_id().to_string();
    let form = [("command_id", &*id), ("code", "project"), ("label", "Project"), ("description", "")];
    let form =
        [form.as_slice(), &[("action", "read"), ("action", "list"), ("spread", "everywhere")]].concat();
    ana.post("/admin/reference-data/new", &form).await.is(303);
}

async fn lend(world: &World, org: OrgId) {
    use domain::resource_type::{Action, Actions};
    let permissions =
        [("project".parse().expect("a code"), Actions::of([Action::Read]).expect("one"))].into();
    let role = "reviewer".parse().expect("a role");
    world.given(org, OrgCommand::Role(RoleCommand::AddRole { role, permissions })).await;
}

/// Suspends these together; gives the correlation.
async fn suspend_all(ana: &Client, orgs: &[OrgId]) -> String {
    let ids: Vec<(String, String)> = orgs.iter().map(|org| ("org".to_owned(), org.to_string())).collect();
    let query: Vec<String> = ids.iter().map(|(_, id)| format!("org={id}")).collect();
    let path = format!("/admin/orgs/suspension?{}", query.join("&"));
    let page = ana.get(&path).await;
    let id = page.is(200).value("command_id").expect("a form");
    let mut form = vec![("command_id", id.as_str()), ("reason", WHY)];
    form.extend(ids.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let done = ana.post("/admin/orgs/suspension", &form).await;
    let place = done.is(303).location().split('?').next().expect("a path");
    place.rsplit('/').next().expect("an id").to_owned()
}

/// Something that a rule refuses, so that it stands among what was refused.
async fn refused(ana: &Client, org: OrgId) {
    let id = clock::new_id().to_string();
    let path = format!("/admin/orgs/{org}/slug");
    ana.post(&path, &[("command_id", &*id), ("slug", "zanthor")]).await.is(422).shows("belongs to");
}

async fn ask(world: &World, ana: &Client) -> String {
    let ana = world.signed_in(ana.person()).await;
    let form = ana.get("/admin/superadmins/new").await;
    let typed = [("email", "nina@example.com"), ("role", "auditor"), ("reason", WHY), ("lasting", "86400")];
    let fields = form.filled(&typed);
    ana.post("/admin/superadmins/new", &fields).await.is(303);
    fields.iter().find(|(name, _)| *name == "command_id").expect("every form has one").1.to_owned()
}

fn of_the_platform(entry: &RouteEntry) -> bool {
    matches!(entry.need, RouteRequirement::Platform | RouteRequirement::Superadmin) && entry.method != "ANY"
}

async fn whatever_names_an_organisation_is_noted_for_it(world: World) {
    let (world, _desk) = crate::proof::sealing(&world).await;
    let place = Place::new(&world).await;
    world.seal().await.expect("a checkpoint");
    let (mut silent, mut unreached) = (vec![], vec![]);
    for entry in routes::entries(&world.app).into_iter().filter(of_the_platform) {
        assert!(page_name(entry.path).is_some(), "{entry:?} has no name for those whose data it shows");
        if entry.method != "GET" {
            continue;
        }
        let mut answered = false;
        let mut before = place.shown(&world, entry.path).await;
        for address in place.addresses(entry.path) {
            let (status, body) = place.ana.glance(&address).await;
            answered |= status == 200 || status == 303;
            let after = place.shown(&world, entry.path).await;
            for (number, (slug, _)) in place.orgs.iter().enumerate() {
                let names_it = status == 200 && body.to_lowercase().contains(slug) && !address.contains(slug);
                if names_it && after[number] <= before[number] {
                    silent.push(format!("{address} names {slug}"));
                }
            }
            before = after;
        }
        if !answered {
            unreached.push(entry.path);
        }
    }
    assert_eq!(unreached, [""; 0], "they want other values or queries than there are");
    assert_eq!(silent, [""; 0], "shown, and noted for nobody");
}

async fn those_who_answer_for_it_read_it_in_plain_words(world: World) {
    let place = Place::new(&world).await;
    let owner = world.person("owner@zanthor.example").await;
    let owner = world.signed_in(owner).await;
    for _ in 0..3 {
        place.ana.get("/admin/orgs").await.is(200).shows("Mirelda");
    }
    place.ana.get(&format!("/admin/orgs/{}/members", place.orgs[1].1)).await.is(200);
    place.ana.get("/admin/history/export?format=ndjson").await.is(200);
    world.app.recorder.flush().await;
    world.given(place.orgs[1].1, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    let page = owner.get("/org/zanthor/activity?of=operators").await;
    page.is(200).shows("Listed").shows("3 times").shows("The list of organisations");
    page.shows("Opened").shows("Members and invitations").shows("Exported").shows("The history, as a file");
    let looks = looks(&world, &place.scope, place.orgs[1].1).await;
    let list: Vec<&AccessRecord> = looks.iter().filter(|look| look.page == "/admin/orgs").collect();
    assert_eq!((list.len(), list[0].times, list[0].listed), (1, 3, true), "one row for an hour");
    assert!(list[0].last_at > Some(list[0].at));
}

async fn a_page_of_a_list_is_noted_for_those_on_it_and_for_nobody_else(world: World) {
    let ana = world.operator().await;
    let mut orgs = vec![];
    for number in 0..60 {
        orgs.push(world.org(&format!("org-{number:02}")).await);
    }
    let scope = scope(&world, &ana).await;
    ana.get("/admin/orgs").await.is(200).shows("Org-00").hides("Org-59");
    assert_eq!(looks(&world, &scope, orgs[0]).await.len(), 1);
    assert_eq!(looks(&world, &scope, orgs[59]).await.len(), 0);
    ana.get("/admin/history/export?format=csv").await.is(200);
    for org in &orgs {
        let exported = looks(&world, &scope, *org).await;
        assert_eq!(exported.iter().filter(|look| look.page == "/admin/history/export").count(), 1);
    }
}

async fn the_live_tail_is_noted_before_it_says_anything(world: World) {
    let (ana, acme, bolt) = (world.operator().await, world.org("acme").await, world.org("bolt").await);
    let last = world.position().await;
    let mut tail = ana.follow(&format!("/admin/history/tail?after={last}")).await;
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    tail.frame().await.expect("it goes on").expect("it doesn't break");
    let scope = scope(&world, &ana).await;
    let tailed = looks(&world, &scope, acme).await;
    assert_eq!(tailed.iter().map(|look| look.page.as_str()).collect::<Vec<_>>(), ["/admin/history/tail"]);
    assert_eq!(looks(&world, &scope, bolt).await.len(), 0);
}

engines! {
    whatever_names_an_organisation_is_noted_for_it,
    those_who_answer_for_it_read_it_in_plain_words,
    a_page_of_a_list_is_noted_for_those_on_it_and_for_nobody_else,
    the_live_tail_is_noted_before_it_says_anything,
}

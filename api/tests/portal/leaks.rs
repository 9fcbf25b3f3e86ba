//! Nothing of one organisation reaches a member of another: no page, form, redirect, header or error, and no time.
//!
//! **Invariant:** whatever is another's carries [`MARK`], which is in no page of ours, no random hex and no random
//! base32, so a leak needs no list of places to look at.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use api::bus::{Envelope, Principal};
use api::routes;
use axum::body::Body;
use axum::http::Request;
use domain::grant::PlatformRole;
use domain::org::{LifecycleCommand, OrgCommand, Permission, Role, RoleCommand};
use domain::resource_type::{Action, Actions, Definition, ResourceTypeCommand, RolloutPolicy};
use domain::values::OrgId;
use domain::{Org, ResourceType};
use projections::people;

use crate::client::{Answer, Client};
use crate::world::World;

const MARK: &str = "q9x8";

/// Forms by which somebody stops belonging to the organisation.
const ENDS_IT: [&str; 2] = ["/departure", "/removal"];

/// What there is in the other organisation, to be asked for by name.
struct Other {
    org: OrgId,
    invitation: String,
}

async fn a_member_who_tries_everything_finds_nothing_of_others(world: World) {
    let (acme, apex) = (acme(&world).await, world.org("apex").await);
    let other = other(&world).await;
    let (of_all, of_managers) = (
        ["/logout", "/account/name", "/account/password", "/account/sessions", "/organisations/default"]
            .as_slice(),
        ["/org/acme/roles", "/org/acme/roles/new"].as_slice(),
    );
    for (client, forms) in
        [(world.member(acme).await, [of_all, &[]]), (world.owner(acme).await, [of_all, of_managers])]
    {
        world.admitted(apex, client.person(), Role::Member).await; // so that there is something to choose from
        let mut crawler = Crawler { world: &world, client, seen: BTreeSet::new(), sent: BTreeSet::new() };
        let before = world.position().await;
        crawler.crawl(&crawler.addresses(&other)).await;
        crawler.knock(&other).await;
        for form in forms.concat() {
            assert!(crawler.sent.contains(form), "{form} was not found: {:?}", crawler.sent);
        }
        assert_eq!(world.since(before).await, [""; 0]);
        Box::pin(crawler.nothing_changes(more_of(&world, &other))).await;
    }
}

/// Their own organisation, with a past of its own.
async fn acme(world: &World) -> OrgId {
    let acme = world.org("acme").await;
    project(world).await;
    world
        .given(
            acme,
            OrgCommand::Lifecycle(LifecycleCommand::Rename { name: "Acme Works".parse().expect("a name") }),
        )
        .await;
    world.suspended(acme, "The invoice is unpaid").await;
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    world.operator().await.get(&format!("/admin/orgs/{acme}")).await.is(200);
    world.app.recorder.flush().await;
    acme
}

/// Others, of every standing, full of what nobody else may see.
async fn other(world: &World) -> Other {
    let org = world.org("q9x8old").await;
    let operator = world.granted("q9x8operator@q9x8.example", PlatformRole::Superadmin).await;
    let owner = world.joined(org, "q9x8owner@q9x8.example", Role::Owner).await;
    let name = "Q9x8avier Q9x8son".parse().expect("a name");
    people::set_name(&world.app.db, owner.person(), &name).await.expect("stored");
    world
        .given(
            org,
            OrgCommand::Lifecycle(LifecycleCommand::Rename {
                name: "Q9x8name Works".parse().expect("a name"),
            }),
        )
        .await;
    world
        .given(
            org,
            OrgCommand::Lifecycle(LifecycleCommand::ChangeSlug { slug: "q9x8slug".parse().expect("a slug") }),
        )
        .await;
    world.suspended(org, "Q9x8reason: they did not pay").await;
    world.given(org, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    let guest = world.person("q9x8guest@q9x8.example").await;
    let invitation = world.invited(org, guest, Role::Admin).await.to_string();
    world.joined(org, "both@example.com", Role::Owner).await;
    permit(world, org, Action::Read).await;
    let why = [("reason", "Q9x8why: a ticket of theirs")];
    operator.post(&format!("/admin/orgs/{org}/reason"), &why).await.is(303);
    operator.get(&format!("/admin/orgs/{org}/members")).await.is(200);
    world.app.recorder.flush().await;
    let (suspended, archived) = (world.org("q9x8suspended").await, world.org("q9x8archived").await);
    world.suspended(suspended, "Q9x8reason: a court order").await;
    world.archived(archived).await;
    Other { org, invitation }
}

/// A role of their own, if it is not there, and something that members may do with what every organisation has.
async fn permit(world: &World, org: OrgId, action: Action) {
    let role = "q9x8clerk".parse().expect("a name");
    let add = OrgCommand::Role(RoleCommand::AddRole { role, permissions: BTreeMap::new() });
    let _there_already = world.app.bus.send::<Org>(&Principal::Shell, org, add, Envelope::new()).await;
    let granted =
        [Permission { role: Role::Member, code: "project".parse().expect("a code"), action }].into();
    world
        .given(org, OrgCommand::Role(RoleCommand::SetPermissions { granted, withdrawn: BTreeSet::new() }))
        .await;
}

/// A kind of things that everybody has.
async fn project(world: &World) {
    let definition = Definition {
        label: "Project".parse().expect("a label"),
        description: "".parse().expect("none"),
        actions: Actions::of(Action::ALL).expect("all"),
        spread: RolloutPolicy::Everywhere,
    };
    let (code, define) = ("project".parse().expect("a code"), ResourceTypeCommand::Define(definition));
    world
        .app
        .bus
        .send::<ResourceType>(&Principal::Shell, code, define, Envelope::new())
        .await
        .expect("defined");
}

/// More of everything in the other organisation, and a new one.
async fn more_of(world: &World, other: &Other) {
    let number = world.position().await;
    world.joined(other.org, &format!("q9x8late{number}@q9x8.example"), Role::Member).await;
    let name = format!("Q9x8newer {number}").parse().expect("a name");
    world.given(other.org, OrgCommand::Lifecycle(LifecycleCommand::Rename { name })).await;
    let guest = world.person(&format!("q9x8invited{number}@q9x8.example")).await;
    world.invited(other.org, guest, Role::Member).await;
    permit(world, other.org, Action::List).await;
    world.suspended(other.org, "Q9x8reason: not again").await;
    world.org(&format!("q9x8new{number}")).await;
    let operator = world.granted("q9x8operator@q9x8.example", PlatformRole::Auditor).await;
    operator.get(&format!("/admin/orgs/{}", other.org)).await.is(200);
    world.app.recorder.flush().await;
    world.given(other.org, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
}

/// Somebody who follows every link and sends every form, and looks for what is not theirs in each answer.
struct Crawler<'a> {
    world: &'a World,
    client: Client,
    /// Every address that was asked for.
    seen: BTreeSet<String>,
    /// Where forms were sent.
    sent: BTreeSet<String>,
}

/// A form of a page.
struct FoundForm {
    method: String,
    action: String,
    fields: Vec<(String, String)>,
}

impl Crawler<'_> {
    /// Where to begin: every address of the table, with what is theirs and what is not.
    fn addresses(&self, other: &Other) -> Vec<String> {
        let mut addresses: Vec<String> = ["/", "/account", "/org/acme/dashboard"].map(str::to_owned).into();
        for entry in routes::entries(&self.world.app) {
            for slug in
                ["acme", "q9x8slug", "q9x8old", "q9x8suspended", "q9x8archived", "Q9X8SLUG", "missing"]
            {
                for action in ["name", "suspension", "invitations", "q9x8"] {
                    let path = entry.path.replace("{slug}", slug).replace("{action}", action);
                    let path =
                        path.replace("{id}", &other.org.to_string()).replace("{token}", &"0".repeat(64));
                    let path = path.replace("{invitation}", &other.invitation).replace("{*rest}", "q9x8slug");
                    addresses.extend([format!("{path}?q=q9x8slug&before=1&of=operators"), path]);
                }
            }
        }
        addresses.sort();
        addresses.dedup();
        addresses
    }

    async fn crawl(&mut self, addresses: &[String]) {
        let mut todo: Vec<String> = addresses.to_vec();
        while let Some(path) = todo.pop() {
            if self.seen.contains(&path) || path == "/metrics" {
                continue; // the whole process counts in metrics
            }
            let answer = self.client.get(&path).await;
            self.is_clean(&path, &answer);
            for form in forms(&answer.body, &path) {
                todo.extend(self.send(&form).await);
            }
            let links = attributes(&answer.body, "href").into_iter().chain([answer.location().to_owned()]);
            todo.extend(links.filter(|link| link.starts_with('/') && !link.starts_with("/assets/")));
            self.seen.insert(path);
        }
    }

    /// Sends a form with what stands in it, and once more with what is another's. Gives what there is to be seen then.
    async fn send(&mut self, form: &FoundForm) -> Vec<String> {
        if form.method != "post" {
            let query = |value: &str| format!("{}?{}={value}", form.action, form.fields[0].0);
            return if form.fields.is_empty() { vec![] } else { vec![query("q9x8"), query("e")] };
        }
        for foreign in [false, true] {
            let names = |name: &str| ["slug", "org", "next", "q", "id"].contains(&name);
            let value = |(name, typed): &(String, String)| {
                (name.clone(), if foreign && names(name) { "q9x8slug".to_owned() } else { typed.clone() })
            };
            let fields: Vec<(String, String)> = form.fields.iter().map(value).collect();
            let body = serde_html_form::to_string(&fields).expect("text");
            if ENDS_IT.iter().any(|end| form.action.contains(end)) {
                continue; // whoever is gone sees nothing more
            }
            // Each with a session of its own, since some end it.
            let client = self.world.signed_in(self.client.person()).await;
            let kind = "application/x-www-form-urlencoded";
            let answer = client.post_raw(&form.action, kind, body.clone()).await;
            self.is_clean(&format!("{} {body}", form.action), &answer);
        }
        self.client = self.world.signed_in(self.client.person()).await; // a form may have ended this one too
        self.sent.insert(form.action.clone());
        vec![]
    }

    /// What is no page: methods, bodies and types that nobody sends.
    async fn knock(&mut self, other: &Other) {
        for path in self.addresses(other).iter().filter(|path| path.contains(MARK) && !path.contains('?')) {
            let client = self.world.signed_in(self.client.person()).await;
            for method in ["PUT", "DELETE", "OPTIONS", "POST"] {
                let request = Request::builder().method(method).uri(path);
                let answer = client.send(request.body(Body::empty()).expect("a request")).await;
                self.is_clean(path, &answer);
            }
            let form = "application/x-www-form-urlencoded";
            for (kind, body) in [
                ("application/json", format!(r#"{{"slug":"q9x8slug","id":"{}"}}"#, other.org)),
                (form, "slug=q9x8slug".to_owned()),
                (form, "org=q9x8slug&unknown=1".to_owned()),
                (form, format!("name={}", "x".repeat(1024 * 1024))),
            ] {
                let answer = client.post_raw(path, kind, body.clone()).await;
                self.is_clean(&format!("{path} {body:.60}"), &answer);
            }
            let request = Request::get(path).header("accept", "application/json");
            let answer = client.send(request.body(Body::empty()).expect("a request")).await;
            self.is_clean(path, &answer);
        }
    }

    /// No mark but those that the request had itself.
    fn is_clean(&self, asked: &str, answer: &Answer) {
        let told = format!("{:?}\n{}", answer.headers, answer.body).to_lowercase();
        let asked = asked.to_lowercase();
        for (at, _) in told.match_indices(MARK) {
            let around: String = told[at..].chars().take_while(|c| c.is_alphanumeric()).collect();
            assert!(asked.contains(&around), "{around:?} for {:?} at {asked}: {told}", self.client.person());
        }
    }

    /// Whatever happens to others, every address answers as it did, byte for byte.
    async fn nothing_changes(&self, happens: impl Future<Output = ()>) {
        let client = self.world.signed_in(self.client.person()).await;
        client.get("/org/acme/roles").await.is(200).shows("Project");
        self.everything(&client).await; // what is opened is noted: now all was, in this order
        let before = self.everything(&client).await;
        happens.await;
        for ((path, before), now) in self.seen.iter().zip(before).zip(self.everything(&client).await) {
            assert_eq!(now, before, "{path}");
        }
    }

    async fn everything(&self, client: &Client) -> Vec<(u16, String)> {
        let mut answers = vec![];
        for path in &self.seen {
            answers.push(told(&client.get(path).await));
        }
        answers
    }
}

/// What an answer said, without what is new in each: ids of commands, and when something was, since looking is noted.
fn told(answer: &Answer) -> (u16, String) {
    let (status, headers, body) = answer.told();
    let ids = body.split("name=\"command_id\" value=\"").enumerate();
    let body: String =
        ids.map(|(n, part)| if n == 0 { part } else { part.get(36..).unwrap_or("") }).collect();
    let times = body.split("<time").map(|part| part.split_once("</time>").map_or(part, |(_, rest)| rest));
    (status, format!("{headers:?}\n{}", times.collect::<String>()))
}

fn forms(body: &str, here: &str) -> Vec<FoundForm> {
    let tags = body.split("<form").skip(1).map(|rest| rest.split("</form>").next().unwrap_or(rest));
    let one = |form: &str| FoundForm {
        method: attribute(form, "method").unwrap_or_else(|| "get".to_owned()),
        action: attribute(form, "action").unwrap_or_else(|| here.to_owned()),
        fields: fields(form),
    };
    tags.map(one).collect()
}

fn fields(form: &str) -> Vec<(String, String)> {
    let tags = form
        .split('<')
        .filter(|tag| ["input", "select", "textarea"].iter().any(|kind| tag.starts_with(kind)));
    let as_it_is = |tag: &&str| !tag.contains("type=\"checkbox\"") || tag.contains(" checked");
    tags.filter(as_it_is)
        .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default())))
        .collect()
}

fn attributes(body: &str, name: &str) -> Vec<String> {
    body.split('<').filter_map(|tag| attribute(tag, name)).collect()
}

/// Of the tag that the text begins with.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next()?;
    let value = tag.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
    Some(value.replace("&amp;", "&"))
}

/// Requests of each kind.
const TIMES: usize = 400;

/// Other things run on the machine that this is tested on.
const TRIES: usize = 6;

async fn a_stranger_cannot_tell_by_the_time_whether_a_slug_exists(world: World) {
    let acme = world.org("acme").await;
    world.owner(acme).await;
    let stranger = world.stranger().await;
    let mut seen = vec![];
    for _ in 0..TRIES {
        let (mut there, mut missing) = (vec![], vec![]);
        for number in 0..TIMES * 2 {
            let (slug, times) = if number % 2 == 0 { ("acme", &mut there) } else { ("emca", &mut missing) };
            let started = Instant::now();
            let answer = stranger.get(&format!("/org/{slug}/dashboard")).await;
            times.push(started.elapsed());
            answer.is(404);
        }
        let (there, missing) = (median(there), median(missing));
        let apart = there.abs_diff(missing);
        if apart <= Duration::from_millis(5) && apart <= there.max(missing) / 10 {
            return;
        }
        seen.push((there, missing));
    }
    panic!("the medians of {TIMES} requests tell whether a slug exists: {seen:?}");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

engines! {
    a_member_who_tries_everything_finds_nothing_of_others,
    a_stranger_cannot_tell_by_the_time_whether_a_slug_exists,
}

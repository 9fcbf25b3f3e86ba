//! `/admin/orgs/{id}?at=`: one organisation as of a moment: overview, members, resource types, history.
//!
//! **Invariant:** everything here is folded from the organisation's events up to the moment; only the column "Now" knows
//! more.

use std::collections::HashMap;

use domain::Org;
use domain::org::Role;
use domain::resource_type::Action;
use domain::values::OrgId;
use maud::{Markup, html};
use projections::as_of::{self as folded, OrgAsOf};
use projections::event_log::StreamId;
use projections::memberships::{InvitationRow, MembershipRow};
use projections::org_detail::OrgDetail;
use projections::org_list::ACTIVE;
use projections::resource_types::OrgResourceType;
use projections::{history, people};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::access::Operator;
use crate::app::App;
use crate::layout::AfterCommand;
use crate::layout::as_of::{self, AsOf, AsOfBanner, PERMISSIONS};
use crate::layout::console::ConsolePage;
use crate::layout::names::Names;
use crate::resources::orgs::page::load;
use crate::resources::orgs::page::org_tabs;
use crate::resources::orgs::page::{self as org_page, EVENTS, MEMBERS};
use crate::resources::resource_types::facts;
use crate::ui::{self, Column, Section, Tone};
use crate::web::error::Error;
use crate::web::paths;

/// The organisation then, and now.
struct OrgAsOfPage<'a> {
    app: &'a App,
    operator: &'a Operator,
    at: AsOf,
    today: OrgDetail,
    then: Option<OrgAsOf>,
    now: Option<OrgAsOf>,
    tab: OrgTab,
    /// The address of the tab.
    path: String,
}

/// The tabs that show the past.
#[derive(Clone, Copy)]
enum OrgTab {
    Overview,
    Members,
    ResourceTypes,
    History,
}

impl OrgTab {
    fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Members => "Members",
            Self::ResourceTypes => "Resource types",
            Self::History => "History",
        }
    }

    fn path(self, org: Uuid) -> String {
        match self {
            Self::Overview => paths::org(org),
            Self::Members => paths::org_members(org),
            Self::ResourceTypes => paths::org_types(org),
            Self::History => paths::org_history(org),
        }
    }
}

pub async fn overview(app: &App, operator: &Operator, id: Uuid, at: AsOf) -> Result<Markup, Error> {
    let page = OrgAsOfPage::open(app, operator, at, id, OrgTab::Overview).await?;
    let content = match (&page.then, &page.now) {
        (Some(then), Some(now)) => {
            let events = history::of_org(&app.log, &operator.scope(), id, at.end(), 8).await?;
            let names = Names::of(app, &operator.platform, &events).await?;
            let differences = as_of::differences(app, &state(then), &state(now)).await?;
            ui::columns(
                html! {
                    (standing(&then.org))
                    (ui::card("What differs from now", differences))
                    (ui::card("Latest by then", names.timeline(&events)))
                },
                ui::card("Facts", org_page::facts(app, &then.org).await?),
            )
        }
        _ => page.not_yet(),
    };
    page.render(content).await
}

pub async fn members(app: &App, operator: &Operator, id: Uuid, at: AsOf) -> Result<Markup, Error> {
    let page = OrgAsOfPage::open(app, operator, at, id, OrgTab::Members).await?;
    let content = match (&page.then, &page.now) {
        (Some(then), Some(now)) => {
            let people = People::of(app, then).await?;
            html! {
                (ui::card("Members", members_table(then, now, &people)))
                (ui::card("Open invitations", invitations_table(then, at, now, &people)))
                (ui::card("Roles", roles_table(then)))
            }
        }
        _ => page.not_yet(),
    };
    page.render(content).await
}

pub async fn types(app: &App, operator: &Operator, id: Uuid, at: AsOf) -> Result<Markup, Error> {
    let page = OrgAsOfPage::open(app, operator, at, id, OrgTab::ResourceTypes).await?;
    let content = match (&page.then, &page.now) {
        (Some(then), Some(now)) => {
            let actors: Vec<&str> = then.types.iter().filter_map(|held| held.chosen_by.as_deref()).collect();
            let names = Names::of_actors(app, &actors).await?;
            html! {
                (types_table(then, at, now, &names))
                (ui::card("What each role could do", permissions_table(then)))
            }
        }
        _ => page.not_yet(),
    };
    page.render(content).await
}

/// The events up to the moment, or up to an earlier position in the list.
pub async fn events(
    app: &App,
    operator: &Operator,
    id: Uuid,
    before: Option<i64>,
    at: AsOf,
) -> Result<Markup, Error> {
    let page = OrgAsOfPage::open(app, operator, at, id, OrgTab::History).await?;
    let end = before.unwrap_or(i64::MAX).min(at.end());
    let events = history::of_org(&app.log, &operator.scope(), id, end, EVENTS).await?;
    let names = Names::of(app, &operator.platform, &events).await?;
    let older = events.last().filter(|last| last.sequence > 1);
    let older = older.map(|last| at.link(&format!("{}?before={}", page.path, last.position)));
    let newest = before.map(|_| at.link(&page.path));
    let content = match &page.then {
        Some(then) => html! {
            (names.timeline(&events))
            (ui::pager(newest, older, &format!("{} events by then", then.org.sequence)))
        },
        None => page.not_yet(),
    };
    page.render(content).await
}

impl<'a> OrgAsOfPage<'a> {
    async fn open(
        app: &'a App,
        operator: &'a Operator,
        at: AsOf,
        id: Uuid,
        tab: OrgTab,
    ) -> Result<Self, Error> {
        let today = load(app, operator, id).await?;
        let last = app.log.last_position().await?;
        // Events that only a newer version can read are left out, as everywhere in this version.
        let left = app.projector.left_to_newer(&StreamId::of::<Org>(OrgId(id)));
        let known = left.map_or(last, |from| last.min(from - 1));
        let (then, now) = folded::org(&app.log, &operator.scope(), id, at.position, known).await?;
        Ok(Self { app, operator, at, today, then, now, tab, path: tab.path(id) })
    }

    async fn render(&self, content: Markup) -> Result<Markup, Error> {
        let id = self.today.org_id;
        let of_org = history::HistoryFilter { org: Some(id), ..history::HistoryFilter::default() };
        let past = AsOfBanner::of(self.app, self.at, &self.path, &of_org).await?;
        let org = self.then.as_ref().map_or(&self.today, |then| &then.org);
        let status = self.then.as_ref().map(|then| status(&then.org));
        let control = as_of::control(&self.path, Some(self.at), &[]);
        let content = html! {
            (ui::head(&org.name, status, Some(ui::id(&org.slug)), ui::actions(control)))
            (org_tabs(id, self.tab.label(), Some(self.at)))
            (content)
        };
        let crumbs = [("Organisations", self.at.link(paths::ADMIN_ORGS))];
        let mut desk = ConsolePage::open(self.app, self.operator, AfterCommand::default()).await?;
        desk.about(&StreamId::of::<Org>(OrgId(id)));
        Ok(desk.then(&past).page(Section::Organisations, &org.name, &crumbs, content))
    }

    fn not_yet(&self) -> Markup {
        let OrgDetail { name, position, created_at, .. } = &self.today;
        ui::note(
            Tone::Info,
            html! {
                "There was no such organisation yet. What is called " strong { (name) } " today was created at "
                (ui::position(*position)) ", " (ui::exact_time((*created_at).into())) "."
            },
        )
    }
}

fn status(org: &OrgDetail) -> Markup {
    html! { (ui::badge(&org.status)) @if org.protected { " " (ui::badge("protected")) } }
}

/// The notice of why the organisation was not active, if so.
fn standing(org: &OrgDetail) -> Markup {
    let reason = org.reason.as_deref().unwrap_or("no reason was given");
    html! {
        @if org.status != ACTIVE {
            (ui::note(Tone::Warning, html! {
                p { "It was " (org.status) " since " (ui::time(org.status_at.into())) ": " (reason) }
                @if let Some(at) = org.reinstate_at {
                    p.hint { "It was to be reinstated by itself " (ui::time(at.into())) "." }
                }
            }))
        }
    }
}

/// The organisation's values, to be compared field by field.
fn state(of: &OrgAsOf) -> Value {
    let org = &of.org;
    let members = of.members.iter().map(|it| (it.person_id.to_string(), json!(it.role)));
    let invited = of.open_invitations().map(|it| (it.person_id.to_string(), json!(it.role)));
    let has = of.types.iter().map(|held| (held.code.clone(), json!(held.is_enabled())));
    let choices = of.types.iter().filter_map(|held| Some((held.code.clone(), json!(held.choice.as_ref()?))));
    let own = of.matrix.roles.iter().filter(|it| matches!(it.role(), Role::Custom(_)));
    let own: Vec<&str> = own.map(|it| it.role.as_str()).collect();
    json!({
        "name": org.name,
        "slug": org.slug,
        "status": org.status,
        "reason": org.reason,
        "protected": org.protected,
        "reinstated by itself": org.reinstate_at.map(as_of::minute),
        "members": Value::Object(members.collect()),
        "invited": Value::Object(invited.collect()),
        "has the type": Value::Object(has.collect()),
        "own choice": Value::Object(choices.collect()),
        "own roles": (!own.is_empty()).then(|| own.join(", ")),
        PERMISSIONS: permissions(of),
    })
}

fn permissions(of: &OrgAsOf) -> Value {
    let of_type = |held: &OrgResourceType| {
        let may =
            of.matrix.roles.iter().map(|role| (role.role.clone(), json!(allowed(of, &role.role(), held))));
        (held.code.clone(), Value::Object(may.collect::<Map<_, _>>()))
    };
    Value::Object(of.matrix.types.iter().map(of_type).collect())
}

/// What a role could do with a type, in words.
fn allowed(of: &OrgAsOf, role: &Role, held: &OrgResourceType) -> String {
    let actions: Vec<&str> = of.matrix.allowed(role, held).into_iter().map(Action::as_str).collect();
    if actions.is_empty() { "nothing".to_owned() } else { actions.join(", ") }
}

/// Names and e-mail addresses of people, both as they are today.
struct People {
    names: HashMap<Uuid, String>,
    addresses: HashMap<Uuid, String>,
}

impl People {
    async fn of(app: &App, then: &OrgAsOf) -> Result<Self, Error> {
        let members = then.members.iter().take(shown()).map(|member| member.person_id);
        let invited = then.open_invitations().take(shown()).map(|it| it.person_id);
        let ids: Vec<Uuid> = members.chain(invited).collect();
        Ok(Self {
            names: people::names(&app.db, &ids).await?,
            addresses: people::addresses(&app.db, &ids).await?,
        })
    }

    fn name(&self, id: Uuid) -> &str {
        self.names.get(&id).map_or("somebody erased", String::as_str)
    }

    fn address(&self, id: Uuid) -> &str {
        self.addresses.get(&id).map_or("erased", String::as_str)
    }
}

/// Shows as many people as the page of now does.
fn shown() -> usize {
    usize::try_from(MEMBERS).unwrap_or(usize::MAX)
}

fn members_table(then: &OrgAsOf, now: &OrgAsOf, people: &People) -> Markup {
    if then.members.is_empty() {
        return ui::empty("Nobody had joined yet.", html! { "Whoever was invited stands below." });
    }
    let columns = [
        Column::new("Name"),
        Column::new("E-mail").wide(),
        Column::new("Role"),
        Column::new("Joined"),
        Column::new("Now"),
    ];
    let of_today: HashMap<Uuid, &MembershipRow> = now.members.iter().map(|it| (it.person_id, it)).collect();
    let row = |member: &MembershipRow| {
        let today = of_today.get(&member.person_id);
        let name = people.name(member.person_id);
        vec![
            html! { span.person { (ui::monogram(name, "person")) (name) } },
            html! { (people.address(member.person_id)) },
            ui::role(&member.role),
            ui::time(member.joined_at.into()),
            html! {
                @match today {
                    Some(today) if today.role == member.role => span.hint { "the same" },
                    Some(today) => (ui::role(&today.role)),
                    None => "no member any more",
                }
            },
        ]
    };
    let rows: Vec<_> = then.members.iter().take(shown()).map(row).collect();
    html! {
        (ui::table("Members", &columns, &rows))
        @if then.members.len() > rows.len() { p.hint { "The first " (rows.len()) " of " (then.members.len()) "." } }
    }
}

fn invitations_table(then: &OrgAsOf, at: AsOf, now: &OrgAsOf, people: &People) -> Markup {
    let columns = ["E-mail", "Role", "Invited", "Until", "Now"].map(Column::new);
    let of_today: HashMap<Uuid, &InvitationRow> =
        now.invitations.iter().map(|it| (it.invitation_id, it)).collect();
    let row = |invitation: &InvitationRow| {
        let today = of_today.get(&invitation.invitation_id);
        let lapsed = invitation.expires_at <= at.time();
        vec![
            html! { (people.address(invitation.person_id)) },
            ui::role(&invitation.role),
            ui::time(invitation.invited_at.into()),
            html! { (ui::time(invitation.expires_at.into())) @if lapsed { " " (ui::badge("expired")) } },
            ui::badge(today.map_or("–", |today| today.status.as_str())),
        ]
    };
    let rows: Vec<_> = then.open_invitations().take(shown()).map(row).collect();
    if rows.is_empty() {
        return ui::empty("No invitation was open.", html! {});
    }
    let open = then.open_invitations().count();
    html! {
        (ui::table("Open invitations", &columns, &rows))
        @if open > rows.len() { p.hint { "The first " (rows.len()) " of " (open) "." } }
    }
}

fn roles_table(then: &OrgAsOf) -> Markup {
    let columns = [Column::new("Role"), Column::new("Members").numeric(), Column::new("Invited").numeric()];
    let rows: Vec<_> = (then.matrix.roles.iter())
        .map(|it| vec![ui::role(&it.role), html! { (it.members) }, html! { (it.invited) }])
        .collect();
    ui::table("Roles", &columns, &rows)
}

fn types_table(then: &OrgAsOf, at: AsOf, now: &OrgAsOf, names: &Names) -> Markup {
    if then.types.is_empty() {
        return ui::empty("There was no resource type yet.", html! {});
    }
    let yes = |held: &OrgResourceType| if held.is_enabled() { "yes" } else { "no" };
    let columns = [
        Column::new("Resource type"),
        Column::new("Had it"),
        Column::new("Because").wide(),
        Column::new("Has it now"),
    ];
    let row = |held: &OrgResourceType| {
        let today = now.types.iter().find(|it| it.code == held.code);
        vec![
            html! { a href=(at.link(&paths::resource_type(&held.code))) { (held.label) } " " (ui::id(&held.code)) },
            ui::badge(yes(held)),
            facts::because(held, names),
            ui::badge(today.map_or("deactivated", yes)),
        ]
    };
    ui::table("Resource types", &columns, &then.types.iter().map(row).collect::<Vec<_>>())
}

fn permissions_table(then: &OrgAsOf) -> Markup {
    if then.matrix.types.is_empty() {
        return ui::empty("It had no resource type.", html! {});
    }
    let roles = then.matrix.roles.iter().map(|role| Column::new(&role.role));
    let columns: Vec<Column<'_>> = [Column::new("Resource type")].into_iter().chain(roles).collect();
    let row = |held: &OrgResourceType| {
        let may = then.matrix.roles.iter().map(|role| html! { (allowed(then, &role.role(), held)) });
        [html! { (held.label) }].into_iter().chain(may).collect::<Vec<_>>()
    };
    ui::table("What each role could do", &columns, &then.matrix.types.iter().map(row).collect::<Vec<_>>())
}

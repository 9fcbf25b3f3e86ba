//! `/org/{slug}/roles`: what each role may do with which kinds of things, and the roles themselves.
//!
//! The form says which boxes are ticked and which were: the difference is the command, so that a box that was not on
//! the page is never touched. Where the page was no longer true, it comes back with what somebody else did meanwhile and
//! with what was ticked.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::org::{OrgEvent, Permission, Role, RoleCommand, RoleEvent};
use domain::resource_type::Action;
use domain::values::OrgId;
use domain::{AnyEvent, Org};
use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::org_detail;
use projections::permissions::{Matrix, RoleCount};
use projections::resource_types::OrgResourceType;
use serde::Deserialize;

use crate::access::{Member, Write};
use crate::app::App;
use crate::layout::refused::{About, FormReader, Refused};
use crate::layout::tenant::{AfterOwnCommand, page_after};
use crate::ui::matrix::{Cell, Group, MatrixRow, Tick};
use crate::ui::{self, Column, Tone};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct PermissionsForm {
    /// The names of the boxes that are ticked.
    #[serde(default)]
    allow: Vec<String>,
    /// The names of the boxes that were ticked when the page was made, one on each line.
    #[serde(default)]
    had: String,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct RoleRemovalForm {
    role: String,
}

/// The permissions that somebody wants to give and to take away.
#[derive(Clone, Debug, Default)]
struct PermissionChange {
    granted: BTreeSet<Permission>,
    withdrawn: BTreeSet<Permission>,
}

pub async fn show(
    State(app): State<App>,
    member: Member,
    Query(seen): Query<AfterOwnCommand>,
) -> Result<Markup, Error> {
    let board = Board::open(&app, &member).await?;
    page_after(
        &app,
        &member,
        seen,
        "Roles",
        board.content(&PermissionChange::default(), &BTreeSet::new(), html! {}),
    )
    .await
}

pub async fn submit(
    State(app): State<App>,
    member: Member,
    write: Write<PermissionsForm>,
) -> Result<Response, Error> {
    let wish = PermissionChange::of(&write.input).ok_or_else(unreadable)?;
    let board = Board::open(&app, &member).await?;
    let gone = board.gone(&wish);
    if !gone.is_empty() {
        return board.again(&wish, &BTreeSet::new(), StatusCode::CONFLICT, not_here(&gone)).await;
    }
    let PermissionChange { granted, withdrawn } = wish.clone();
    let command = RoleCommand::SetPermissions { granted, withdrawn };
    let org = OrgId(member.membership.org_id);
    match app.bus.send::<Org>(&member.principal(), org, command, write.envelope()).await {
        Ok(receipt) => {
            let to = paths::seen(&paths::roles(&member.membership.slug), receipt.sequence);
            Ok(Redirect::to(&to).into_response())
        }
        Err(refusal) => {
            let about = About::of("this organisation");
            let Refused { status, errors, note, since, .. } =
                Refused::of(&app, FormReader::Member(&member), about, refusal, |_| "").await?;
            let board = Board::open(&app, &member).await?; // as it is after what happened
            board.again(&wish, &moved(&since), status, html! { (note) (errors.summary()) }).await
        }
    }
}

/// Removes a role that nobody has.
pub async fn remove(
    State(app): State<App>,
    member: Member,
    write: Write<RoleRemovalForm>,
) -> Result<Redirect, Error> {
    let role = write.input.role.parse().ok().ok_or(Error::NotFound)?;
    let (org, command) = (OrgId(member.membership.org_id), RoleCommand::RemoveRole { role });
    let receipt = app.bus.send::<Org>(&member.principal(), org, command, write.envelope()).await?;
    Ok(Redirect::to(&paths::seen(&paths::roles(&member.membership.slug), receipt.sequence)))
}

fn unreadable() -> Error {
    Error::Unprocessable("This is not a form of this page. Open it again and tick what you want.".to_owned())
}

/// The name of a box in the form. The role stands last, since its name may have spaces.
fn name_of(Permission { role, code, action }: &Permission) -> String {
    format!("{} {code} {role}", action.as_str())
}

fn parse(named: &str) -> Option<Permission> {
    let mut parts = named.splitn(3, ' ');
    let action = parts.next()?.parse::<Action>().ok()?;
    let code = parts.next()?.parse().ok()?;
    Some(Permission { role: parts.next()?.parse().ok()?, code, action })
}

impl PermissionChange {
    /// Reads the change from the form; none if a box has a name that no page gives it.
    fn of(typed: &PermissionsForm) -> Option<Self> {
        let ticked: Option<BTreeSet<Permission>> = typed.allow.iter().map(|named| parse(named)).collect();
        let had: Option<BTreeSet<Permission>> = typed.had.lines().map(parse).collect();
        let (ticked, had) = (ticked?, had?);
        Some(Self { granted: &ticked - &had, withdrawn: &had - &ticked })
    }

    /// True if the box is to be ticked after the change; `now` is what it is today.
    fn wants(&self, permission: &Permission, now: bool) -> bool {
        (now || self.granted.contains(permission)) && !self.withdrawn.contains(permission)
    }
}

/// The permissions that these events changed.
fn moved(since: &[Recorded]) -> BTreeSet<Permission> {
    let mut moved = BTreeSet::new();
    for event in since {
        if let Ok(AnyEvent::Org(
            _,
            OrgEvent::Role(
                RoleEvent::PermissionsGranted { role, code, actions }
                | RoleEvent::PermissionsWithdrawn { role, code, actions },
            ),
        )) = event.decode()
        {
            moved.extend(actions.iter().map(|action| Permission {
                role: role.clone(),
                code: code.clone(),
                action,
            }));
        }
    }
    moved
}

fn not_here(gone: &BTreeSet<String>) -> Markup {
    let codes: Vec<&str> = gone.iter().map(String::as_str).collect();
    ui::note(
        Tone::Warning,
        html! {
            p { strong { "The organisation does not have this any more: " (codes.join(", ")) "." }
                " Whoever runs this service changed it while you were here, so nothing of yours was done yet. Your other changes are still marked below: save again." }
        },
    )
}

/// The page of the roles, under construction.
struct Board<'a> {
    app: &'a App,
    member: &'a Member,
    /// The organisation's sequence. It is read before the boxes, so these may be newer than it, but never older.
    sequence: i64,
    matrix: Matrix,
}

impl<'a> Board<'a> {
    async fn open(app: &'a App, member: &'a Member) -> Result<Self, Error> {
        let (scope, org_id) = (member.scope(), member.membership.org_id);
        let org = org_detail::get(&app.db, &scope, org_id).await?.ok_or(Error::NotFound)?;
        let matrix = Matrix::of(&app.db, &scope, org_id).await?;
        Ok(Self { app, member, sequence: org.sequence, matrix })
    }

    /// The types in a change whose box is no longer on the page.
    fn gone(&self, wish: &PermissionChange) -> BTreeSet<String> {
        let here = |it: &&Permission| {
            let held = self.matrix.types.iter().find(|held| held.code == it.code.as_str());
            held.is_some_and(|held| held.verbs().any(|action| action == it.action))
        };
        wish.granted.union(&wish.withdrawn).filter(|it| !here(it)).map(|it| it.code.to_string()).collect()
    }

    async fn again(
        &self,
        wish: &PermissionChange,
        moved: &BTreeSet<Permission>,
        status: StatusCode,
        note: Markup,
    ) -> Result<Response, Error> {
        let content = self.content(wish, moved, note);
        let page = page_after(self.app, self.member, AfterOwnCommand::default(), "Roles", content).await?;
        Ok((status, page).into_response())
    }

    fn content(&self, wish: &PermissionChange, moved: &BTreeSet<Permission>, note: Markup) -> Markup {
        let slug = &self.member.membership.slug;
        let may = self.member.manages();
        let line = html! { "Who may do what in " (self.member.membership.name) "." };
        let add = html! { @if may { (ui::button_link("Add a role", &paths::roles_new(slug))) } };
        html! {
            (ui::head("Roles", None, Some(line), add))
            (note)
            @if self.matrix.types.is_empty() {
                (ui::empty("There is nothing to decide about yet.", html! { "Whoever runs this service says which kinds of things there are. They appear here by themselves." }))
            } @else if may {
                form method="post" action=(paths::roles(slug)) data-once {
                    (Write::new((), Some(self.sequence)).hidden())
                    input type="hidden" name="had" value=(self.had());
                    (self.boxes(wish, moved))
                    div.save-bar { (ui::submit("Save")) p.help { "Boxes that differ from what is saved are marked. All are saved together." } }
                }
            } @else {
                (self.boxes(wish, moved))
            }
            (ui::card("The roles", self.roles()))
        }
    }

    fn each(&self) -> impl Iterator<Item = (&OrgResourceType, Action, Role)> {
        self.matrix.types.iter().flat_map(move |held| {
            held.verbs()
                .flat_map(move |action| self.matrix.roles.iter().map(move |it| (held, action, it.role())))
        })
    }

    fn permission(held: &OrgResourceType, action: Action, role: Role) -> Option<Permission> {
        Some(Permission { role, code: held.code.parse().ok()?, action })
    }

    /// The names of all boxes that are ticked and can be changed, one on each line.
    fn had(&self) -> String {
        let ticked = self
            .each()
            .filter(|(held, action, role)| *role != Role::Owner && self.matrix.allows(role, held, *action));
        let names =
            ticked.filter_map(|(held, action, role)| Some(name_of(&Self::permission(held, action, role)?)));
        names.collect::<Vec<_>>().join("\n")
    }

    fn boxes(&self, wish: &PermissionChange, moved: &BTreeSet<Permission>) -> Markup {
        let columns: Vec<Markup> = self.matrix.roles.iter().map(|it| html! { (it.role) }).collect();
        let group = |held: &OrgResourceType| Group {
            title: html! { (held.label) " " (ui::id(&held.code)) span.why { (why(held)) } },
            rows: held.verbs().map(|action| self.row(held, action, wish, moved)).collect(),
        };
        let groups: Vec<Group> = self.matrix.types.iter().map(group).collect();
        ui::matrix::matrix("What each role may do", "allow", &columns, &groups)
    }

    fn row(
        &self,
        held: &OrgResourceType,
        action: Action,
        wish: &PermissionChange,
        moved: &BTreeSet<Permission>,
    ) -> MatrixRow {
        let cell = |it: &RoleCount| {
            let role = it.role();
            let saved = self.matrix.allows(&role, held, action);
            let permission = Self::permission(held, action, role.clone());
            let Some(permission) = permission.filter(|_| self.member.manages() && role != Role::Owner) else {
                return Cell::Fixed(saved);
            };
            Cell::Box(Tick {
                value: name_of(&permission),
                label: format!("{role} may {} {}", action.as_str(), held.label),
                ticked: wish.wants(&permission, saved),
                saved,
                moved: moved.contains(&permission),
            })
        };
        MatrixRow { label: action.as_str(), cells: self.matrix.roles.iter().map(cell).collect() }
    }

    fn roles(&self) -> Markup {
        let columns = [
            Column::new("Role"),
            Column::new("What it is").wide(),
            Column::new("People").numeric(),
            Column::new("Invited").numeric(),
            Column::actions(),
        ];
        let rows = self.matrix.roles.iter().map(|it| {
            let role = it.role();
            vec![
                ui::role(&it.role),
                html! { (meaning(&role)) },
                html! { (ui::number(it.members)) },
                html! { (ui::number(it.invited)) },
                html! { @if self.member.manages() && matches!(role, Role::Custom(_)) { (self.removal(it)) } },
            ]
        });
        ui::table("The roles", &columns, &rows.collect::<Vec<_>>())
    }

    fn removal(&self, it: &RoleCount) -> Markup {
        html! {
            @if it.members + it.invited > 0 { span.help { "in use" } }
            @else {
                form.inline method="post" action=(paths::roles_removal(&self.member.membership.slug)) data-once {
                    (Write::new((), None).hidden())
                    input type="hidden" name="role" value=(it.role);
                    button.link type="submit" { "Remove" span.visually-hidden { " " (it.role) } }
                }
            }
        }
    }
}

/// Why the organisation has the resource type of this row.
fn why(held: &OrgResourceType) -> &'static str {
    if held.choice.is_some() { "chosen for this organisation" } else { "by the policy of the service" }
}

fn meaning(role: &Role) -> &'static str {
    match role {
        Role::Owner => "Can always do everything, and answers for people and roles.",
        Role::Admin => "Can do everything that is not taken away here, and answers for people and roles.",
        Role::Member => "Can do what is ticked here.",
        Role::Custom(_) => "Made here. Can do what is ticked here.",
    }
}

//! The two sides on which a member is changed: the operator's console, and the organisation's own pages. Both have the same form.

use domain::org::Role;
use domain::values::{OrgId, PersonId};
use maud::Markup;
use projections::Scope;
use projections::org_detail::OrgDetail;
use projections::permissions::RoleCount;

use crate::access::{Member, Operator};
use crate::app::App;
use crate::bus::{Principal, Receipt};
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::refused::FormReader;
use crate::layout::tenant;
use crate::ui::Section;
use crate::web::error::Error;
use crate::web::paths;

/// The side on which a member is changed, with the person who does it.
pub(super) enum Desk<'a> {
    Console { operator: &'a Operator, org: Box<OrgDetail> },
    Own { member: &'a Member },
}

impl Desk<'_> {
    pub(super) fn org(&self) -> OrgId {
        match self {
            Self::Console { org, .. } => OrgId(org.org_id),
            Self::Own { member } => OrgId(member.membership.org_id),
        }
    }

    pub(super) fn scope(&self) -> Scope {
        match self {
            Self::Console { operator, .. } => operator.scope(),
            Self::Own { member } => member.scope(),
        }
    }

    pub(super) fn principal(&self) -> Principal {
        match self {
            Self::Console { operator, .. } => operator.principal(),
            Self::Own { member } => member.principal(),
        }
    }

    pub(super) fn reader(&self) -> FormReader<'_> {
        match self {
            Self::Console { operator, .. } => FormReader::Operator(operator),
            Self::Own { member } => FormReader::Member(member),
        }
    }

    /// The page of all members.
    pub(super) fn back(&self) -> String {
        match self {
            Self::Console { org, .. } => paths::org_members(org.org_id),
            Self::Own { member } => paths::people(&member.membership.slug),
        }
    }

    /// True if the person changes their own membership, by which they decide for themselves.
    pub(super) fn is_oneself(&self, person: PersonId) -> bool {
        matches!(self, Self::Own { member } if member.membership.person_id == person.0)
    }

    /// The roles that whoever asks may give: inside the organisation only an owner makes owners.
    pub(super) fn may_give(&self, role: &RoleCount) -> bool {
        match self {
            Self::Console { .. } => true,
            Self::Own { member } => {
                member.membership.role() == Role::Owner || role.role != Role::Owner.as_str()
            }
        }
    }

    /// A part of a sentence about who can take a removal back.
    pub(super) fn undone_by(&self) -> &'static str {
        match self {
            Self::Console { .. } => "the removal can be undone",
            Self::Own { .. } => "whoever runs this service can undo the removal",
        }
    }

    /// The address that a change leads to.
    pub(super) fn after(&self, receipt: &Receipt) -> String {
        match self {
            Self::Console { .. } => paths::seen(&self.back(), receipt.seen()),
            Self::Own { .. } => paths::seen(&self.back(), receipt.sequence),
        }
    }

    pub(super) async fn show(&self, app: &App, title: &str, content: Markup) -> Result<Markup, Error> {
        let (operator, org) = match self {
            Self::Own { member } => return tenant::page(app, member, title, content).await,
            Self::Console { operator, org } => (operator, org),
        };
        let desk = ConsolePage::open(app, operator, AfterCommand::default()).await?;
        let crumbs = [
            ("Organisations", paths::ADMIN_ORGS.to_owned()),
            (&org.name, paths::org(org.org_id)),
            ("Members", paths::org_members(org.org_id)),
        ];
        Ok(desk.page(Section::Organisations, title, &crumbs, content))
    }
}

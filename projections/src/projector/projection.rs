//! The read models: what each is called, which version it is, which tables it writes, and what it folds.

use cqrs_es::Aggregate;
use domain::{Grant, Org, ResourceType};

use crate::fold::{Entry, FoldError};
use crate::grants::{self, GrantRequest, GrantRow};
use crate::history::{self, HistoryRow};
use crate::memberships::{self, InvitationRow, MembershipRow};
use crate::org_detail::{self, OrgDetail, SlugRow};
use crate::org_list::{self, OrgRow, OrgTotal};
use crate::permissions::{self, PermissionRow, RoleRow};
use crate::resource_types::{self, ChoiceRow, ResourceTypeRow};
use crate::table::{Rows, Shape, Table};

/// Every read model. A new one is added here, and the compiler asks for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Projection {
    OrgList,
    OrgDetail,
    Memberships,
    Grants,
    ResourceTypes,
    Permissions,
    History,
}

impl Projection {
    pub const ALL: [Self; 7] = [
        Self::OrgList,
        Self::OrgDetail,
        Self::Memberships,
        Self::Grants,
        Self::ResourceTypes,
        Self::Permissions,
        Self::History,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::OrgList => "org_list",
            Self::OrgDetail => "org_detail",
            Self::Memberships => "memberships",
            Self::Grants => "grants",
            Self::ResourceTypes => "resource_types",
            Self::Permissions => "permissions",
            Self::History => "history",
        }
    }

    /// Raise it when the fold changes what it writes: the new version is folded from zero before this process serves.
    pub fn version(self) -> i64 {
        match self {
            Self::OrgList => 2, // knows all owners
            Self::OrgDetail
            | Self::Memberships
            | Self::Grants
            | Self::ResourceTypes
            | Self::Permissions
            | Self::History => 1,
        }
    }

    pub(super) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|projection| projection.name() == name)
    }

    /// The tables that only this projection writes.
    pub(crate) fn tables(self) -> &'static [Shape] {
        match self {
            Self::OrgList => &[OrgRow::SHAPE, OrgTotal::SHAPE],
            Self::OrgDetail => &[OrgDetail::SHAPE, SlugRow::SHAPE],
            Self::Memberships => &[MembershipRow::SHAPE, InvitationRow::SHAPE],
            Self::Grants => &[GrantRow::SHAPE, GrantRequest::SHAPE],
            Self::ResourceTypes => &[ResourceTypeRow::SHAPE, ChoiceRow::SHAPE],
            Self::Permissions => &[RoleRow::SHAPE, PermissionRow::SHAPE],
            Self::History => &[HistoryRow::SHAPE],
        }
    }

    /// Says whether this projection folds events of this type of aggregate.
    pub(crate) fn folds(self, aggregate_type: &str) -> bool {
        match self {
            Self::OrgList | Self::OrgDetail | Self::Memberships | Self::Permissions => {
                aggregate_type == Org::TYPE
            }
            Self::Grants => aggregate_type == Grant::TYPE,
            Self::ResourceTypes => aggregate_type == ResourceType::TYPE || aggregate_type == Org::TYPE,
            Self::History => true,
        }
    }

    /// Says whether this projection shows events that only a newer version can read, instead of leaving them out.
    pub(super) fn shows_newer(self) -> bool {
        self == Self::History
    }

    pub(super) async fn fold(self, rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
        match self {
            Self::OrgList => org_list::fold(rows, entries).await,
            Self::OrgDetail => org_detail::fold(rows, entries).await,
            Self::Memberships => memberships::fold(rows, entries).await,
            Self::Grants => grants::fold(rows, entries).await,
            Self::ResourceTypes => resource_types::fold(rows, entries).await,
            Self::Permissions => permissions::fold(rows, entries).await,
            Self::History => {
                history::fold(rows, entries);
                Ok(())
            }
        }
    }
}

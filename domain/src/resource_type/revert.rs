//! The facets that a resource type's events write, and how each is restored.

use std::collections::BTreeSet;
use std::fmt;

use super::{ResourceType, ResourceTypeCommand, ResourceTypeEvent, RolloutPolicy};
use crate::revert::{Irreversible, Restoration, Revertible};

/// The parts of a resource type that can be decided independently of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceTypeFacet {
    Label,
    Description,
    Actions,
    RolloutPolicy,
    State,
}

impl fmt::Display for ResourceTypeFacet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Label => "label",
            Self::Description => "description",
            Self::Actions => "actions",
            Self::RolloutPolicy => "spread",
            Self::State => "state",
        })
    }
}

impl Revertible for ResourceType {
    type Facet = ResourceTypeFacet;

    fn facet(event: &ResourceTypeEvent) -> Result<ResourceTypeFacet, Irreversible> {
        use ResourceTypeEvent as E;
        match event {
            E::ResourceTypeDefined(_) => Err(Irreversible::Beginning),
            E::ResourceTypeRelabelled { .. } => Ok(ResourceTypeFacet::Label),
            E::ResourceTypeDescribed { .. } => Ok(ResourceTypeFacet::Description),
            E::ResourceTypeActionsSet { .. } => Ok(ResourceTypeFacet::Actions),
            E::ResourceTypeSpreadChanged { .. } => Ok(ResourceTypeFacet::RolloutPolicy),
            E::ResourceTypeDeactivated { .. } | E::ResourceTypeReactivated {} => Ok(ResourceTypeFacet::State),
        }
    }

    fn decided(event: &ResourceTypeEvent, position: i64) -> i64 {
        match event {
            ResourceTypeEvent::ResourceTypeSpreadChanged { since: Some(since), .. } => *since,
            ResourceTypeEvent::ResourceTypeSpreadChanged { since: None, .. }
            | ResourceTypeEvent::ResourceTypeDefined(_)
            | ResourceTypeEvent::ResourceTypeRelabelled { .. }
            | ResourceTypeEvent::ResourceTypeDescribed { .. }
            | ResourceTypeEvent::ResourceTypeActionsSet { .. }
            | ResourceTypeEvent::ResourceTypeDeactivated { .. }
            | ResourceTypeEvent::ResourceTypeReactivated {} => position,
        }
    }

    fn says(&self, facet: &ResourceTypeFacet) -> String {
        let (it, state) = match self {
            Self::Unborn => return "not there".to_owned(),
            Self::Active(it) => (it, "active"),
            Self::Inactive(it) => (it, "deactivated"),
        };
        match facet {
            ResourceTypeFacet::Label => it.label.to_string(),
            ResourceTypeFacet::Description => it.description.to_string(),
            ResourceTypeFacet::Actions => it.actions.to_string(),
            ResourceTypeFacet::RolloutPolicy => it.spread.as_str().to_owned(),
            ResourceTypeFacet::State => state.to_owned(),
        }
    }

    fn restore(
        &self,
        before: &Self,
        facets: &BTreeSet<ResourceTypeFacet>,
        with: &Restoration,
    ) -> Option<ResourceTypeCommand> {
        use ResourceTypeCommand as C;
        let (Self::Active(then) | Self::Inactive(then)) = before else { return None };
        let mut facets = facets.iter();
        let facet = facets.next().filter(|_| facets.next().is_none())?;
        Some(match facet {
            ResourceTypeFacet::Label => C::Relabel { label: then.label.clone() },
            ResourceTypeFacet::Description => C::Describe { description: then.description.clone() },
            ResourceTypeFacet::Actions => C::SetActions { actions: then.actions.clone() },
            // The old position is restored, so that organisations created after it still count as new.
            ResourceTypeFacet::RolloutPolicy => {
                let since = with.decided.filter(|_| then.spread == RolloutPolicy::NewOnly);
                C::Spread { spread: then.spread, since }
            }
            ResourceTypeFacet::State if matches!(before, Self::Active(_)) => C::Reactivate,
            ResourceTypeFacet::State => C::Deactivate { reason: with.reason.clone() },
        })
    }

    fn lost(_: &ResourceTypeEvent) -> Option<&'static str> {
        None
    }
}

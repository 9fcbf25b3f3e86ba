//! An organisation's own choices of resource types, which override the types' policies.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{OrgEvent, OrgFacet, Profile};
use crate::concern::events;
use crate::resource_type::ResourceChoice;
use crate::sentence::{Part, text};
use crate::values::{OrgId, ResourceCode};

/// A command about the resource types that an organisation has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ChoiceCommand {
    /// Overrides the policy of a resource type for this organisation; without a choice, the policy decides again.
    ChooseResourceType { code: ResourceCode, choice: Option<ResourceChoice> },
}

events! {
    /// What happened to the organisation's choices of resource types.
    pub enum ChoiceEvent {
        /// The organisation has the type or not, as it chose, whatever the policy says now or later.
        ResourceTypeChosen { code: ResourceCode, choice: ResourceChoice },
        /// The policy of the type decides again.
        ResourceTypeChoiceDropped { code: ResourceCode },
    }
}

pub(super) fn decide(org: &Profile, command: ChoiceCommand) -> Vec<OrgEvent> {
    let ChoiceCommand::ChooseResourceType { code, choice } = command;
    match choice {
        same if org.choices.get(&code).copied() == same => vec![],
        Some(choice) => vec![ChoiceEvent::ResourceTypeChosen { code, choice }.into()],
        None => vec![ChoiceEvent::ResourceTypeChoiceDropped { code }.into()],
    }
}

pub(super) fn apply(choices: &mut BTreeMap<ResourceCode, ResourceChoice>, event: ChoiceEvent) {
    match event {
        ChoiceEvent::ResourceTypeChosen { code, choice } => choices.insert(code, choice),
        ChoiceEvent::ResourceTypeChoiceDropped { code } => choices.remove(&code),
    };
}

impl ChoiceEvent {
    pub(crate) fn sentence(&self, org: OrgId) -> Vec<Part> {
        match self {
            Self::ResourceTypeChosen { code, choice } => {
                let code = Part::ResourceType(code.clone());
                match choice {
                    ResourceChoice::OptedIn => vec![text("opted "), Part::Org(org), text(" into "), code],
                    ResourceChoice::OptedOut => vec![text("opted "), Part::Org(org), text(" out of "), code],
                }
            }
            Self::ResourceTypeChoiceDropped { code } => {
                let code = Part::ResourceType(code.clone());
                vec![text("let "), Part::Org(org), text(" follow the policy of "), code, text(" again")]
            }
        }
    }

    pub(super) fn facet(&self) -> OrgFacet {
        match self {
            Self::ResourceTypeChosen { code, .. } | Self::ResourceTypeChoiceDropped { code } => {
                OrgFacet::Choice(code.clone())
            }
        }
    }
}

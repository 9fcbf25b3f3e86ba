//! What happened to kinds of things, as sentences for people.

use super::{ResourceTypeEvent, RolloutPolicy};
use crate::sentence::{Part, text};
use crate::values::Reason;

impl ResourceTypeEvent {
    /// What was done, to be read after the name of whoever did it.
    pub(crate) fn sentence(&self, code: Part) -> Vec<Part> {
        use ResourceTypeEvent as E;
        match self {
            E::ResourceTypeDefined(it) => {
                let what = format!(" ({}: {}), {}", it.label, it.actions, spread(it.spread));
                vec![text("defined the resource type "), code, text(what)]
            }
            E::ResourceTypeRelabelled { label } => {
                vec![text("changed the label of "), code, text(format!(" to {label}"))]
            }
            E::ResourceTypeDescribed { .. } => vec![text("changed the description of "), code],
            E::ResourceTypeActionsSet { actions } => {
                vec![text("changed the actions of "), code, text(format!(" to {actions}"))]
            }
            E::ResourceTypeSpreadChanged { spread: to, .. } => {
                vec![text("changed how "), code, text(format!(" spreads: {}", spread(*to)))]
            }
            E::ResourceTypeDeactivated { reason } => {
                vec![text("deactivated "), code, text(format!(": {reason}"))]
            }
            E::ResourceTypeReactivated {} => vec![text("reactivated "), code],
        }
    }

    /// Why it was done, where somebody had to say.
    pub(crate) fn reason(&self) -> Option<&Reason> {
        match self {
            Self::ResourceTypeDeactivated { reason } => Some(reason),
            Self::ResourceTypeDefined(_)
            | Self::ResourceTypeRelabelled { .. }
            | Self::ResourceTypeDescribed { .. }
            | Self::ResourceTypeActionsSet { .. }
            | Self::ResourceTypeSpreadChanged { .. }
            | Self::ResourceTypeReactivated {} => None,
        }
    }
}

fn spread(spread: RolloutPolicy) -> &'static str {
    match spread {
        RolloutPolicy::Everywhere => "for every organisation",
        RolloutPolicy::NewOnly => "for new organisations only",
        RolloutPolicy::OptIn => "for organisations that choose it",
    }
}

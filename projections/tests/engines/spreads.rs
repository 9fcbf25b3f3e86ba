//! Random histories of policies and choices, compared with a model of which organisation has a type that is simple to check.

use domain::org::{ChoiceCommand, LifecycleCommand, OrgCommand};
use domain::resource_type::{
    Action, Actions, Definition, ResourceChoice, ResourceTypeCommand, RolloutPolicy,
};
use domain::values::{OrgId, ResourceCode};
use domain::{Org, ResourceType};
use projections::{Scope, resource_types};
use proptest::prelude::{Strategy, prop_oneof};
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::engines;
use crate::given::{Outcome, Store, reason};
use crate::views;

const HISTORIES: usize = 4;
const STEPS: usize = 60;

engines! {
    async fn who_has_a_type_is_what_a_naive_model_says(store: Store) {
        let mut runner = TestRunner::deterministic();
        for _ in 0..HISTORIES {
            let store = store.fresh().await?;
            let steps = proptest::collection::vec(step(), STEPS).new_tree(&mut runner).map_err(|why| why.to_string())?;
            let orgs = live_through(&store, steps.current()).await?;
            store.assert_sound().await?;
            store.projector.rebuild(|_| ()).await?;
            views::agree(&store, &orgs).await?;
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    NewOrg,
    /// The organisation with this number, counted around: gone for itself, and not counted.
    Archive(usize),
    RolloutPolicy(RolloutPolicy),
    /// The choice of the organisation with this number, counted around.
    Choose(usize, Option<ResourceChoice>),
    Deactivate,
    Reactivate,
}

fn step() -> impl Strategy<Value = Step> {
    let choice = select(vec![None, Some(ResourceChoice::OptedIn), Some(ResourceChoice::OptedOut)]);
    prop_oneof![
        3 => proptest::strategy::Just(Step::NewOrg),
        1 => (0..20_usize).prop_map(Step::Archive),
        3 => select(RolloutPolicy::ALL.to_vec()).prop_map(Step::RolloutPolicy),
        4 => (0..20_usize, choice).prop_map(|(org, choice)| Step::Choose(org, choice)),
        1 => select(vec![Step::Deactivate, Step::Reactivate]),
    ]
}

/// An organisation, by when it came, and what it chose.
#[derive(Clone, Copy)]
struct Known {
    id: OrgId,
    came: usize,
    choice: Option<ResourceChoice>,
    archived: bool,
}

/// What everybody would expect: the policy and when it was decided, whether the type is there, and who chose what.
struct Model {
    spread: RolloutPolicy,
    decided: usize,
    active: bool,
    orgs: Vec<Known>,
}

impl Model {
    fn has(&self, org: &Known) -> bool {
        let by_policy = match self.spread {
            RolloutPolicy::Everywhere => true,
            RolloutPolicy::NewOnly => org.came > self.decided,
            RolloutPolicy::OptIn => false,
        };
        match org.choice {
            Some(choice) => choice == ResourceChoice::OptedIn,
            None => by_policy,
        }
    }

    fn ids(&self) -> Vec<OrgId> {
        self.orgs.iter().map(|org| org.id).collect()
    }
}

async fn live_through(store: &Store, steps: Vec<Step>) -> Outcome<Vec<OrgId>> {
    let mut model = Model { spread: RolloutPolicy::OptIn, decided: 0, active: true, orgs: vec![] };
    change(store, ResourceTypeCommand::Define(definition()?)).await?;
    for (now, step) in steps.into_iter().enumerate().map(|(number, step)| (number + 1, step)) {
        match step {
            Step::NewOrg => {
                let name = format!("org-{now}");
                model.orgs.push(Known {
                    id: store.org(&name, &name).await?,
                    came: now,
                    choice: None,
                    archived: false,
                });
            }
            Step::Choose(number, choice) => {
                let number = number % model.orgs.len().max(1);
                let Some(org) = model.orgs.get_mut(number).filter(|org| !org.archived) else { continue };
                let command =
                    OrgCommand::Choice(ChoiceCommand::ChooseResourceType { code: project()?, choice });
                let append = store.decided::<Org>(org.id, command).await?;
                if !append.events.is_empty() {
                    store.append(append).await?;
                }
                org.choice = choice;
            }
            Step::Archive(number) => {
                let number = number % model.orgs.len().max(1);
                let Some(org) = model.orgs.get_mut(number).filter(|org| !org.archived) else { continue };
                let (reason, confirmed) = (reason(), None);
                store
                    .carry_out::<Org>(
                        org.id,
                        OrgCommand::Lifecycle(LifecycleCommand::Archive { reason, confirmed }),
                    )
                    .await?;
                org.archived = true;
            }
            Step::RolloutPolicy(spread) if model.active && spread != model.spread => {
                change(store, ResourceTypeCommand::Spread { spread, since: None }).await?;
                (model.spread, model.decided) = (spread, now);
            }
            Step::Deactivate if model.active => {
                change(store, ResourceTypeCommand::Deactivate { reason: reason() }).await?;
                model.active = false;
            }
            Step::Reactivate if !model.active => {
                change(store, ResourceTypeCommand::Reactivate).await?;
                model.active = true;
            }
            Step::RolloutPolicy(_) | Step::Deactivate | Step::Reactivate => {}
        }
        store.projector.catch_up().await?;
        compare(store, &model).await?;
        views::agree(store, &model.ids()).await?;
    }
    Ok(model.ids())
}

async fn compare(store: &Store, model: &Model) -> Outcome {
    let scope = Scope::Platform(store.platform().await?);
    for org in &model.orgs {
        let seen = resource_types::of_org(store.db(), &scope, org.id.0).await?;
        let has = seen.first().map(resource_types::OrgResourceType::is_enabled);
        assert_eq!(has, model.active.then(|| model.has(org)));
    }
    let platform = store.platform().await?;
    let row = resource_types::get(store.db(), &platform, "project").await?.ok_or("it is defined")?;
    let reach = resource_types::reach(store.db(), &platform, &row).await?;
    let number = |those: usize| i64::try_from(those).unwrap_or(i64::MAX);
    let counted = || model.orgs.iter().filter(|org| !org.archived);
    assert_eq!(reach.organisations, number(counted().count()));
    assert_eq!(reach.reached, number(counted().filter(|org| model.has(org)).count()));
    Ok(())
}

async fn change(store: &Store, command: ResourceTypeCommand) -> Outcome {
    store.carry_out::<ResourceType>(project()?, command).await?;
    Ok(())
}

fn project() -> Outcome<ResourceCode> {
    Ok("project".parse()?)
}

fn definition() -> Outcome<Definition> {
    let actions = Actions::of(Action::ALL).ok_or("all")?;
    Ok(Definition {
        label: "Project".parse()?,
        description: "".parse()?,
        actions,
        spread: RolloutPolicy::OptIn,
    })
}

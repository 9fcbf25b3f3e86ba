//! Random histories of roles and permissions, compared with a model that is simple enough to check by reading.

use std::collections::{BTreeMap, BTreeSet};

use domain::org::{OrgCommand, Permission, Role, RoleCommand};
use domain::resource_type::{Action, Actions, Definition, ResourceTypeCommand, RolloutPolicy};
use domain::values::{OrgId, ResourceCode, RoleName};
use domain::{Org, ResourceType};
use projections::Scope;
use projections::permissions::Matrix;
use proptest::prelude::{Strategy, prop_oneof};
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::engines;
use crate::given::{Outcome, Store};

const HISTORIES: usize = 4;
const STEPS: usize = 60;
const CODES: [&str; 2] = ["invoice", "project"];
const NAMES: [&str; 2] = ["bookkeeper", "clerk"];

engines! {
    async fn what_a_role_may_do_is_what_a_naive_model_says(store: Store) {
        let mut runner = TestRunner::deterministic();
        for _ in 0..HISTORIES {
            let store = store.fresh().await?;
            let steps = proptest::collection::vec(step(), STEPS).new_tree(&mut runner).map_err(|why| why.to_string())?;
            live_through(&store, steps.current()).await?;
            store.assert_sound().await?;
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add(&'static str),
    Remove(&'static str),
    /// Decides whether a role may take this action with things of the type.
    Set(&'static str, &'static str, Action, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let role = select(vec!["admin", "member", NAMES[0], NAMES[1]]);
    let boxes = (role, select(CODES.to_vec()), select(Action::ALL.to_vec()), select(vec![true, false]));
    prop_oneof![
        2 => select(NAMES.to_vec()).prop_map(Step::Add),
        1 => select(NAMES.to_vec()).prop_map(Step::Remove),
        9 => boxes.prop_map(|(role, code, action, may)| Step::Set(role, code, action, may)),
    ]
}

/// The expected permissions of each existing role.
type Model = BTreeMap<&'static str, BTreeSet<(&'static str, Action)>>;

async fn live_through(store: &Store, steps: Vec<Step>) -> Outcome {
    let org = store.org("Acme", "acme").await?;
    for code in CODES {
        define(store, code.parse()?).await?;
    }
    let all =
        || CODES.iter().flat_map(|code| Action::ALL.map(|action| (*code, action))).collect::<BTreeSet<_>>();
    let mut model: Model = [("owner", all()), ("admin", all()), ("member", BTreeSet::new())].into();
    for step in steps {
        match step {
            Step::Add(name) => {
                let command = OrgCommand::Role(RoleCommand::AddRole {
                    role: name.parse()?,
                    permissions: BTreeMap::new(),
                });
                order(store, org, command).await?;
                model.entry(name).or_default();
            }
            Step::Remove(name) => {
                order(
                    store,
                    org,
                    OrgCommand::Role(RoleCommand::RemoveRole { role: name.parse::<RoleName>()? }),
                )
                .await?;
                model.remove(name);
            }
            Step::Set(role, code, action, may) => {
                let one = BTreeSet::from([Permission { role: role.parse()?, code: code.parse()?, action }]);
                let (granted, withdrawn) = if may { (one, BTreeSet::new()) } else { (BTreeSet::new(), one) };
                order(store, org, OrgCommand::Role(RoleCommand::SetPermissions { granted, withdrawn }))
                    .await?;
                if let Some(boxes) = model.get_mut(role) {
                    if may {
                        boxes.insert((code, action))
                    } else {
                        boxes.remove(&(code, action))
                    };
                }
            }
        }
        compare(store, org, &model).await?;
    }
    Ok(())
}

/// What is refused changes nothing.
async fn order(store: &Store, org: OrgId, command: OrgCommand) -> Outcome {
    if let Ok(append) = store.decided::<Org>(org, command).await
        && !append.events.is_empty()
    {
        store.append(append).await?;
    }
    Ok(())
}

async fn compare(store: &Store, org: OrgId, model: &Model) -> Outcome {
    store.projector.catch_up().await?;
    let matrix = Matrix::of(store.db(), &Scope::Platform(store.platform().await?), org.0).await?;
    let roles: BTreeSet<&str> = matrix.roles.iter().map(|it| it.role.as_str()).collect();
    assert_eq!(roles, model.keys().copied().collect());
    assert_eq!(matrix.types.iter().map(|held| held.code.as_str()).collect::<Vec<_>>(), CODES);
    for (role, boxes) in model {
        for held in &matrix.types {
            let expected: BTreeSet<Action> =
                boxes.iter().filter(|(code, _)| *code == held.code).map(|(_, action)| *action).collect();
            assert_eq!(matrix.allowed(&role.parse::<Role>()?, held), expected, "{role} {}", held.code);
        }
    }
    Ok(())
}

async fn define(store: &Store, code: ResourceCode) -> Outcome {
    let actions = Actions::of(Action::ALL).ok_or("all")?;
    let definition = Definition {
        label: "Label".parse()?,
        description: "".parse()?,
        actions,
        spread: RolloutPolicy::Everywhere,
    };
    store.carry_out::<ResourceType>(code, ResourceTypeCommand::Define(definition)).await?;
    Ok(())
}

//! Joining is one step: the membership, and the name and the password that were chosen for it, or none of them.

use std::time::Duration;

use domain::org::Role;
use domain::values::PersonId;
use domain::{Org, org::OrgCommand};
use futures::future::join_all;
use projections::event_log::{Append, AppendError, CompanionRows, Joined};
use projections::people::{self, Person};

use crate::engines;
use crate::given::{Outcome, Store, accept, created, id, invite, invitee, noon};

engines! {
    async fn whoever_is_refused_has_chosen_no_password(store: Store) {
        let (person, mut append) = invited(&store).await?;
        append.after -= 1; // as if somebody had changed the organisation meanwhile
        assert!(matches!(store.append(append.clone()).await, Err(AppendError::Conflict { .. })));
        assert_eq!(chosen(&store, person).await?, (None, None), "and may try again");
        append.after += 1;
        store.append(append).await?;
        assert_eq!(chosen(&store, person).await?, (Some("Mia".to_owned()), Some("$argon2id$of Mia".to_owned())));
        store.assert_sound().await?;
    }

    async fn of_two_who_choose_at_once_one_joins(store: Store) {
        let (person, append) = invited(&store).await?;
        let both = [named(&append, person, "Mia"), named(&append, person, "Eve")];
        let answers = join_all(both.map(|append| store.append(append))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        let winner = if answers[0].is_ok() { "Mia" } else { "Eve" };
        let (name, password) = chosen(&store, person).await?;
        assert_eq!((name.as_deref(), password), (Some(winner), Some(format!("$argon2id$of {winner}"))));
        let mut late = named(&append, person, "Eve");
        late.after += 1;
        assert!(matches!(store.append(late).await, Err(AppendError::PasswordChosen)));
        assert_eq!(chosen(&store, person).await?.0.as_deref(), Some(winner));
        store.assert_sound().await?;
    }
}

/// Somebody without a password, and what they send to join an organisation that invited them.
async fn invited(store: &Store) -> Outcome<(PersonId, Append)> {
    let (person, org) = (PersonId(id()), domain::values::OrgId(id()));
    people::ensure(store.db(), person, &"mia@example.com".parse()?, noon(1)).await?;
    store.append(crate::given::append::<Org>(org, 0, &[created("Acme", "acme")])).await?;
    let invitee = invitee(person, Role::Member);
    let appended = store.carry_out::<Org>(org, invite(&invitee)).await?;
    store.projector.wait_for(appended.last_position, Duration::from_secs(10)).await?;
    let accepted: OrgCommand = accept(&invitee);
    let append = store.decided::<Org>(org, accepted).await?;
    Ok((person, named(&append, person, "Mia")))
}

/// The same append with another command and another name.
fn named(append: &Append, person: PersonId, name: &str) -> Append {
    let password_hash = format!("$argon2id$of {name}");
    let name = name.parse().expect("a name");
    let mut append = append.clone();
    append.metadata.command = id();
    Append { beside: Some(CompanionRows::Joined(Joined { person, name, password_hash })), ..append }
}

async fn chosen(store: &Store, person: PersonId) -> Outcome<(Option<String>, Option<String>)> {
    let Person { name, password_hash, .. } =
        people::by_id(store.db(), person).await?.ok_or("they are there")?;
    Ok((name, password_hash))
}

//! People, sessions and links: what can be erased.

use domain::values::{Email, PersonId};
use futures::future::join_all;
use projections::links::{self, Link, LinkPurpose};
use projections::people::{self, ChosenPassword};
use projections::second_factors::{self, NewSecondFactor};
use projections::sessions::{self, Session};
use projections::{Lookups, testing};

use crate::engines;
use crate::given::{Outcome, Store, id, noon};

engines! {
    async fn a_person_is_made_once(store: Store) {
        let email: Email = "Maria@Example.org".parse()?;
        let (one, other) = (PersonId(id()), PersonId(id()));
        let made = people::ensure(store.db(), one, &email, noon(1)).await?;
        assert_eq!((made.person_id, made.email.as_str(), made.created_at), (one.0, "maria@example.org", noon(1)));
        assert_eq!(people::ensure(store.db(), other, &email, noon(2)).await?, made);
        assert_eq!(people::by_id(store.db(), other).await?, None);
        assert_eq!(Lookups::open(store.db()).person(&email).await?, Some(made));
    }

    async fn a_person_is_made_once_however_many_try(store: Store) {
        for round in 0..10 {
            let email: Email = format!("person-{round}@example.org").parse()?;
            let tasks = (0..8).map(|_| {
                let (db, email) = (store.db().clone(), email.clone());
                tokio::spawn(async move { people::ensure(&db, PersonId(id()), &email, noon(1)).await })
            });
            let mut made = vec![];
            for task in join_all(tasks).await {
                made.push(task??.person_id);
            }
            made.dedup();
            assert_eq!(made.len(), 1);
        }
        assert_eq!(people::after(store.db(), None, 100).await?.len(), 10);
    }

    async fn an_address_belongs_to_one_person(store: Store) {
        let email: Email = "maria@example.org".parse()?;
        people::ensure(store.db(), PersonId(id()), &email, noon(1)).await?;
        let other = people::ensure(store.db(), PersonId(id()), &"other@example.org".parse()?, noon(1)).await?;
        let mut raw = store.raw().await?;
        let stolen = raw.run("update people set email = 'maria@example.org' where email = 'other@example.org'").await;
        assert!(stolen.is_err());
        assert_eq!(people::by_id(store.db(), PersonId(other.person_id)).await?, Some(other));
    }

    async fn what_a_person_sets_is_kept(store: Store) {
        let person = PersonId(id());
        people::ensure(store.db(), person, &"maria@example.org".parse()?, noon(1)).await?;
        testing::set_password(store.db(), person, "first").await?;
        assert!(people::change_password(store.db(), person, "first", "third").await?);
        assert!(!people::change_password(store.db(), person, "first", "fourth").await?, "somebody was quicker");
        people::signed_in(store.db(), person, noon(2)).await?;
        people::signed_in(store.db(), person, noon(3)).await?;
        let org = id();
        people::set_default_org(store.db(), person, Some(org)).await?;
        let called = |named: &Option<people::Person>| named.as_ref().map(|p| p.called().to_owned());
        let before = people::by_id(store.db(), person).await?;
        assert_eq!(called(&before).as_deref(), Some("maria@example.org"));
        people::set_name(store.db(), person, &"Maria".parse()?).await?;
        let after = people::by_id(store.db(), person).await?;
        assert_eq!(called(&after).as_deref(), Some("Maria"));
        let after = after.ok_or("she is there")?;
        assert_eq!(after.password_hash.as_deref(), Some("third"));
        assert_eq!((after.first_sign_in_at, after.default_org_id), (Some(noon(2)), Some(org)));
        let names = people::names(store.db(), &[person.0, id()]).await?;
        assert_eq!(names.into_iter().collect::<Vec<_>>(), [(person.0, "Maria".to_owned())]);
    }

    /// A change of password and the end of all sessions are one transaction: if the sessions can't end, nothing changes.
    async fn a_password_is_new_with_every_session_or_not_at_all(store: Store) {
        let person = known(&store).await?;
        testing::set_password(store.db(), person, "old").await?;
        signed_in(&store, person, [1; 32]).await?;
        let purpose = LinkPurpose::NewPassword.as_str().to_owned();
        let link = Link { purpose, person_id: Some(person.0), invitation_id: None, org_id: None, ..invitation_link() };
        links::create(store.db(), &[7; 32], &link).await?;
        for statement in if store.is_postgres() { KEEP_SESSIONS_POSTGRES } else { KEEP_SESSIONS_SQLITE } {
            store.raw().await?.run(statement).await?;
        }
        assert!(people::change_password(store.db(), person, "old", "new").await.is_err());
        let chosen = ChosenPassword { person, hash: "new", replaces: true };
        assert!(people::choose_password(store.db(), chosen, &[7; 32], noon(2)).await.is_err());
        let factor = NewSecondFactor { person, session_id: id(), secret: &[1; 20], step: 7, codes: &[] };
        let enrolled = second_factors::enrol(store.db(), factor, noon(2)).await;
        assert!(enrolled.is_err() && second_factors::of_person(store.db(), person).await?.is_none());
        let hash = people::by_id(store.db(), person).await?.and_then(|person| person.password_hash);
        assert_eq!(hash.as_deref(), Some("old"));
        let end = if store.is_postgres() { "drop trigger keep on session" } else { "drop trigger keep" };
        store.raw().await?.run(end).await?;
        assert!(people::choose_password(store.db(), chosen, &[7; 32], noon(2)).await?, "it is not used up");
        assert_eq!(sessions::of_person(store.db(), person, noon(2)).await?.len(), 0);
    }

    async fn a_session_is_found_until_it_ends(store: Store) {
        let person = known(&store).await?;
        let session = signed_in(&store, person, [1; 32]).await?;
        let found = |token: [u8; 32], day| {
            let lookups = Lookups::open(store.db());
            async move { lookups.session(token, noon(day)).await.map(|found| found.map(|s| s.session_id)) }
        };
        assert_eq!(found([1; 32], 2).await?, Some(session.session_id));
        assert_eq!(found([2; 32], 2).await?, None);
        assert_eq!(found([1; 32], 5).await?, None, "idle for too long");
        sessions::touch(store.db(), session.session_id, noon(4), noon(99)).await?;
        assert_eq!(found([1; 32], 9).await?, Some(session.session_id));
        assert_eq!(found([1; 32], 10).await?, None, "too old, however busy");
        sessions::end(store.db(), PersonId(id()), session.session_id).await?;
        assert_eq!(found([1; 32], 9).await?, Some(session.session_id), "not somebody else's to end");
        sessions::end(store.db(), person, session.session_id).await?;
        assert_eq!(found([1; 32], 9).await?, None);
    }

    async fn a_new_session_ends_the_one_it_replaces(store: Store) {
        let person = known(&store).await?;
        let old = signed_in(&store, person, [1; 32]).await?;
        let new = Session { session_id: id(), ..old.clone() };
        sessions::start(store.db(), &new, &[2; 32], Some([1; 32])).await?;
        assert_eq!(sessions::of_person(store.db(), person, noon(2)).await?, std::slice::from_ref(&new));
        assert_eq!(Lookups::open(store.db()).session([1; 32], noon(2)).await?, None);
    }

    async fn a_person_sees_and_ends_their_own_sessions(store: Store) {
        let (person, other) = (known(&store).await?, PersonId(id()));
        let one = signed_in(&store, person, [1; 32]).await?;
        signed_in(&store, person, [2; 32]).await?;
        signed_in(&store, other, [3; 32]).await?;
        sessions::touch(store.db(), one.session_id, noon(2), noon(6)).await?;
        let mine = sessions::of_person(store.db(), person, noon(2)).await?;
        assert_eq!((mine.len(), mine[0].session_id), (2, one.session_id), "the last used first");
        sessions::end_others(store.db(), person, one.session_id).await?;
        assert_eq!(sessions::of_person(store.db(), person, noon(2)).await?.len(), 1);
        assert_eq!(sessions::of_person(store.db(), other, noon(2)).await?.len(), 1);
        sessions::sweep(store.db(), noon(5)).await?;
        assert_eq!(store.raw().await?.number("select count(*) from session").await?, 1);
    }

    async fn a_link_opens_what_it_is_for(store: Store) {
        let link = invitation_link();
        links::create(store.db(), &[1; 32], &link).await?;
        assert_eq!(links::find(store.db(), &[1; 32], LinkPurpose::Invitation).await?, Some(link.clone()));
        assert_eq!(links::find(store.db(), &[1; 32], LinkPurpose::Password).await?, None);
        assert_eq!(links::find(store.db(), &[2; 32], LinkPurpose::Invitation).await?, None);
        let later = Link { created_at: noon(2), ..link.clone() };
        links::create(store.db(), &[2; 32], &later).await?;
        let org = link.org_id.ok_or("it leads into an organisation")?;
        let platform = store.platform().await?;
        assert_eq!(links::first_sent_at(store.db(), &platform, org).await?, Some(noon(1)));
        assert_eq!(links::first_sent_at(store.db(), &platform, id()).await?, None);
    }

    async fn a_link_is_used_up_once_however_many_try(store: Store) {
        for round in 0..10 {
            links::create(store.db(), &[round; 32], &invitation_link()).await?;
            let tasks = (0..8).map(|_| {
                let db = store.db().clone();
                tokio::spawn(async move { links::use_up(&db, &[round; 32], noon(2)).await })
            });
            let mut used = 0;
            for task in join_all(tasks).await {
                used += u8::from(task??);
            }
            assert_eq!(used, 1);
        }
    }

    async fn an_expired_link_is_not_used_up(store: Store) {
        links::create(store.db(), &[1; 32], &invitation_link()).await?;
        assert!(!links::use_up(store.db(), &[1; 32], noon(3)).await?);
        assert!(links::use_up(store.db(), &[1; 32], noon(2)).await?);
        let used = links::find(store.db(), &[1; 32], LinkPurpose::Invitation).await?;
        assert_eq!(used.and_then(|link| link.used_at), Some(noon(2)));
    }

    async fn withdrawing_leaves_used_links_and_other_purposes(store: Store) {
        let of = |purpose: LinkPurpose| Link { purpose: purpose.as_str().to_owned(), ..invitation_link() };
        links::create(store.db(), &[1; 32], &of(LinkPurpose::FirstStart)).await?;
        links::create(store.db(), &[2; 32], &of(LinkPurpose::FirstStart)).await?;
        links::create(store.db(), &[3; 32], &of(LinkPurpose::Password)).await?;
        links::use_up(store.db(), &[1; 32], noon(2)).await?;
        links::withdraw_all(store.db(), LinkPurpose::FirstStart).await?;
        assert!(links::find(store.db(), &[1; 32], LinkPurpose::FirstStart).await?.is_some());
        assert!(links::find(store.db(), &[2; 32], LinkPurpose::FirstStart).await?.is_none());
        assert!(links::find(store.db(), &[3; 32], LinkPurpose::Password).await?.is_some());
    }
}

async fn known(store: &Store) -> Outcome<PersonId> {
    let person = PersonId(id());
    people::ensure(store.db(), person, &"maria@example.org".parse()?, noon(1)).await?;
    Ok(person)
}

const KEEP_SESSIONS_SQLITE: &[&str] =
    &["create trigger keep before delete on session begin select raise(abort, 'they are kept'); end"];
const KEEP_SESSIONS_POSTGRES: &[&str] = &[
    "create function keep() returns trigger language plpgsql as $$ begin raise exception 'they are kept'; end $$",
    "create trigger keep before delete on session for each row execute function keep()",
];

/// A session from day 1: idle after day 5, over after day 10.
pub(crate) async fn signed_in(store: &Store, person: PersonId, token: [u8; 32]) -> Outcome<Session> {
    let session = Session {
        session_id: id(),
        person_id: person.0,
        created_at: noon(1),
        last_seen_at: noon(1),
        idle_at: noon(5),
        expires_at: noon(10),
        proven_at: noon(1),
        two_factors: false,
        address: Some("::1".to_owned()),
        agent: None,
    };
    sessions::start(store.db(), &session, &token, None).await?;
    Ok(session)
}

/// An invitation link that was made on day 1 and is open until day 3.
fn invitation_link() -> Link {
    Link {
        purpose: LinkPurpose::Invitation.as_str().to_owned(),
        person_id: Some(id()),
        org_id: Some(id()),
        invitation_id: Some(id()),
        created_at: noon(1),
        expires_at: noon(3),
        used_at: None,
    }
}

//! Searching the list finds what reading every row would find, whichever way it takes.

use std::collections::BTreeSet;

use domain::Org;
use domain::org::{InvitationEvent, LifecycleCommand, LifecycleEvent, OrgCommand, OrgEvent, Role};
use domain::values::{OrgId, PersonId};
use futures::future::try_join_all;
use projections::Platform;
use projections::org_list::{OrgListFilter, OrgListOrder, OrgListed, Sort, Total, page};

use crate::engines;
use crate::given::{Outcome, Store, accept, append, created, id, invite, invitee, reason, renamed};

/// More than a search lists one by one.
const MANY: usize = 1300;

engines! {
    async fn a_search_finds_what_reading_every_row_finds(store: Store) {
        let platform = many(&store).await?;
        everything_is_found(&store, &platform, 1).await?;
        store.projector.rebuild(|_| ()).await?;
        everything_is_found(&store, &platform, 5).await?;
        store.assert_sound().await?;
    }

    async fn what_was_renamed_is_found_by_its_new_name_only(store: Store) {
        let (platform, acme) = (store.platform().await?, store.org("Acme Foods", "acme").await?);
        for n in 0..200 {
            store.log.append(append::<Org>(OrgId(id()), 0, &[created("Other", &format!("other-{n}"))])).await?;
        }
        for (name, is, was) in [("Zeta Foods", "zeta", "acme f"), ("Acme Foods", "cme f", "zeta")] {
            let name = name.parse()?;
            let appended = store.carry_out::<Org>(acme, OrgCommand::Lifecycle(LifecycleCommand::Rename { name })).await?;
            store.folded_to(appended.last_position).await?;
            assert_eq!(found(&store, &platform, &searching(is), OrgListOrder::default()).await?.len(), 1, "{is}");
            assert_eq!(found(&store, &platform, &searching(was), OrgListOrder::default()).await?.len(), 0, "{was}");
        }
    }

    async fn the_total_is_right_whatever_happened(store: Store) {
        let platform = store.platform().await?;
        let (acme, zeta) = (store.org("Acme", "acme").await?, store.org("Zeta", "zeta").await?);
        let owner = invitee(PersonId(id()), Role::Owner);
        let reason = reason();
        for command in [
            invite(&owner),
            accept(&owner),
            OrgCommand::Lifecycle(LifecycleCommand::Suspend { reason: reason.clone(), confirmed: None }),
            OrgCommand::Lifecycle(LifecycleCommand::Archive { reason: reason.clone(), confirmed: None }),
            OrgCommand::Lifecycle(LifecycleCommand::Restore),
            OrgCommand::Lifecycle(LifecycleCommand::Reinstate),
        ] {
            store.carry_out::<Org>(acme, command).await?;
            store.folded().await?;
            totals_are_right(&store, &platform).await?;
        }
        store.carry_out::<Org>(zeta, OrgCommand::Lifecycle(LifecycleCommand::Archive { reason, confirmed: None })).await?;
        store.folded().await?;
        totals_are_right(&store, &platform).await?;
        store.projector.rebuild(|_| ()).await?;
        totals_are_right(&store, &platform).await?;
        store.assert_sound().await?;
    }

    async fn on_postgres_without_its_index_a_search_finds_the_same(store: Store) {
        if !store.is_postgres() {
            return Ok(());
        }
        let platform = many(&store).await?;
        store.raw().await?.run("drop extension pg_trgm cascade").await?;
        everything_is_found(&store, &platform, 5).await?;
        let again = store.reopened().await?;
        let index = "select count(*) from pg_indexes where indexname in ('org_list_parts_search', 'people_parts')";
        assert_eq!(again.raw().await?.number(index).await?, 2, "what is missing is made at the start");
    }
}

/// Organisations that have something in common, most of them in how their names begin, and a few that haven't.
async fn many(store: &Store) -> Outcome<Platform> {
    let mut numbers = 0_u32;
    let mut next = |below: u32| {
        numbers = numbers.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (numbers >> 16) % below
    };
    let words = ["Bolt", "Äpex", "acme zeta", "株式会社 Z", "Q-x", "100%_!", "\"Zeta\" 'AND'"];
    let appends: Vec<_> = (0..MANY)
        .map(|number| {
            let name = if next(10) > 0 {
                format!("Zeta {number}")
            } else {
                format!("{} {number}", words[usize::try_from(next(7)).unwrap_or(0)])
            };
            let mut events = vec![created(&name, &format!("org-{number}"))];
            let owner = invitee(PersonId(id()), Role::Owner);
            let (invitation, person, expires_at) = (owner.invitation, owner.person, owner.expires_at);
            let invited = OrgEvent::Invitation(InvitationEvent::MemberInvited {
                invitation,
                person,
                role: Role::Owner,
                expires_at,
            });
            let joined =
                OrgEvent::Invitation(InvitationEvent::MemberJoined { invitation, person, role: Role::Owner });
            events.extend((next(4) > 0).then_some(invited));
            events.extend((events.len() > 1 && next(4) > 0).then_some(joined));
            events.extend(
                (next(9) == 0)
                    .then(|| OrgEvent::Lifecycle(LifecycleEvent::OrgSuspended { reason: reason() })),
            );
            events.extend((next(9) == 0).then(|| renamed(&format!("Zulu {number}"))));
            append::<Org>(OrgId(id()), 0, &events)
        })
        .collect();
    for some in appends.chunks(250) {
        try_join_all(some.iter().map(|append| store.append(append.clone()))).await?;
    }
    let platform = store.platform().await?;
    store.folded().await?;
    let people = "insert into people (person_id, email, created_at)
                  select owner_id, 'o' || slug || '@zebra.example', created_at
                  from org_list where valid_to is null and owner_id is not null";
    store.raw().await?.run(people).await?;
    Ok(platform)
}

/// Tries every `step`th of the texts.
async fn everything_is_found(store: &Store, platform: &Platform, step: usize) -> Outcome {
    let all = found(store, platform, &OrgListFilter::default(), OrgListOrder::default()).await?;
    assert_eq!(all.len(), MANY);
    let mut texts: BTreeSet<String> = [
        "z",
        "ze",
        "zeta",
        "eta",
        "zet",
        "zeta 1",
        "org-",
        "oorg-1",
        "@",
        "example",
        "e",
        "q",
        "x",
        "qx",
        "nowhere",
        "%",
        "_",
        "!",
        "\"",
        "'",
        "株",
        "株式会",
        "会社",
        "äp",
        "and",
        "\n",
        "a\nb",
        "zeta\norg-1",
        "\u{10ffff}",
        "*",
        "zeta or org",
        "-",
        "--",
        "7-",
    ]
    .map(str::to_owned)
    .into();
    for row in all.iter().step_by(499) {
        let id = row.org_id.to_string();
        texts.extend([id[..1].to_owned(), id[..3].to_owned(), id[7..12].to_owned(), id[30..].to_owned(), id]);
        texts.extend([row.name.clone(), row.slug.clone(), row.slug[2..].to_owned()]);
    }
    for (number, text) in texts.iter().enumerate().step_by(step) {
        let sort = [Sort::Name, Sort::Created, Sort::Changed, Sort::Members][number % 4];
        let status =
            [None, Some("active"), Some("suspended"), Some("archived")][number / 2 % 4].map(str::to_owned);
        for filter in
            [searching(text), OrgListFilter { status, without_owner: number % 3 == 0, ..searching(text) }]
        {
            as_by_reading(store, platform, &filter, Sort::Name, number % 2 > 0).await?;
            as_by_reading(store, platform, &filter, sort, number % 2 == 0).await?;
        }
    }
    Ok(())
}

async fn as_by_reading(
    store: &Store,
    platform: &Platform,
    filter: &OrgListFilter,
    sort: Sort,
    descending: bool,
) -> Outcome {
    let order = |backwards| OrgListOrder { sort, descending, after: None, backwards };
    let text = filter.text.as_deref().unwrap_or_default();
    let has = |text: &str, part: &str| text.to_lowercase().contains(part);
    let mut expected =
        found(store, platform, &OrgListFilter { text: None, ..filter.clone() }, order(false)).await?;
    expected.retain(|row| {
        let texts =
            [&row.name, &row.slug, &row.org_id.to_string(), row.owner_email.as_ref().unwrap_or(&row.slug)];
        texts.into_iter().any(|whole| has(whole, &text.trim().to_lowercase()))
    });
    for backwards in [false, true] {
        let rows = found(store, platform, filter, order(backwards)).await?;
        let (names, wanted) = (names(&rows), names(&expected));
        assert_eq!(names, wanted, "{filter:?} by {sort:?}, descending: {descending}, backwards: {backwards}");
    }
    let total = page(store.db(), platform, filter, &order(false), 1).await?.total;
    match total {
        Total::Exactly(number) => assert_eq!(usize::try_from(number)?, expected.len(), "{filter:?}"),
        Total::MoreThan(number) => assert!(usize::try_from(number)? < expected.len(), "{filter:?}"),
    }
    Ok(())
}

/// All rows, by pages of a few hundred.
async fn found(
    store: &Store,
    platform: &Platform,
    filter: &OrgListFilter,
    order: OrgListOrder,
) -> Outcome<Vec<OrgListed>> {
    let (mut rows, mut order) = (Vec::<OrgListed>::new(), order);
    loop {
        let next = page(store.db(), platform, filter, &order, 419).await?;
        let back = order.backwards;
        let edge = if back { next.rows.first() } else { next.rows.last() };
        order.after = edge.map(|row| (order.sort.key(row), row.org_id));
        let more = if back { next.more_before } else { next.more_after };
        rows = if back { [next.rows, rows].concat() } else { [rows, next.rows].concat() };
        if !more {
            return Ok(rows);
        }
    }
}

async fn totals_are_right(store: &Store, platform: &Platform) -> Outcome {
    for status in [None, Some("active"), Some("suspended"), Some("archived"), Some("unheard-of")] {
        for without_owner in [false, true] {
            let filter = OrgListFilter {
                status: status.map(str::to_owned),
                without_owner,
                ..OrgListFilter::default()
            };
            let listed = page(store.db(), platform, &filter, &OrgListOrder::default(), 9).await?;
            assert_eq!(listed.total, Total::Exactly(i64::try_from(listed.rows.len())?), "{filter:?}");
        }
    }
    Ok(())
}

fn searching(text: &str) -> OrgListFilter {
    OrgListFilter { text: Some(text.to_owned()), ..OrgListFilter::default() }
}

fn names(rows: &[OrgListed]) -> Vec<(&str, &str)> {
    rows.iter().map(|row| (row.name.as_str(), row.slug.as_str())).collect()
}

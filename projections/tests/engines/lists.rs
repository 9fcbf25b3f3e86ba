//! The list of organisations: paged, sorted, searched, and as of any position.

use domain::Org;
use domain::org::{InvitationEvent, Invitee, LifecycleCommand, OrgCommand, OrgEvent, Role};
use domain::values::{OrgId, PersonId};
use futures::future::try_join_all;
use projections::org_list::{OrgListFilter, OrgListOrder, OrgListed, Sort, Total, page};
use projections::{Platform, memberships, people};

use crate::engines;
use crate::given::{
    Outcome, Store, accept, append, created, id, invite, invitee, noon, org_name, reason, renamed,
};

const SORTS: [Sort; 4] = [Sort::Name, Sort::Created, Sort::Changed, Sort::Members];

engines! {
    async fn pages_show_every_organisation_once_in_order_both_ways(store: Store) {
        let platform = three_hundred(&store).await?;
        for sort in SORTS {
            for descending in [false, true] {
                let expected = in_order(&store, &platform, sort, descending).await?;
                assert_eq!(expected.len(), 300);
                assert_eq!(walk(&store, &platform, sort, (descending, false)).await?, expected, "{sort:?}");
                assert_eq!(walk(&store, &platform, sort, (descending, true)).await?, expected, "{sort:?} backwards");
            }
        }
    }

    async fn a_page_says_whether_there_is_more_on_either_side(store: Store) {
        for name in ["aaa", "bbb", "ccc"] {
            store.org(name, name).await?;
        }
        let platform = store.platform().await?;
        let list = |order: OrgListOrder, limit| {
            let (store, platform) = (&store, &platform);
            async move { page(store.db(), platform, &OrgListFilter::default(), &order, limit).await }
        };
        let all = list(OrgListOrder::default(), 3).await?;
        assert_eq!((all.more_before, all.more_after), (false, false));
        let first = list(OrgListOrder::default(), 2).await?;
        assert_eq!((first.more_before, first.more_after, names(&first.rows)), (false, true, vec!["aaa", "bbb"]));
        let after = Some((Sort::Name.key(&first.rows[1]), first.rows[1].org_id));
        let second = list(OrgListOrder { after: after.clone(), ..OrgListOrder::default() }, 2).await?;
        assert_eq!((second.more_before, second.more_after, names(&second.rows)), (true, false, vec!["ccc"]));
        let back = list(OrgListOrder { after, backwards: true, ..OrgListOrder::default() }, 2).await?;
        assert_eq!((back.more_before, back.more_after, names(&back.rows)), (false, true, vec!["aaa"]));
        let end = list(OrgListOrder { backwards: true, ..OrgListOrder::default() }, 2).await?;
        assert_eq!((end.more_before, end.more_after, names(&end.rows)), (true, false, vec!["bbb", "ccc"]));
    }

    async fn a_part_of_name_slug_id_or_owners_address_finds_it(store: Store) {
        let acme = store.org("Ünion Bäcker 100%_!", "brot-und-mehr").await?;
        store.org("Other", "other").await?;
        let owner = invitee(PersonId(id()), Role::Owner);
        store.carry_out::<Org>(acme, invite(&owner)).await?;
        people::ensure(store.db(), owner.person, &"maria.meier@example.org".parse()?, noon(1)).await?;
        store.folded().await?;
        let platform = store.platform().await?;
        let id_part = acme.to_string()[3..20].to_uppercase();
        for text in ["Ünion", "üNION b", "ÄCK", " bäcker ", "und-m", &id_part, "maria.", "@EXAMPLE.org", "100%", "%_!"] {
            assert_eq!(search(&store, &platform, text).await?, ["Ünion Bäcker 100%_!"], "{text:?}");
        }
        for text in ["%", "_", "!", "nion%mehr", "a_ia", "1000", "\\", "'", "\"; drop table people"] {
            let expected = usize::from(["%", "_", "!"].contains(&text));
            assert_eq!(search(&store, &platform, text).await?.len(), expected, "{text:?}");
        }
        assert_eq!(search(&store, &platform, "").await?.len(), 2);
    }

    async fn the_address_is_looked_up_today_and_the_owner_as_of_then(store: Store) {
        let acme = store.org("Acme", "acme").await?;
        let owner = invitee(PersonId(id()), Role::Owner);
        people::ensure(store.db(), owner.person, &"maria@example.org".parse()?, noon(1)).await?;
        let invited = store.carry_out::<Org>(acme, invite(&owner)).await?;
        store.folded().await?;
        let platform = store.platform().await?;
        let then = |at| OrgListFilter { text: Some("maria".to_owned()), at: Some(at), ..OrgListFilter::default() };
        let found = |filter: OrgListFilter| {
            let (store, platform) = (&store, &platform);
            async move {
                let page = page(store.db(), platform, &filter, &OrgListOrder::default(), 9).await?;
                Ok::<_, sqlx::Error>(page.total)
            }
        };
        assert_eq!(found(then(invited.last_position)).await?, Total::Exactly(1));
        assert_eq!(found(then(invited.last_position - 1)).await?, Total::Exactly(0));
    }

    async fn filters_show_what_they_say(store: Store) {
        let platform = store.platform().await?;
        let command = |slug: &str| match slug {
            "suspended" => Some(OrgCommand::Lifecycle(LifecycleCommand::Suspend { reason: reason(), confirmed: None })),
            "archived" => Some(OrgCommand::Lifecycle(LifecycleCommand::Archive { reason: reason(), confirmed: None })),
            _ => None,
        };
        for slug in ["active", "suspended", "archived", "owned"] {
            let org = store.org(slug, slug).await?;
            if let Some(command) = command(slug) {
                store.carry_out::<Org>(org, command).await?;
            }
            if slug == "owned" {
                let owner = invitee(PersonId(id()), Role::Owner);
                store.carry_out::<Org>(org, invite(&owner)).await?;
                store.carry_out::<Org>(org, accept(&owner)).await?;
            }
        }
        store.folded().await?;
        let status = |status: &str| OrgListFilter { status: Some(status.to_owned()), ..OrgListFilter::default() };
        let without_owner = OrgListFilter { without_owner: true, ..OrgListFilter::default() };
        for (filter, expected) in [
            (OrgListFilter::default(), vec!["active", "owned", "suspended"]),
            (status("active"), vec!["active", "owned"]),
            (status("suspended"), vec!["suspended"]),
            (status("archived"), vec!["archived"]),
            (without_owner, vec!["active", "suspended"]),
        ] {
            let listed = page(store.db(), &platform, &filter, &OrgListOrder::default(), 9).await?;
            assert_eq!(names(&listed.rows), expected, "{filter:?}");
            assert_eq!(listed.total, Total::Exactly(i64::try_from(expected.len())?));
        }
    }

    async fn as_of_a_position_the_list_is_what_it_was(store: Store) {
        let platform = store.platform().await?;
        let (acme, apex) = (store.org("Acme", "acme").await?, OrgId(id()));
        let owner = invitee(PersonId(id()), Role::Owner);
        let mut then = vec![];
        for step in 0..9 {
            let appended = match step {
                0 => store.append(append::<Org>(apex, 0, &[created("Apex", "apex")])).await?,
                1 => store.carry_out::<Org>(acme, OrgCommand::Lifecycle(LifecycleCommand::Rename { name: org_name("Zeta") })).await?,
                2 => store.carry_out::<Org>(acme, invite(&owner)).await?,
                3 => store.carry_out::<Org>(acme, accept(&owner)).await?,
                4 => store.carry_out::<Org>(acme, OrgCommand::Lifecycle(LifecycleCommand::Suspend { reason: reason(), confirmed: None })).await?,
                5 => store.carry_out::<Org>(apex, OrgCommand::Lifecycle(LifecycleCommand::Archive { reason: reason(), confirmed: None })).await?,
                6 => store.carry_out::<Org>(acme, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await?,
                7 => store.carry_out::<Org>(apex, OrgCommand::Lifecycle(LifecycleCommand::Restore)).await?,
                _ => store.carry_out::<Org>(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await?,
            };
            store.folded_to(appended.last_position).await?;
            then.push((appended.last_position, listed(&store, &platform, None).await?));
        }
        for round in 0..2 {
            for (position, list) in &then {
                assert_eq!(listed(&store, &platform, Some(*position)).await?, *list, "as of {position}");
            }
            if round == 0 {
                store.projector.rebuild(|_| ()).await?;
            }
        }
    }

    async fn a_suspension_is_announced_with_whom_it_hits(store: Store) {
        let platform = store.platform().await?;
        let (acme, other) = (store.org("Acme", "acme").await?, store.org("Other", "other").await?);
        let both = invitee(PersonId(id()), Role::Owner);
        let only_here = invitee(PersonId(id()), Role::Member);
        let elsewhere = Invitee { invitation: domain::values::InvitationId(id()), ..both.clone() };
        for (org, invitee) in [(acme, &both), (acme, &only_here), (other, &elsewhere)] {
            store.carry_out::<Org>(org, invite(invitee)).await?;
            store.carry_out::<Org>(org, accept(invitee)).await?;
        }
        crate::signing_in::signed_in(&store, both.person, [1; 32]).await?;
        store.folded().await?;
        let blast = memberships::blast(store.db(), &platform, &[acme.0], noon(0)).await?;
        assert_eq!((blast.members, blast.sessions, blast.stranded), (2, 1, 1));
        let nobody = memberships::blast(store.db(), &platform, &[id()], noon(0)).await?;
        assert_eq!(nobody, memberships::SuspensionImpact::default());
        let all = memberships::blast(store.db(), &platform, &[acme.0, other.0], noon(0)).await?;
        assert_eq!((all.members, all.sessions, all.stranded), (2, 1, 2), "each person once");
    }
}

/// 300 organisations with equal names, times and numbers of members among them.
async fn three_hundred(store: &Store) -> Outcome<Platform> {
    let appends = (0..300_usize).map(|number| {
        let org = OrgId(id());
        let names = ["Acme", "acme", "Äpex", "Zeta", "a", "株式会社", "B & C"];
        let mut events = vec![created(names[number % 7], &format!("org-{number}"))];
        events.extend((0..number % 4).flat_map(|_| joined()));
        events.extend((number % 11 == 0).then(|| renamed("Renamed")));
        append::<Org>(org, 0, &events)
    });
    for some in appends.collect::<Vec<_>>().chunks(40) {
        try_join_all(some.iter().map(|append| store.append(append.clone()))).await?;
    }
    let platform = store.platform().await?;
    store.folded().await?;
    Ok(platform)
}

fn joined() -> [OrgEvent; 2] {
    let Invitee { invitation, person, role, expires_at } = invitee(PersonId(id()), Role::Member);
    let invited = OrgEvent::Invitation(InvitationEvent::MemberInvited {
        invitation,
        person,
        role: role.clone(),
        expires_at,
    });
    [invited, OrgEvent::Invitation(InvitationEvent::MemberJoined { invitation, person, role })]
}

async fn in_order(
    store: &Store,
    platform: &Platform,
    sort: Sort,
    descending: bool,
) -> Outcome<Vec<OrgListed>> {
    let mut rows =
        page(store.db(), platform, &OrgListFilter::default(), &OrgListOrder::default(), 1000).await?.rows;
    rows.sort_by_key(|row| row.org_id);
    match sort {
        Sort::Name => rows.sort_by_key(|row| (row.name_key.clone(), row.org_id)),
        Sort::Created => rows.sort_by_key(|row| (row.created_at, row.org_id)),
        Sort::Changed => rows.sort_by_key(|row| (row.changed_at, row.org_id)),
        Sort::Members => rows.sort_by_key(|row| (row.members, row.org_id)),
    }
    if descending {
        rows.reverse();
    }
    Ok(rows)
}

/// All rows, by pages of 17 from one end to the other.
async fn walk(
    store: &Store,
    platform: &Platform,
    sort: Sort,
    (descending, backwards): (bool, bool),
) -> Outcome<Vec<OrgListed>> {
    let (mut rows, mut after) = (Vec::<OrgListed>::new(), None);
    loop {
        let order = OrgListOrder { sort, descending, backwards, after };
        let next = page(store.db(), platform, &OrgListFilter::default(), &order, 17).await?;
        let (edge, more) = if backwards {
            (next.rows.first(), next.more_before)
        } else {
            (next.rows.last(), next.more_after)
        };
        after = edge.map(|row| (sort.key(row), row.org_id));
        rows = if backwards { [next.rows, rows].concat() } else { [rows, next.rows].concat() };
        if !more {
            return Ok(rows);
        }
    }
}

async fn listed(store: &Store, platform: &Platform, at: Option<i64>) -> Outcome<Vec<OrgListed>> {
    let filter = OrgListFilter { at, ..OrgListFilter::default() };
    Ok(page(store.db(), platform, &filter, &OrgListOrder::default(), 99).await?.rows)
}

async fn search(store: &Store, platform: &Platform, text: &str) -> Outcome<Vec<String>> {
    let filter = OrgListFilter { text: Some(text.to_owned()), ..OrgListFilter::default() };
    let rows = page(store.db(), platform, &filter, &OrgListOrder::default(), 99).await?.rows;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

fn names(rows: &[OrgListed]) -> Vec<&str> {
    rows.iter().map(|row| row.name.as_str()).collect()
}

//! Pages of members: of one organisation, found by name or address, none skipped.

use projections::memberships::{self, MemberCounts, MemberKey, MemberPage, MemberPlace, MemberQuery};

use crate::engines;
use crate::given::Store;
use crate::walls::{tenant, two_full_organisations};

const ALL: MemberQuery<'static> = MemberQuery { text: "", place: &MemberPlace::First };

engines! {
    async fn a_page_of_members_has_those_of_one_organisation(store: Store) {
        let (own, other) = two_full_organisations(&store).await?;
        for (here, name, there) in [(own, "own", other), (other, "other", own)] {
            let (db, scope) = (store.db(), &tenant(&store, (here, name)).await?);
            let members = memberships::members(db, scope, here.0, 9).await?;
            let end = MemberKey { rank: 9, email: String::new(), person_id: here.0 };
            for place in [MemberPlace::First, MemberPlace::Before(end)] {
                let page = memberships::page(db, scope, here.0, MemberQuery { place: &place, ..ALL }, 9).await?;
                assert_eq!((&page.rows, page.counts), (&members, MemberCounts { members: 2, found: 2 }));
            }
            let elsewhere = memberships::page(db, scope, there.0, ALL, 9).await?;
            assert_eq!(elsewhere, MemberPage::default());
        }
    }
}

//! Finding events gives what reading every event would, whichever way it takes and however often it has to go on.

use std::time::Duration;

use domain::Org;
use domain::org::{LifecycleEvent, OrgEvent};
use domain::values::OrgId;
use projections::Platform;
use projections::event_log::Recorded;
use projections::history::{self, HistoryFilter, PagePlace, filter};

use crate::engines;
use crate::given::{Outcome, Store, append, created, id, renamed};

/// More events than one walk reads.
const ORGS: usize = 84;
const EVENTS: usize = 260;

engines! {
    async fn what_is_found_is_what_reading_everything_finds(store: Store) {
        let platform = store.platform().await?;
        let orgs = many(&store).await?;
        let mut raw = store.raw().await?;
        let behind = "select max(position) - (select position from history_indexed) from history";
        while raw.number(behind).await? >= 960 {
            tokio::time::sleep(Duration::from_millis(20)).await; // until the index is made
        }
        let all = store.log.tail(0, 100_000).await?;
        for filter in filters(orgs[7], &all) {
            let expected: Vec<i64> = all.iter().filter(|it| passes(&filter, it)).map(|it| it.position).collect();
            let context = format!("{filter:?}");
            let mut found = downwards(&store, &platform, &filter).await?;
            found.reverse();
            assert_eq!(found, expected, "{context}");
            assert_eq!(upwards(&store, &platform, &filter).await?, expected, "{context}");
            assert_eq!(exported(&store, &platform, &filter).await?, expected, "{context}");
            let first = history::page(&store.log, &platform, &filter, PagePlace::Newest, 40).await?;
            let (number, more) = first.total;
            let really = i64::try_from(expected.len())?;
            assert!(number == really || more && number < really, "{context}: {:?} of {really}", first.total);
        }
    }
}

async fn many(store: &Store) -> Outcome<Vec<OrgId>> {
    let mut orgs = vec![];
    for org in 0..ORGS {
        let mut events = vec![created("Common", &format!("common-{org}"))];
        for event in 1..EVENTS {
            let name = match (org, event) {
                (2, 100) => "A Needle".to_owned(),
                (10..30, _) => format!("Clumped {event}"),
                (_, 50) => format!("Rare thing 100% {org}"),
                _ => format!("Common {org} {event}"),
            };
            events.push(renamed(&name));
        }
        if org % 3 == 0 {
            events.push(OrgEvent::Lifecycle(LifecycleEvent::OrgProtected {}));
        }
        let id = OrgId(id());
        store.log.append(append::<Org>(id, 0, &events)).await?;
        orgs.push(id);
    }
    store.folded().await?;
    Ok(orgs)
}

fn filters(org: OrgId, all: &[Recorded]) -> Vec<HistoryFilter> {
    let none = HistoryFilter::default();
    let having = |text: &str| HistoryFilter { text: Some(text.to_owned()), ..none.clone() };
    let of_types = |prefix: &str| HistoryFilter { types: Some(filter::types("", prefix)), ..none.clone() };
    let half_way = all[all.len() / 2].recorded_at;
    vec![
        none.clone(),
        having("common"),
        having("Needle"),
        having("clumped 1"),
        having("100%"),
        having("_"),
        having("ne"),
        having("nowhere at all"),
        having("\u{7}"),
        of_types("OrgP"),
        of_types("Org"),
        of_types("Nothing"),
        HistoryFilter { types: Some(filter::types("grant", "")), ..none.clone() },
        HistoryFilter { text: Some("common 7".to_owned()), ..of_types("OrgR") },
        HistoryFilter { org: Some(org.0), ..none.clone() },
        HistoryFilter { org: Some(org.0), ..of_types("OrgC") },
        HistoryFilter { actors: Some(vec!["shell".to_owned(), "timer".to_owned()]), ..having("needle") },
        HistoryFilter { actors: Some(vec!["timer".to_owned()]), ..none.clone() },
        HistoryFilter { actors: Some(vec![]), ..none.clone() },
        HistoryFilter { from: Some(half_way), ..of_types("OrgP") },
        HistoryFilter { to: Some(half_way), ..having("thing") },
        HistoryFilter { correlation: Some(id()), ..none.clone() },
        HistoryFilter { stream: Some("project".to_owned()), ..none.clone() },
        HistoryFilter { only: Some(history::Only::Reverts), ..none.clone() },
        HistoryFilter { only: Some(history::Only::Reverted), ..having("common") },
    ]
}

/// Applies the filter to one event, without any index.
fn passes(filter: &HistoryFilter, event: &Recorded) -> bool {
    let metadata = event.metadata().expect("ours");
    let typed = event.payload.split_once(':').map_or("", |(_, typed)| typed).to_lowercase();
    let typed: Vec<&str> = typed.split('"').skip(1).step_by(2).collect();
    filter.types.as_ref().is_none_or(|types| types.contains(&event.event_type.as_str()))
        && filter.org.is_none_or(|org| event.aggregate_id == org.to_string())
        && filter.actors.as_ref().is_none_or(|actors| actors.contains(&metadata.actor.to_string()))
        && filter.text.as_ref().is_none_or(|text| typed.iter().any(|it| it.contains(&text.to_lowercase())))
        && filter.from.is_none_or(|from| event.recorded_at >= from)
        && filter.to.is_none_or(|to| event.recorded_at < to)
        && filter.correlation.is_none_or(|id| metadata.correlation == id)
        && filter.stream.as_ref().is_none_or(|stream| event.aggregate_id == *stream)
        && filter.only.is_none()
}

async fn downwards(store: &Store, platform: &Platform, filter: &HistoryFilter) -> Outcome<Vec<i64>> {
    let (mut found, mut place) = (vec![], PagePlace::Newest);
    loop {
        let page = history::page(&store.log, platform, filter, place, 3000).await?;
        found.extend(page.events.iter().map(|event| event.position));
        let Some(older) = page.older else { return Ok(found) };
        place = PagePlace::Before(older);
    }
}

async fn upwards(store: &Store, platform: &Platform, filter: &HistoryFilter) -> Outcome<Vec<i64>> {
    let (mut found, mut place) = (vec![], PagePlace::After(0));
    loop {
        let page = history::page(&store.log, platform, filter, place, 3000).await?;
        found.extend(page.events.iter().rev().map(|event| event.position));
        let Some(newer) = page.newer else { return Ok(found) };
        place = PagePlace::After(newer);
    }
}

async fn exported(store: &Store, platform: &Platform, filter: &HistoryFilter) -> Outcome<Vec<i64>> {
    let (mut found, mut after) = (vec![], 0);
    loop {
        let (events, next) = history::batch(&store.log, platform, filter, after, i64::MAX - 1).await?;
        found.extend(events.iter().map(|event| event.position));
        let Some(next) = next else { return Ok(found) };
        after = next;
    }
}

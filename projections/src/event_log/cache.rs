//! The cache of the aggregates that this process folded last.
//!
//! **Invariant:** nothing here is ever taken for the truth: whoever loads reads what is newer and compares the last event
//! that it knows with the log's, and an append is checked under the lock. What is kept only saves the way there.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::gauge;

use super::StreamId;

/// The most bytes that the cache may take. A single aggregate may take more.
pub(super) const BOUND: usize = 64 * 1024 * 1024;

/// Roughly how many bytes a place takes besides its aggregate.
const A_PLACE: usize = 512;

/// One aggregate, as far as it is folded. Whoever holds it is the only one who brings it up to date.
pub(super) type Slot<F> = tokio::sync::Mutex<F>;

/// The aggregates that were used last, by their streams.
#[derive(Debug)]
pub(super) struct AggregateCache {
    kept: Mutex<CachedStreams>,
    bound: usize,
}

#[derive(Debug, Default)]
struct CachedStreams {
    places: HashMap<StreamId, CachedAggregate>,
    /// The streams by their last use, the oldest use first.
    order: BTreeMap<u64, StreamId>,
    uses: u64,
    weight: usize,
}

#[derive(Debug)]
struct CachedAggregate {
    slot: Arc<dyn Any + Send + Sync>,
    weight: usize,
    used: u64,
}

impl AggregateCache {
    pub(super) fn new(bound: usize) -> Self {
        Self { kept: Mutex::default(), bound }
    }

    /// The place of an aggregate, new and empty if there was none. This counts as its latest use.
    pub(super) fn slot<F: Default + Send + 'static>(&self, stream: &StreamId) -> Arc<Slot<F>> {
        let mut kept = self.kept();
        let known = kept.places.get(stream).map(|place| (place.slot.clone().downcast(), place.weight));
        let (slot, weight) = match known {
            Some((Ok(slot), weight)) => (slot, weight),
            Some((Err(_), _)) | None => (Arc::new(Slot::<F>::default()), 0),
        };
        kept.put(stream, slot.clone(), weight.max(A_PLACE));
        kept.shrink(self.bound);
        slot
    }

    /// Notes how many bytes an aggregate takes now. The least recently used ones make room for it.
    pub(super) fn weigh<F: Send + 'static>(&self, stream: &StreamId, slot: &Arc<Slot<F>>, weight: usize) {
        let mut kept = self.kept();
        kept.put(stream, slot.clone(), weight + A_PLACE);
        kept.shrink(self.bound);
        gauge!("portal_aggregate_cache_bytes").set(f64::from(u32::try_from(kept.weight).unwrap_or(u32::MAX)));
    }

    /// Removes the place of an aggregate that does not exist.
    pub(super) fn forget(&self, stream: &StreamId) {
        self.kept().remove(stream);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, CachedStreams> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CachedStreams {
    fn put(&mut self, stream: &StreamId, slot: Arc<dyn Any + Send + Sync>, weight: usize) {
        self.remove(stream);
        self.uses += 1;
        self.weight += weight;
        self.order.insert(self.uses, stream.clone());
        self.places.insert(stream.clone(), CachedAggregate { slot, weight, used: self.uses });
    }

    fn remove(&mut self, stream: &StreamId) {
        if let Some(place) = self.places.remove(stream) {
            self.weight -= place.weight;
            self.order.remove(&place.used);
        }
    }

    /// Removes the least recently used ones, but never the last one, however large it is: it is being used.
    fn shrink(&mut self, bound: usize) {
        while self.weight > bound && self.places.len() > 1 {
            let Some((_, oldest)) = self.order.pop_first() else { return };
            self.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Org;

    use super::*;

    fn stream(id: &str) -> StreamId {
        StreamId { kind: "org".to_owned(), id: id.to_owned() }
    }

    fn is_kept(cache: &AggregateCache, id: &str) -> bool {
        cache.kept().places.contains_key(&stream(id))
    }

    fn use_it(cache: &AggregateCache, id: &str, weight: usize) {
        let slot = cache.slot::<Org>(&stream(id));
        cache.weigh(&stream(id), &slot, weight);
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_makes_room() {
        let cache = AggregateCache::new(10_000);
        use_it(&cache, "one", 4_000);
        use_it(&cache, "two", 4_000);
        use_it(&cache, "one", 4_000);
        use_it(&cache, "three", 4_000);
        assert_eq!(["one", "two", "three"].map(|id| is_kept(&cache, id)), [true, false, true]);
    }

    #[test]
    fn one_that_is_larger_than_the_bound_is_kept_alone() {
        let cache = AggregateCache::new(10_000);
        use_it(&cache, "small", 100);
        use_it(&cache, "large", 1_000_000);
        assert!(is_kept(&cache, "large") && !is_kept(&cache, "small"));
        use_it(&cache, "small", 100);
        assert!(is_kept(&cache, "small") && !is_kept(&cache, "large"));
        assert_eq!(cache.kept().weight, 100 + A_PLACE);
    }

    #[test]
    fn streams_that_nobody_begins_take_no_more_than_the_bound() {
        let cache = AggregateCache::new(10 * A_PLACE);
        for number in 0..1000 {
            cache.slot::<Org>(&stream(&number.to_string()));
        }
        assert_eq!(cache.kept().places.len(), 10);
        cache.forget(&stream("999"));
        let kept = cache.kept();
        assert_eq!((kept.places.len(), kept.order.len()), (9, 9));
    }
}

//! Storage of levels: two sorted vectors with the best level last, which is where markets change.

/// A price and a size, both finite, the price above 0 and the size at least 0; in a change a size of 0 removes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    pub price: f64,
    pub size: f64,
}

impl Level {
    /// None for what no book may hold.
    #[inline]
    #[must_use]
    pub fn new(price: f64, size: f64) -> Option<Level> {
        (price > 0.0 && price < f64::INFINITY && (0.0..f64::INFINITY).contains(&size))
            .then_some(Level { price, size })
    }
}

/// So many levels from the best are looked at one by one before the rest is halved.
const NEAR: usize = 8;

/// One side as (key, size), ascending. The key is the price; of asks the price negated, so that their best is last, too.
#[derive(Clone, Debug, Default)]
struct Side(Vec<(f64, f64)>);

impl Side {
    #[inline]
    fn set(&mut self, key: f64, size: f64) {
        let levels = &mut self.0;
        let mut at = levels.len();
        let near = at.saturating_sub(NEAR);
        while at > near && levels[at - 1].0 > key {
            at -= 1;
        }
        if at == near && near > 0 {
            at = levels[..near].partition_point(|level| level.0 <= key);
        }
        // `at` is one past the last level whose key is not above.
        if at > 0 && levels[at - 1].0 == key {
            if size == 0.0 {
                levels.remove(at - 1);
            } else {
                levels[at - 1].1 = size;
            }
        } else if size != 0.0 {
            levels.insert(at, (key, size));
        }
    }

    /// Take a whole side, in any order; of equal keys the last one counts.
    fn replace(&mut self, levels: impl Iterator<Item = (f64, f64)>) {
        self.0.clear();
        self.0.extend(levels);
        self.0.sort_by(|one, other| one.0.total_cmp(&other.0));
        // A stable sort keeps equal keys in their order: of each the last stays.
        self.0.reverse();
        self.0.dedup_by(|later, earlier| later.0 == earlier.0);
        self.0.reverse();
        self.0.retain(|level| level.1 != 0.0);
    }

    fn cut(&mut self, depth: usize) {
        let excess = self.0.len().saturating_sub(depth);
        self.0.drain(..excess);
    }

    fn best_first(&self, limit: usize) -> impl Iterator<Item = (f64, f64)> + '_ {
        let limit = if limit == 0 { self.0.len() } else { limit };
        self.0.iter().rev().take(limit).copied()
    }

    fn best(&self) -> (f64, f64) {
        self.0.last().copied().unwrap_or((f64::NAN, f64::NAN))
    }
}

/// The levels of one instrument, and the id of the last message that changed them.
#[derive(Clone, Debug, Default)]
pub struct Book {
    bids: Side,
    asks: Side,
}

impl Book {
    /// Forget everything and take these levels.
    pub fn replace(&mut self, bids: &[Level], asks: &[Level]) {
        self.bids
            .replace(bids.iter().map(|level| (level.price, level.size)));
        self.asks
            .replace(asks.iter().map(|level| (-level.price, level.size)));
    }

    /// Set absolute sizes, in order.
    #[inline]
    pub fn apply(&mut self, bids: &[Level], asks: &[Level]) {
        for level in bids {
            self.bids.set(level.price, level.size);
        }
        for level in asks {
            self.asks.set(-level.price, level.size);
        }
    }

    /// Forget the levels beyond the best `depth` of each side.
    pub fn cut(&mut self, depth: usize) {
        self.bids.cut(depth);
        self.asks.cut(depth);
    }

    /// Forget everything.
    pub fn clear(&mut self) {
        self.bids.0.clear();
        self.asks.0.clear();
    }

    /// The best `limit` bids, highest first; 0 = all.
    pub fn bids(&self, limit: usize) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.bids.best_first(limit)
    }

    /// The best `limit` asks, lowest first; 0 = all.
    pub fn asks(&self, limit: usize) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.asks.best_first(limit).map(|(key, size)| (-key, size))
    }

    /// How many bids and asks are held.
    #[must_use]
    pub fn depth(&self) -> (usize, usize) {
        (self.bids.0.len(), self.asks.0.len())
    }

    /// Price and size of the best bid; NaN where there is none.
    #[inline]
    #[must_use]
    pub fn best_bid(&self) -> (f64, f64) {
        self.bids.best()
    }

    /// Price and size of the best ask; NaN where there is none.
    #[inline]
    #[must_use]
    pub fn best_ask(&self) -> (f64, f64) {
        let (key, size) = self.asks.best();
        (-key, size)
    }
}

#[cfg(test)]
mod tests {
    use super::{Book, Level};
    use std::collections::BTreeMap;

    #[test]
    fn is_the_same_as_two_maps() {
        let mut seed: u64 = 3;
        let mut next = move |below: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let (mut book, mut bids, mut asks) = (Book::default(), BTreeMap::new(), BTreeMap::new());
        for step in 0..if cfg!(miri) { 200 } else { 20_000 } {
            let mut side = || -> Vec<Level> {
                (0..next(6))
                    .map(|_| Level::new((1 + next(60)) as f64 / 8.0, next(3) as f64).unwrap())
                    .collect()
            };
            let (some, more) = (side(), side());
            if step % 50 == 0 {
                bids.clear();
                asks.clear();
                book.replace(&some, &more);
            } else {
                book.apply(&some, &more);
            }
            for (levels, map) in [(&some, &mut bids), (&more, &mut asks)] {
                for level in levels {
                    if level.size == 0.0 {
                        map.remove(&level.price.to_bits());
                    } else {
                        map.insert(level.price.to_bits(), level.size);
                    }
                }
            }
            if step % 7 == 0 {
                book.cut(12);
                while bids.len() > 12 {
                    bids.pop_first();
                }
                while asks.len() > 12 {
                    asks.pop_last();
                }
            }
            let of = |(bits, size): (&u64, &f64)| (f64::from_bits(*bits), *size);
            assert_eq!(
                book.bids(0).collect::<Vec<_>>(),
                bids.iter().rev().map(of).collect::<Vec<_>>()
            );
            assert_eq!(
                book.asks(0).collect::<Vec<_>>(),
                asks.iter().map(of).collect::<Vec<_>>()
            );
            assert_eq!(book.bids(3).count(), bids.len().min(3));
            assert_eq!(book.best_bid().0.is_nan(), bids.is_empty());
        }
    }

    #[test]
    fn a_level_is_finite_and_positive() {
        for (price, size) in [
            (0.0, 1.0),
            (-1.0, 1.0),
            (f64::NAN, 1.0),
            (1.0, f64::NAN),
            (1.0, -1.0),
            (f64::INFINITY, 1.0),
        ] {
            assert_eq!(Level::new(price, size), None);
        }
    }
}

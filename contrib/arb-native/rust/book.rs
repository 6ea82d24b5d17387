//! Storage of levels: both sides of one instrument, each as `levels` keeps it.
#![forbid(unsafe_code)]

use crate::levels::Levels;

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

/// The levels of one instrument.
#[derive(Clone, Debug, Default)]
pub struct Book {
    bids: Levels,
    /// By their price negated, so that their best is last, too.
    asks: Levels,
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
        self.bids.clear();
        self.asks.clear();
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
        (self.bids.len(), self.asks.len())
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

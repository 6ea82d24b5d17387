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

/// The levels of one instrument, with a note of `N` beside each.
#[derive(Clone, Debug)]
pub struct Noted<N> {
    bids: Levels<N>,
    /// By their price negated, so that their best is last, too.
    asks: Levels<N>,
}

/// The levels of one instrument, and nothing beside them.
pub type Book = Noted<()>;

impl<N> Default for Noted<N> {
    fn default() -> Noted<N> {
        Noted {
            bids: Levels::default(),
            asks: Levels::default(),
        }
    }
}

impl Book {
    /// Forget everything and take these levels.
    pub fn replace(&mut self, bids: &[Level], asks: &[Level]) {
        self.replace_noted(unnoted(bids), unnoted(asks));
    }

    /// Set absolute sizes, in order.
    #[inline]
    pub fn apply(&mut self, bids: &[Level], asks: &[Level]) {
        self.apply_noted(unnoted(bids), unnoted(asks));
    }
}

#[inline]
fn unnoted(levels: &[Level]) -> impl Iterator<Item = (Level, ())> + '_ {
    levels.iter().map(|level| (*level, ()))
}

impl<N: Copy + Default> Noted<N> {
    /// Forget everything and take these levels.
    pub fn replace_noted(
        &mut self,
        bids: impl Iterator<Item = (Level, N)>,
        asks: impl Iterator<Item = (Level, N)>,
    ) {
        self.bids
            .replace(bids.map(|(level, note)| (level.price, level.size, note)));
        self.asks
            .replace(asks.map(|(level, note)| (-level.price, level.size, note)));
    }

    /// Set absolute sizes, in order.
    #[inline]
    pub fn apply_noted(
        &mut self,
        bids: impl Iterator<Item = (Level, N)>,
        asks: impl Iterator<Item = (Level, N)>,
    ) {
        for (level, note) in bids {
            self.bids.set(level.price, level.size, note);
        }
        for (level, note) in asks {
            self.asks.set(-level.price, level.size, note);
        }
    }

    /// Change what is noted of a bid, if it is held.
    pub fn note_bid(&mut self, price: f64, note: N) {
        self.bids.note(price, note);
    }

    /// Change what is noted of an ask, if it is held.
    pub fn note_ask(&mut self, price: f64, note: N) {
        self.asks.note(-price, note);
    }

    /// Forget the levels beyond the best `depth` of each side.
    #[inline]
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
        self.noted_bids(limit)
            .map(|(level, _)| (level.price, level.size))
    }

    /// The best `limit` asks, lowest first; 0 = all.
    pub fn asks(&self, limit: usize) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.noted_asks(limit)
            .map(|(level, _)| (level.price, level.size))
    }

    /// The same with what is noted of each.
    #[inline]
    pub fn noted_bids(&self, limit: usize) -> impl Iterator<Item = (Level, N)> + '_ {
        self.bids
            .best_first(limit)
            .map(|(price, size, note)| (Level { price, size }, note))
    }

    /// The same with what is noted of each.
    #[inline]
    pub fn noted_asks(&self, limit: usize) -> impl Iterator<Item = (Level, N)> + '_ {
        self.asks
            .best_first(limit)
            .map(|(key, size, note)| (Level { price: -key, size }, note))
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

//! One side of a book: sorted levels in small chunks, the best level last, which is where markets change.
//!
//! A level that is removed leaves its key there, because prices come again: then nothing moves, whether a size is set, removed
//! or set again, and `spots` mostly knows where that is. Where it does not, the lowest keys of the last chunks and the keys of
//! one chunk are counted, without a branch that a processor could guess wrong. Prices need no grid. A level may have a note
//! beside it; one of no bytes costs nothing. Entered by `book`.
#![forbid(unsafe_code)]

use crate::spots::{Spots, PLACES};

/// Levels a chunk, held or left, a bit each.
const ROOM: usize = PLACES;

/// Levels a chunk that is filled at once: the first changes find room.
const FILLED: usize = ROOM / 4 * 3;

/// So many chunks from the best are told apart by counting before the others are halved.
const NEAR: usize = 8;

/// Chunks that a side may have whatever it holds; beyond them each has a quarter of its room on average.
const SPARSE: usize = 4;

/// Keys ascending; unused ones are infinite, so that counting needs no length.
#[derive(Clone, Debug)]
struct Chunk<N> {
    keys: [f64; ROOM],
    sizes: [f64; ROOM],
    notes: [N; ROOM],
    /// Whose size is not 0. Never none in a chunk that is in use.
    held: u32,
    length: usize,
}

impl<N: Copy + Default> Chunk<N> {
    #[inline]
    fn empty() -> Chunk<N> {
        Chunk {
            keys: [f64::INFINITY; ROOM],
            sizes: [0.0; ROOM],
            notes: [N::default(); ROOM],
            held: 0,
            length: 0,
        }
    }

    #[inline]
    fn holds(&self, at: usize) -> bool {
        self.held >> at & 1 == 1
    }

    /// Add a level behind all others.
    fn push(&mut self, key: f64, size: f64, note: N) {
        self.keys[self.length] = key;
        self.sizes[self.length] = size;
        self.notes[self.length] = note;
        self.held |= 1 << self.length;
        self.length += 1;
    }

    /// Add a new key to a chunk that is not full, and say where.
    fn insert(&mut self, key: f64, size: f64, note: N) -> usize {
        let rank = count(&self.keys, |known| known < key);
        // A key that was left beside it gives its place: then nothing moves.
        let at = if rank > 0 && !self.holds(rank - 1) {
            rank - 1
        } else {
            if rank == self.length {
                self.length += 1;
            } else if self.holds(rank) {
                self.keys.copy_within(rank..self.length, rank + 1);
                self.sizes.copy_within(rank..self.length, rank + 1);
                self.notes.copy_within(rank..self.length, rank + 1);
                let below = (1 << rank) - 1;
                self.held = self.held & below | (self.held & !below) << 1;
                self.length += 1;
            }
            rank
        };
        self.keys[at] = key;
        self.sizes[at] = size;
        self.notes[at] = note;
        self.held |= 1 << at;
        at
    }

    /// Forget the keys of levels that were removed.
    fn forget_left(&mut self) {
        let mut kept = Chunk::empty();
        for at in (0..self.length).filter(|at| self.holds(*at)) {
            kept.push(self.keys[at], self.sizes[at], self.notes[at]);
        }
        *self = kept;
    }

    /// Give away the levels from there on.
    fn split_off(&mut self, from: usize) -> Chunk<N> {
        let mut given = Chunk::empty();
        for at in from..self.length {
            given.push(self.keys[at], self.sizes[at], self.notes[at]);
        }
        self.keys[from..].fill(f64::INFINITY);
        self.held &= (1 << from) - 1;
        self.length = from;
        given
    }

    /// The levels that are held, best first.
    #[inline]
    fn best_first(&self) -> impl Iterator<Item = (f64, f64, N)> + '_ {
        let mut left = self.held;
        std::iter::from_fn(move || {
            let at = left.checked_ilog2()? as usize;
            left ^= 1 << at;
            Some((self.keys[at], self.sizes[at], self.notes[at]))
        })
    }
}

/// How many of these keys are so, without a branch.
#[inline]
fn count<const C: usize>(keys: &[f64; C], is: impl Fn(f64) -> bool) -> usize {
    // Added up as wide as the keys are, or the compiler takes no vector for it.
    keys.iter().map(|key| u64::from(is(*key))).sum::<u64>() as usize
}

/// Levels as (key, size, note), ascending.
#[derive(Clone, Debug)]
pub struct Levels<N> {
    /// The lowest key of each chunk in order, after `NEAR` keys below any.
    firsts: Vec<f64>,
    /// Which chunk that is.
    order: Vec<u32>,
    chunks: Vec<Chunk<N>>,
    /// Chunks that are not in use; they have no keys.
    free: Vec<u32>,
    spots: Spots,
    held: usize,
}

impl<N> Default for Levels<N> {
    fn default() -> Levels<N> {
        Levels {
            firsts: vec![f64::NEG_INFINITY; NEAR],
            order: Vec::new(),
            chunks: Vec::new(),
            free: Vec::new(),
            spots: Spots::default(),
            held: 0,
        }
    }
}

impl<N: Copy + Default> Levels<N> {
    /// Set an absolute size; 0 removes.
    #[inline]
    pub fn set(&mut self, key: f64, size: f64, note: N) {
        let (slot, at) = self.spots.guess(key);
        match self.chunks.get(slot) {
            Some(chunk) if chunk.keys[at] == key => self.put(slot, at, size, note),
            _ => self.search(key, size, note),
        }
    }

    /// Set a size at a place that has the key.
    #[inline]
    fn put(&mut self, slot: usize, at: usize, size: f64, note: N) {
        let chunk = &mut self.chunks[slot];
        let (bit, held) = (1 << at, chunk.held);
        chunk.sizes[at] = size;
        chunk.notes[at] = note;
        chunk.held = if size == 0.0 { held & !bit } else { held | bit };
        self.held += usize::from(size != 0.0);
        self.held -= usize::from(held & bit != 0);
        if chunk.held == 0 {
            let key = chunk.keys[at];
            self.close(self.place(key));
        }
    }

    /// Find the key, or give it a place.
    #[inline(never)]
    fn search(&mut self, key: f64, size: f64, note: N) {
        let place = self.place(key);
        let Some(&slot) = self.order.get(place) else {
            return self.add(place, key, size, note);
        };
        let slot = slot as usize;
        let at = count(&self.chunks[slot].keys, |known| known <= key).wrapping_sub(1);
        if at >= ROOM || self.chunks[slot].keys[at] != key {
            return self.add(place, key, size, note);
        }
        self.spots.note(key, slot, at);
        self.put(slot, at, size, note);
    }

    /// Change what is noted of a level, if it is held.
    pub fn note(&mut self, key: f64, note: N) {
        if let Some(&slot) = self.order.get(self.place(key)) {
            let chunk = &mut self.chunks[slot as usize];
            let at = count(&chunk.keys, |known| known <= key).wrapping_sub(1);
            if at < ROOM && chunk.keys[at] == key {
                chunk.notes[at] = note;
            }
        }
    }

    /// Which chunk in order has or would take the key: the last that begins not above it, else the first.
    #[inline]
    fn place(&self, key: f64) -> usize {
        let Some((far, near)) = self.firsts.split_last_chunk::<NEAR>() else {
            return 0;
        };
        let begun = count(near, |first| first <= key);
        let begun = if begun > 0 {
            far.len() + begun
        } else {
            far.partition_point(|first| *first <= key)
        };
        begun.saturating_sub(NEAR + 1)
    }

    /// Take all levels, in any order; of equal keys the last one counts.
    pub fn replace(&mut self, levels: impl Iterator<Item = (f64, f64, N)>) {
        let mut sorted: Vec<_> = levels.collect();
        sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
        // A stable sort keeps equal keys in their order: of each the last stays.
        sorted.reverse();
        sorted.dedup_by(|later, earlier| later.0 == earlier.0);
        sorted.retain(|level| level.1 != 0.0);
        self.fill(&sorted);
    }

    /// Take levels that are sorted, best first.
    fn fill(&mut self, levels: &[(f64, f64, N)]) {
        self.clear();
        self.chunks.reserve_exact(levels.len().div_ceil(FILLED));
        self.spots = Spots::of(levels.len());
        for part in levels.rchunks(FILLED) {
            let slot = self.open(self.order.len(), part[part.len() - 1].0);
            for (at, &(key, size, note)) in part.iter().rev().enumerate() {
                self.chunks[slot].push(key, size, note);
                self.spots.note(key, slot, at);
            }
        }
        self.held = levels.len();
    }

    /// Forget the levels beyond the best `depth`.
    pub fn cut(&mut self, depth: usize) {
        while self.held > depth {
            let chunk = &mut self.chunks[self.order[0] as usize];
            let lowest = chunk.held.trailing_zeros();
            chunk.sizes[lowest as usize] = 0.0;
            chunk.held ^= 1 << lowest;
            self.held -= 1;
            if chunk.held == 0 {
                self.close(0);
            }
        }
    }

    /// Forget everything.
    pub fn clear(&mut self) {
        self.firsts.truncate(NEAR);
        self.order.clear();
        self.chunks.clear();
        self.free.clear();
        self.held = 0;
    }

    /// The best `limit` levels, best first; 0 = all.
    #[inline]
    pub fn best_first(&self, limit: usize) -> impl Iterator<Item = (f64, f64, N)> + '_ {
        let limit = if limit == 0 { self.held } else { limit };
        let chunks = self
            .order
            .iter()
            .rev()
            .map(|&slot| &self.chunks[slot as usize]);
        chunks.flat_map(Chunk::best_first).take(limit)
    }

    /// The best level; NaN where there is none.
    #[inline]
    pub fn best(&self) -> (f64, f64) {
        let Some(&slot) = self.order.last() else {
            return (f64::NAN, f64::NAN);
        };
        let chunk = &self.chunks[slot as usize];
        let at = chunk.held.ilog2() as usize;
        (chunk.keys[at], chunk.sizes[at])
    }

    /// How many levels are held.
    pub fn len(&self) -> usize {
        self.held
    }

    /// Add a key that no chunk has.
    #[inline(never)]
    fn add(&mut self, place: usize, key: f64, size: f64, note: N) {
        if size == 0.0 {
            return;
        }
        let Some(&slot) = self.order.get(place) else {
            self.fill(&[(key, size, note)]);
            return;
        };
        let chunk = &mut self.chunks[slot as usize];
        if chunk.length == ROOM {
            self.make_room(place);
            return self.search(key, size, note);
        }
        let at = chunk.insert(key, size, note);
        self.firsts[NEAR + place] = chunk.keys[0];
        self.spots.note(key, slot as usize, at);
        self.held += 1;
    }

    /// A chunk is full: forget the keys that were left, or halve it.
    #[cold]
    fn make_room(&mut self, place: usize) {
        if self.order.len() > SPARSE + self.held / (ROOM / 4) {
            // Many chunks with few levels, as a market leaves them behind that moves.
            let all: Vec<_> = self.best_first(0).collect();
            return self.fill(&all);
        }
        if self.spots.are_few(self.held) {
            self.spots = Spots::of(self.held);
        }
        let slot = self.order[place] as usize;
        let chunk = &mut self.chunks[slot];
        chunk.forget_left();
        self.firsts[NEAR + place] = chunk.keys[0];
        if chunk.length > FILLED {
            let half = chunk.length / 2;
            let upper = chunk.split_off(half);
            let slot = self.open(place + 1, upper.keys[0]);
            self.chunks[slot] = upper;
        }
    }

    /// Take an empty chunk as the one at this place of the order.
    fn open(&mut self, place: usize, first: f64) -> usize {
        let slot = self.free.pop().map_or_else(
            || {
                self.chunks.push(Chunk::empty());
                self.chunks.len() - 1
            },
            |slot| slot as usize,
        );
        self.firsts.insert(NEAR + place, first);
        self.order.insert(place, slot as u32);
        slot
    }

    #[cold]
    fn close(&mut self, place: usize) {
        self.firsts.remove(NEAR + place);
        let slot = self.order.remove(place);
        self.chunks[slot as usize] = Chunk::empty();
        self.free.push(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::{Levels, FILLED, NEAR, ROOM, SPARSE};
    use std::collections::BTreeMap;

    /// Knuth's linear congruential generator: the same numbers in every run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % limit
        }
    }

    fn assert_in_order<N: Copy + Default>(levels: &Levels<N>) {
        assert_eq!(levels.firsts.len(), NEAR + levels.order.len());
        assert_eq!(levels.chunks.len(), levels.order.len() + levels.free.len());
        assert!(levels.firsts.is_sorted());
        let mut last = f64::NEG_INFINITY;
        for (place, &slot) in levels.order.iter().enumerate() {
            let chunk = &levels.chunks[slot as usize];
            assert_eq!(chunk.keys[0], levels.firsts[NEAR + place]);
            assert!(chunk.held != 0 && u64::from(chunk.held) < 1 << chunk.length);
            for at in 0..ROOM {
                assert_eq!(chunk.keys[at].is_finite(), at < chunk.length);
                if at < chunk.length {
                    assert!(chunk.keys[at] > last);
                    last = chunk.keys[at];
                    assert_eq!(chunk.sizes[at] != 0.0, chunk.holds(at));
                }
            }
        }
    }

    /// Keys around a middle that wanders, as a market does, with steps now and then to where nothing was.
    #[test]
    fn is_the_same_as_a_map_wherever_the_market_goes() {
        for (seed, width, levels_kept) in [
            (1, 40, 0),
            (2, 400, 0),
            (3, 3_000, 0),
            (4, 400, 50),
            (5, 20, 3),
        ] {
            let (mut random, mut middle) = (Random(seed), 50_000_i64);
            let (mut levels, mut map) = (Levels::default(), BTreeMap::new());
            let rounds = if cfg!(miri) { 300 } else { 60_000 };
            for round in 0..rounds {
                middle += random.below(3) as i64 - 1;
                if random.below(rounds / 5) == 0 {
                    middle = 10_000 + random.below(80_000) as i64;
                }
                let key = middle + random.below(width) as i64 - width as i64 / 2;
                let size = random.below(3) as f64;
                // Negative keys are asks.
                let key = if seed % 2 == 0 { key } else { -key };
                levels.set(key as f64 / 8.0, size, round);
                if size == 0.0 {
                    map.remove(&key);
                } else {
                    map.insert(key, (size, round));
                }
                let again = key + random.below(9) as i64;
                levels.note(again as f64 / 8.0, !round);
                map.entry(again).and_modify(|level| level.1 = !round);
                if levels_kept > 0 {
                    levels.cut(levels_kept);
                    while map.len() > levels_kept {
                        map.pop_first();
                    }
                }
                assert_eq!(levels.len(), map.len());
                let best = map
                    .last_key_value()
                    .map(|(key, level)| (*key as f64 / 8.0, level.0));
                assert_eq!(Some(levels.best()).filter(|best| !best.0.is_nan()), best);
                if round % 97 == 0 {
                    assert_in_order(&levels);
                    let held = map
                        .iter()
                        .rev()
                        .map(|(key, level)| (*key as f64 / 8.0, level.0, level.1));
                    assert!(levels.best_first(0).eq(held.clone()));
                    assert!(levels.best_first(7).eq(held.take(7)));
                }
            }
        }
    }

    #[test]
    fn few_levels_do_not_take_many_chunks() {
        let mut levels = Levels::default();
        for key in 0..20_000 {
            levels.set(f64::from(key), 1.0, ());
        }
        for key in (0..20_000).filter(|key| key % 64 != 0) {
            levels.set(f64::from(key), 0.0, ());
        }
        for key in 0..=ROOM {
            levels.set(20_000.0 + key as f64, 1.0, ());
        }
        assert_in_order(&levels);
        assert!(levels.chunks.len() <= SPARSE + 1 + levels.len() / (ROOM / 4));
    }

    #[test]
    fn a_snapshot_may_come_in_any_order_and_say_a_price_twice() {
        let mut levels = Levels::default();
        levels.set(5.0, 9.0, 'a');
        levels.replace(
            [
                (3.0, 1.0, 'b'),
                (1.0, 1.0, 'c'),
                (3.0, 2.0, 'd'),
                (2.0, 0.0, 'e'),
                (4.0, 1.0, 'f'),
                (4.0, 0.0, 'g'),
            ]
            .into_iter(),
        );
        assert_in_order(&levels);
        assert!(levels.best_first(0).eq([(3.0, 2.0, 'd'), (1.0, 1.0, 'c')]));
        levels.replace((0..1_000).map(|key| (f64::from(key * 7 % 1_000), 1.0, 'h')));
        assert_in_order(&levels);
        assert_eq!(levels.order.len(), 1_000_usize.div_ceil(FILLED));
        assert!(levels
            .best_first(0)
            .map(|level| level.0)
            .eq((0..1_000).rev().map(f64::from)));
        levels.clear();
        assert!(levels.best().0.is_nan() && levels.best().1.is_nan() && levels.len() == 0);
    }
}

//! Where the keys of a side stood when they were last looked for: guesses that save `levels` a search.
//!
//! Markets change the same prices again and again. The key that stands at a guessed place proves the guess, so a wrong one
//! costs a look and nothing else, and none is ever taken back. Entered by `levels`.
#![forbid(unsafe_code)]

/// Of the places of one chunk.
const BITS: u32 = 5;

/// Places a chunk.
pub const PLACES: usize = 1 << BITS;

/// Guesses of the smallest table.
const FEWEST: usize = 64;

/// A chunk and a place in it, sixteen bits each; by the key, without a search.
#[derive(Clone, Debug, Default)]
pub struct Spots {
    guesses: Vec<u16>,
    /// How far a hash is shifted, so that what is left is an index.
    shift: u32,
}

impl Spots {
    /// Room for a side of so many levels, four guesses each at least: of those that share one, all but the latest are searched.
    #[must_use]
    pub fn of(levels: usize) -> Spots {
        let count = (4 * levels).next_power_of_two().max(FEWEST);
        Spots {
            guesses: vec![0; count],
            shift: u64::BITS - count.ilog2(),
        }
    }

    /// Whether a side of so many levels would have less than two guesses each.
    #[must_use]
    pub fn are_few(&self, levels: usize) -> bool {
        self.guesses.len() < 2 * levels
    }

    /// A chunk, and a place in it. Either may be wrong, or be none.
    #[inline]
    #[must_use]
    pub fn guess(&self, key: f64) -> (usize, usize) {
        let guess = usize::from(self.guesses.get(self.index(key)).copied().unwrap_or(0));
        (guess >> BITS, guess % PLACES)
    }

    /// The key stands there now. Of a chunk beyond those that sixteen bits tell nothing is kept.
    #[inline]
    pub fn note(&mut self, key: f64, chunk: usize, place: usize) {
        let index = self.index(key);
        if let (Some(guess), Ok(spot)) = (
            self.guesses.get_mut(index),
            u16::try_from((chunk << BITS) | (place % PLACES)),
        ) {
            *guess = spot;
        }
    }

    /// By the highest bits of a product with the golden ratio (Knuth, "Sorting and Searching", 6.4): those of prices a tick
    /// apart are far apart.
    #[inline]
    fn index(&self, key: f64) -> usize {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        (key.to_bits().wrapping_mul(GOLDEN).wrapping_shr(self.shift)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{Spots, PLACES};

    #[test]
    fn prices_a_tick_apart_rarely_share_a_guess() {
        for (levels, tick) in [(1_000, 100.0), (100, 1e8), (1_000, 8.0)] {
            let mut spots = Spots::of(levels);
            let key = |at: usize| (6_000_000 + at) as f64 / tick;
            for at in 0..levels {
                spots.note(key(at), at / PLACES, at % PLACES);
            }
            let right = |at: &usize| spots.guess(key(*at)) == (at / PLACES, at % PLACES);
            let kept = (0..levels).filter(right).count();
            assert!(kept * 10 > levels * 9, "{kept} of {levels} at 1/{tick}");
        }
    }

    #[test]
    fn what_sixteen_bits_do_not_tell_is_not_kept() {
        let mut spots = Spots::of(0);
        spots.note(1.5, 3, 7);
        spots.note(1.5, 1 << 11, 0);
        assert_eq!(spots.guess(1.5), (3, 7));
        assert_eq!(Spots::default().guess(1.5), (0, 0));
        assert!(spots.are_few(33) && !spots.are_few(32));
    }
}

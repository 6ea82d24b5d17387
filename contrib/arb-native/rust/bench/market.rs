//! The work: a book of so many levels and messages that change it. Entered by every bench.

#![allow(dead_code)] // No bench asks for all of it.

use std::collections::BTreeSet;

use arb_native::book::Level;

/// Where changes fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// By a geometric law, the eighth level on average.
    Near,
    /// Anywhere.
    Far,
    /// Seven of ten near.
    Mixed,
    /// Near, while every fourth message moves the middle by a level.
    Moving,
}

pub type Sides = (Vec<Level>, Vec<Level>);

/// A snapshot, and messages of which each changes so many levels; where one is held, half of the changes remove it.
pub struct Market {
    pub snapshot: Sides,
    pub messages: Vec<Sides>,
}

const MIDDLE: u64 = 6_000_000;
const CENT: f64 = 100.0;

impl Market {
    /// `gap` ticks of 0.01 lie between two levels.
    pub fn new(depth: u64, gap: u64, levels: usize, place: Where, messages: usize) -> Market {
        let mut random = Random(1);
        let mut held = [BTreeSet::new(), BTreeSet::new()];
        let mut snapshot = (Vec::new(), Vec::new());
        for slot in 1..=depth {
            let ticks = [MIDDLE - slot * gap, MIDDLE + slot * gap];
            held[0].insert(ticks[0]);
            held[1].insert(ticks[1]);
            snapshot.0.push(level(ticks[0], 1.0));
            snapshot.1.push(level(ticks[1], 1.0));
        }
        let (mut middle, mut up) = (MIDDLE, true);
        let messages = (0..messages)
            .map(|_| {
                let mut message = (Vec::new(), Vec::new());
                if place == Where::Moving && random.below(4) == 0 {
                    up ^= random.below(16) == 0;
                    middle = if up { middle + gap } else { middle - gap };
                    if held[usize::from(up)].remove(&middle) {
                        let to = if up { &mut message.1 } else { &mut message.0 };
                        to.push(level(middle, 0.0));
                    }
                }
                while message.0.len() + message.1.len() < levels {
                    let near = match place {
                        Where::Near | Where::Moving => true,
                        Where::Far => false,
                        Where::Mixed => random.below(10) < 7,
                    };
                    let slot = if near {
                        random.geometric(8, depth)
                    } else {
                        1 + random.below(depth)
                    };
                    let asks = random.below(2) == 1;
                    let tick = if asks {
                        middle + slot * gap
                    } else {
                        middle - slot * gap
                    };
                    let size = if held[usize::from(asks)].remove(&tick) && random.below(2) == 0 {
                        0.0
                    } else {
                        held[usize::from(asks)].insert(tick);
                        (1 + random.below(500_000)) as f64 / 1e5
                    };
                    let to = if asks { &mut message.1 } else { &mut message.0 };
                    to.push(level(tick, size));
                }
                message
            })
            .collect();
        Market { snapshot, messages }
    }
}

fn level(tick: u64, size: f64) -> Level {
    Level::new(tick as f64 / CENT, size).expect("a level")
}

/// Knuth's linear congruential generator: the same numbers in every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn geometric(&mut self, mean: u64, most: u64) -> u64 {
        (1..most).find(|_| self.below(mean) == 0).unwrap_or(most)
    }
}

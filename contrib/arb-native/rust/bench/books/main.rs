//! What a change of a book costs: `arb_native`'s against other ways to keep levels, interleaved in one run.
//!
//!     cargo bench --bench books
//!
//! Thread CPU time, nanoseconds a level with the best levels read after each message, median of the turns.

#[path = "../clock.rs"]
mod clock;
#[path = "../market.rs"]
mod market;

mod apart;
mod flat;
mod ladder;
mod map;

use std::hint::black_box;

use arb_native::book::{Book, Level};
use clock::now_ns;
use market::{Market, Where};

const MESSAGES: usize = 2_000;
const TURNS: usize = 9;

/// A side as the rivals have it: ascending keys, of which the last is the best.
trait Side: Clone + Default {
    fn set(&mut self, key: f64, size: f64);
    fn best(&self) -> (f64, f64);
}

trait Contestant: Clone {
    fn apply(&mut self, bids: &[Level], asks: &[Level]);
    /// Price and size of the best bid and of the best ask.
    fn best(&self) -> [f64; 4];
}

impl Contestant for Book {
    #[inline]
    fn apply(&mut self, bids: &[Level], asks: &[Level]) {
        Book::apply(self, bids, asks);
    }

    #[inline]
    fn best(&self) -> [f64; 4] {
        let ((bid, bid_size), (ask, ask_size)) = (self.best_bid(), self.best_ask());
        [bid, bid_size, ask, ask_size]
    }
}

#[derive(Clone, Default)]
struct Both<S>(S, S);

impl<S: Side> Contestant for Both<S> {
    #[inline]
    fn apply(&mut self, bids: &[Level], asks: &[Level]) {
        for level in bids {
            self.0.set(level.price, level.size);
        }
        for level in asks {
            self.1.set(-level.price, level.size);
        }
    }

    #[inline]
    fn best(&self) -> [f64; 4] {
        let ((bid, bid_size), (ask, ask_size)) = (self.0.best(), self.1.best());
        [bid, bid_size, -ask, ask_size]
    }
}

/// A fresh book takes all messages; CPU nanoseconds, and a sum of all best levels that were read.
#[inline(never)]
fn turn<C: Contestant>(snapshot: &C, market: &Market) -> (u64, f64) {
    let mut book = snapshot.clone();
    let mut read = 0.0;
    let began = now_ns();
    for (bids, asks) in black_box(&market.messages) {
        book.apply(bids, asks);
        read += book
            .best()
            .iter()
            .filter(|value| !value.is_nan())
            .sum::<f64>();
    }
    (now_ns() - began, black_box(read))
}

fn filled<C: Contestant + Default>(market: &Market) -> C {
    let mut book = C::default();
    book.apply(&market.snapshot.0, &market.snapshot.1);
    book
}

const NAMES: [&str; 5] = ["flat", "apart", "B-tree", "ladder", "arb-native"];

fn measure(market: &Market, levels: usize) -> [f64; 5] {
    let flat: Both<flat::Flat> = filled(market);
    let apart: Both<apart::Apart> = filled(market);
    let map: Both<map::Map> = filled(market);
    let ladder: Both<ladder::Ladder> = filled(market);
    let mut ours = Book::default();
    ours.replace(&market.snapshot.0, &market.snapshot.1);
    let mut figures = [(); 5].map(|()| Vec::with_capacity(TURNS));
    for _ in 0..TURNS {
        let turns = [
            turn(&flat, market),
            turn(&apart, market),
            turn(&map, market),
            turn(&ladder, market),
            turn(&ours, market),
        ];
        for (of, (ns, read)) in figures.iter_mut().zip(turns) {
            assert_eq!(read, turns[0].1, "another best level was read");
            of.push(ns as f64 / (MESSAGES * levels) as f64);
        }
    }
    figures.map(|mut each| {
        each.sort_by(f64::total_cmp);
        each[TURNS / 2]
    })
}

fn main() {
    println!(
        "| levels a side | ticks apart | changes | levels a message | {} |",
        NAMES.join(" | ")
    );
    println!("|---|---|---|---|{}", "---|".repeat(NAMES.len()));
    for depth in [20, 100, 1_000, 5_000] {
        for (gap, place) in [
            (1, Where::Near),
            (1, Where::Far),
            (1, Where::Mixed),
            (20, Where::Mixed),
            (1, Where::Moving),
        ] {
            row(depth, gap, place, 5);
        }
    }
    for place in [Where::Mixed, Where::Moving] {
        for levels in [1, 10, 50] {
            row(1_000, 1, place, levels);
        }
    }
}

fn row(depth: u64, gap: u64, place: Where, levels: usize) {
    let market = Market::new(depth, gap, levels, place, MESSAGES);
    let figures = measure(&market, levels).map(|ns| format!("{ns:.1}"));
    println!(
        "| {depth} | {gap} | {place:?} | {levels} | {} |",
        figures.join(" | ")
    );
}

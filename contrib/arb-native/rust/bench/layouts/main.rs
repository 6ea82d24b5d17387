//! What it costs that a venue's message is declared and not programmed: an interpreted layout against a decoder by hand.
//!
//!     cargo bench --bench layouts
//!
//! Thread CPU time, nanoseconds a message, median of the turns; the last column is the median of their ratios.

#[path = "../clock.rs"]
mod clock;
#[path = "../frames.rs"]
mod frames;
#[path = "../market.rs"]
mod market;

mod by_hand;

use std::hint::black_box;

use arb_native::layout::{Habit, Layout, Message};
use arb_native::{json, protobuf};
use clock::now_ns;
use market::{Market, Where};

const MESSAGES: usize = 2_000;
const TURNS: usize = 15;

#[inline(never)]
fn turn(frames: &[Vec<u8>], mut read: impl FnMut(&[u8]) -> Option<()>) -> f64 {
    let began = now_ns();
    for frame in frames {
        read(black_box(frame)).expect("a message");
    }
    (now_ns() - began) as f64 / frames.len() as f64
}

fn row(
    title: &str,
    levels: usize,
    layout: &Layout,
    frames: &[Vec<u8>],
    declared: fn(&[u8], &Layout, &mut Habit, &mut Message) -> Option<()>,
    by_hand: fn(&[u8], &mut Message) -> Option<()>,
) {
    let (mut one, mut other) = (Message::default(), Message::default());
    let mut habit = Habit::default();
    for frame in frames {
        declared(frame, layout, &mut habit, &mut one).expect("a message");
        by_hand(frame, &mut other).expect("a message");
        assert_eq!(
            (&one.bids, &one.asks, one.symbol),
            (&other.bids, &other.asks, other.symbol)
        );
        assert_eq!(
            (one.first, one.last, one.time_ns),
            (other.first, other.last, other.time_ns)
        );
    }
    let mut turns: Vec<_> = (0..TURNS)
        .map(|_| {
            let interpreted = turn(frames, |frame| {
                declared(frame, layout, &mut habit, black_box(&mut one))
            });
            let programmed = turn(frames, |frame| by_hand(frame, black_box(&mut other)));
            [interpreted, programmed, interpreted / programmed]
        })
        .collect();
    let [interpreted, programmed, ratio] = [0, 1, 2].map(|column| {
        turns.sort_by(|one, other| one[column].total_cmp(&other[column]));
        turns[TURNS / 2][column]
    });
    println!("| {title} | {levels} | {interpreted:.0} | {programmed:.0} | {ratio:.2} |");
}

fn main() {
    println!("| ns a message | levels | by its layout | by hand | ratio |\n|---|---|---|---|---|");
    for levels in [1, 5, 10, 50] {
        let market = Market::new(1_000, 1, levels, Where::Mixed, MESSAGES);
        let (layout, frames) = (frames::mexc_layout(), frames::mexc_frames(&market));
        row(
            "MEXC protobuf",
            levels,
            &layout,
            &frames,
            protobuf::scan,
            by_hand::mexc,
        );
        let (layout, frames) = (frames::binance_layout(), frames::binance_frames(&market));
        row(
            "Binance JSON",
            levels,
            &layout,
            &frames,
            json::scan,
            by_hand::binance,
        );
    }
}

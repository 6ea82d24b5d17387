//! A market's messages as MEXC's protobuf, Binance's JSON and Kraken's, and the layouts that their plugins declare. Entered
//! by the benches of scanners.

#![allow(dead_code)] // No bench asks for all of it.

use std::fmt::Write;

use arb_native::book::Level;
use arb_native::layout::{Form, Keys, Layout, Meaning, Name, Rule, Step};

use crate::market::Market;

pub const FIRST_ID: i64 = 1_000_001;
const NOW_MS: u64 = 1_700_000_000_000;

/// `PushDataV3ApiWrapper` with `publicAggreDepths`.
pub fn mexc_layout() -> Layout {
    let mut layout = Layout::new(Form::Protobuf, Rule::Range);
    let mut say = |path: &[u32], meaning, required| {
        let path: Vec<_> = path
            .iter()
            .map(|field| Step::Into(Name::Field(*field)))
            .collect();
        layout.declare(&path, meaning, required).expect("a path");
    };
    say(&[3], Meaning::Symbol, true);
    say(&[313, 4], Meaning::First, true);
    say(&[313, 5], Meaning::Last, true);
    say(&[6], Meaning::TimeMs, false);
    say(&[313, 2], Meaning::Bids, false);
    say(&[313, 1], Meaning::Asks, false);
    for path in [&[1][..], &[4], &[5], &[313, 3], &[313, 6]] {
        say(path, Meaning::Passed, false);
    }
    layout.finish().expect("a layout")
}

/// `depthUpdate` on a combined stream.
pub fn binance_layout() -> Layout {
    let mut layout = Layout::new(Form::Json, Rule::Range);
    let mut say = |path: &str, meaning| {
        let path: Vec<_> = path
            .split('.')
            .map(|key| Step::Into(Name::Key(key.into())))
            .collect();
        layout.declare(&path, meaning, true).expect("a path");
    };
    say("data.s", Meaning::Symbol);
    say("data.U", Meaning::First);
    say("data.u", Meaning::Last);
    say("data.E", Meaning::TimeMs);
    say("data.b", Meaning::Bids);
    say("data.a", Meaning::Asks);
    say("data.e", Meaning::Equal(vec![b"depthUpdate".to_vec()]));
    say("stream", Meaning::Text);
    layout.finish().expect("a layout")
}

/// `book` of the second version of the socket: levels are objects, a checksum stands in for ids.
pub fn kraken_layout() -> Layout {
    let mut layout = Layout::new(Form::Json, Rule::Sums);
    layout.keys = Keys::new(b"price", b"qty");
    layout.bare = true;
    let mut say = |path: &[&str], meaning| {
        let step = |key: &&str| match *key {
            "0" => Step::Only,
            key => Step::Into(Name::Key(key.into())),
        };
        let path: Vec<_> = path.iter().map(step).collect();
        layout.declare(&path, meaning, true).expect("a path");
    };
    say(&["channel"], Meaning::Equal(vec![b"book".to_vec()]));
    say(&["type"], Meaning::Equal(vec![b"update".to_vec()]));
    say(&["data", "0", "symbol"], Meaning::Symbol);
    say(&["data", "0", "bids"], Meaning::Bids);
    say(&["data", "0", "asks"], Meaning::Asks);
    say(&["data", "0", "checksum"], Meaning::Checksum);
    say(&["data", "0", "timestamp"], Meaning::TimeIso);
    layout.finish().expect("a layout")
}

pub fn mexc_frames(market: &Market) -> Vec<Vec<u8>> {
    let channel = b"spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT";
    let frame = |(id, (bids, asks)): (i64, &(Vec<Level>, Vec<Level>))| {
        let mut depths = Vec::new();
        for (number, side) in [(1, asks), (2, bids)] {
            for level in side {
                let mut pair = Vec::new();
                bytes(&mut pair, 1, format!("{:.2}", level.price).as_bytes());
                bytes(&mut pair, 2, format!("{:.5}", level.size).as_bytes());
                bytes(&mut depths, number, &pair);
            }
        }
        bytes(&mut depths, 3, b"spot@public.aggre.depth.v3.api.pb@100ms");
        for number in [4, 5] {
            bytes(&mut depths, number, id.to_string().as_bytes());
        }
        let mut frame = Vec::new();
        bytes(&mut frame, 1, channel);
        bytes(&mut frame, 3, b"BTCUSDT");
        varint(&mut frame, 6 << 3);
        varint(&mut frame, NOW_MS);
        bytes(&mut frame, 313, &depths);
        frame
    };
    (FIRST_ID..).zip(&market.messages).map(frame).collect()
}

pub fn binance_frames(market: &Market) -> Vec<Vec<u8>> {
    let side = |levels: &[Level]| {
        let pair = |level: &Level| format!("[\"{:.2}\",\"{:.5}\"]", level.price, level.size);
        levels.iter().map(pair).collect::<Vec<_>>().join(",")
    };
    let frame = |(id, (bids, asks)): (i64, &(Vec<Level>, Vec<Level>))| {
        let mut text =
            String::from(r#"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","#);
        let (bids, asks) = (side(bids), side(asks));
        write!(
            text,
            r#""E":{NOW_MS},"s":"BTCUSDT","U":{id},"u":{id},"b":[{bids}],"a":[{asks}]}}}}"#
        )
        .expect("a string takes all");
        text.into_bytes()
    };
    (FIRST_ID..).zip(&market.messages).map(frame).collect()
}

/// The checksum is that of no book.
pub fn kraken_frames(market: &Market) -> Vec<Vec<u8>> {
    let side = |levels: &[Level]| {
        let pair =
            |level: &Level| format!("{{\"price\":{:.1},\"qty\":{:.8}}}", level.price, level.size);
        levels.iter().map(pair).collect::<Vec<_>>().join(",")
    };
    let frame = |(bids, asks): &(Vec<Level>, Vec<Level>)| {
        let mut text =
            String::from(r#"{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","#);
        let (bids, asks) = (side(bids), side(asks));
        write!(
            text,
            r#""bids":[{bids}],"asks":[{asks}],"checksum":2439117997,"timestamp":"2023-11-14T22:13:20.925533Z"}}]}}"#
        )
        .expect("a string takes all");
        text.into_bytes()
    };
    market.messages.iter().map(frame).collect()
}

fn bytes(into: &mut Vec<u8>, field: u64, content: &[u8]) {
    varint(into, field << 3 | 2);
    varint(into, content.len() as u64);
    into.extend_from_slice(content);
}

fn varint(into: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

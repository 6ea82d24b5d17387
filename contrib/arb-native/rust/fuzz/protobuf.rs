//! Protobuf frames, and what `prost` reads in them.

use arb_native::book::Level;
use arb_native::layout::{Form, Layout, Meaning, Name, Rule, Step};
use prost::Message;

use crate::choices::Choices;
use crate::Said;

/// `PushDataV3ApiWrapper` of MEXC, as far as depth messages have it.
#[derive(Clone, PartialEq, Message)]
struct Push {
    #[prost(string, tag = "1")]
    channel: String,
    #[prost(string, optional, tag = "3")]
    symbol: Option<String>,
    #[prost(string, optional, tag = "4")]
    symbol_id: Option<String>,
    #[prost(int64, optional, tag = "6")]
    send_time: Option<i64>,
    #[prost(message, optional, tag = "313")]
    depths: Option<Depths>,
}

#[derive(Clone, PartialEq, Message)]
struct Depths {
    #[prost(message, repeated, tag = "1")]
    asks: Vec<Pair>,
    #[prost(message, repeated, tag = "2")]
    bids: Vec<Pair>,
    #[prost(string, tag = "3")]
    event: String,
    #[prost(string, tag = "4")]
    first: String,
    #[prost(string, tag = "5")]
    last: String,
}

#[derive(Clone, PartialEq, Message)]
struct Pair {
    #[prost(string, tag = "1")]
    price: String,
    #[prost(string, tag = "2")]
    size: String,
}

pub fn layout() -> Layout {
    let mut layout = Layout::new(Form::Protobuf, Rule::Range);
    for (fields, meaning, required) in [
        (&[3][..], Meaning::Symbol, true),
        (&[6], Meaning::TimeMs, false),
        (&[313, 1], Meaning::Asks, false),
        (&[313, 2], Meaning::Bids, false),
        (&[313, 4], Meaning::First, true),
        (&[313, 5], Meaning::Last, true),
        (&[1], Meaning::Passed, false),
        (&[4], Meaning::Passed, false),
        (&[313, 3], Meaning::Passed, false),
    ] {
        let path: Vec<_> = fields
            .iter()
            .map(|field| Step::Into(Name::Field(*field)))
            .collect();
        layout.declare(&path, meaning, required).expect("a path");
    }
    layout.finish().expect("a layout")
}

pub fn frame(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut side = || -> Vec<Pair> {
        let count = choices.below(7);
        let mut pair = |_| Pair {
            price: choices.number(),
            size: choices.number(),
        };
        (0..count).map(&mut pair).collect()
    };
    let (asks, bids) = (side(), side());
    let id = 1_000_000 + choices.below(300);
    let mut push = Push {
        channel: choices.of(&["spot@depth", "", "é"]).into(),
        symbol: Some(choices.of(&["BTCUSDT", "A", "ETHBTC"]).into()),
        symbol_id: choices.of(&[None, Some("7")]).map(Into::into),
        send_time: choices.of(&[Some(1_700_000_000_000), None, Some(0), Some(-1)]),
        depths: Some(Depths {
            asks,
            bids,
            event: choices.of(&["spot@depth", ""]).into(),
            first: id.to_string(),
            last: (id + choices.below(9)).to_string(),
        }),
    };
    if choices.below(2) == 0 {
        return push.encode_to_vec();
    }
    // Other fields behind the levels: what a level claims beyond their end is there, and not its own.
    let depths = Push {
        depths: push.depths.take(),
        ..Push::default()
    };
    [depths.encode_to_vec(), push.encode_to_vec()].concat()
}

/// What the reference reads where the scanner read a message.
pub fn reference(frame: &[u8]) -> Said {
    let push = Push::decode(frame).expect("protobuf");
    let depths = push.depths.expect("depths");
    let side = |pairs: &[Pair]| -> Vec<Level> {
        let number = |text: &str| text.parse::<f64>().expect("a number");
        let level =
            |pair: &Pair| Level::new(number(&pair.price), number(&pair.size)).expect("a level");
        pairs.iter().map(level).collect()
    };
    Said {
        symbol: push.symbol.expect("a symbol"),
        ids: (
            depths.first.parse().expect("an id"),
            depths.last.parse().expect("an id"),
        ),
        time: push.send_time.unwrap_or(0) * 1_000_000,
        bids: side(&depths.bids),
        asks: side(&depths.asks),
    }
}

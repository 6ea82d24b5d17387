//! What no venue sends, against references that other people wrote: `serde_json`, `prost`, the standard library's numbers and
//! its maps. `cargo test` takes a second for each target, `tox -e native-fuzz` a minute. They are targets of bolero, so that its cargo
//! command can let a fuzzer follow the coverage of each.
//!
//! A scanner may leave any frame alone. What it reads, the reference must read alike; what is plainly a message it must read;
//! and it keeps no more levels than a frame has room for.

#![forbid(unsafe_code)]

mod choices;
mod json;
mod protobuf;
mod sums;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use arb_native::book::{Book, Level};
use arb_native::layout::{seen, Form, Habit, Layout, Message, Rule};
use arb_native::number::{decimal, decimal_at, integer, integer_at, marked_decimal, marks};
use arb_native::scanner::{Scanner, Verdict};
use arb_native::sums::decimals;
use arb_native::window::Tail;
use choices::Choices;
use serde_json::Value;

/// What a message says, as a reference reads it.
#[derive(Debug, PartialEq)]
pub struct Said {
    symbol: String,
    /// The first or previous one, and the last.
    ids: (i64, i64),
    /// As the venue counts it.
    time: i64,
    bids: Vec<Level>,
    asks: Vec<Level>,
}

/// `[1,1]` and `0a 06 0a 01 31 12 01 31`: no level is shorter.
const SHORTEST_LEVEL: usize = 5;

struct Venue {
    layout: Layout,
    frame: fn(&mut Choices<'_>) -> Vec<u8>,
    reference: fn(&[u8]) -> Said,
}

static VENUES: LazyLock<[Venue; 4]> = LazyLock::new(|| {
    [
        Venue {
            layout: json::ranges(),
            frame: |choices| json::frame(choices, false),
            reference: |frame| json::reference(frame, false),
        },
        Venue {
            layout: json::chains(),
            frame: |choices| json::frame(choices, true),
            reference: |frame| json::reference(frame, true),
        },
        Venue {
            layout: protobuf::layout(),
            frame: protobuf::frame,
            reference: protobuf::reference,
        },
        Venue {
            layout: sums::layout(),
            frame: sums::frame,
            reference: sums::reference,
        },
    ]
});

/// Scan, and hold what was read against the reference. Whether it was read at all.
fn agrees(venue: &Venue, frame: &[u8], kept: &mut (Habit, Message)) -> bool {
    let layout = &venue.layout;
    let (habit, message) = kept;
    let read = match layout.form {
        Form::Json => arb_native::json::scan(frame, layout, habit, message),
        Form::Protobuf => arb_native::protobuf::scan(frame, layout, habit, message),
    };
    let count = message.bids.len() + message.asks.len();
    assert!(count <= frame.len() / SHORTEST_LEVEL);
    if read.is_none() || message.seen & layout.required != layout.required {
        return false;
    }
    let ids = match layout.rule {
        Rule::Sums if message.seen & seen::LAST == 0 => (message.checksum, sums::NO_ID),
        Rule::Sums => (message.checksum, message.last),
        rule => json::ids(message, rule == Rule::Chain),
    };
    let said = Said {
        symbol: String::from_utf8(frame[message.symbol.0..message.symbol.1].to_vec())
            .expect("ASCII"),
        ids,
        time: message.time_ns,
        bids: message.bids.clone(),
        asks: message.asks.clone(),
    };
    assert_eq!(
        said,
        (venue.reference)(frame),
        "{}",
        String::from_utf8_lossy(frame)
    );
    true
}

/// Bytes as they come.
#[test]
fn bytes() {
    bolero::check!().for_each(|input: &[u8]| {
        let mut kept = Default::default();
        for venue in VENUES.iter() {
            agrees(venue, input, &mut kept);
        }
    });
}

/// Messages with odd numbers and spaces, then spoilt.
#[test]
fn frames() {
    bolero::check!().for_each(|input: &[u8]| {
        let mut choices = Choices(input);
        let venue = &VENUES[choices.below(VENUES.len())];
        let mut frame = (venue.frame)(&mut choices);
        let mut kept = Default::default();
        let known = agrees(venue, &frame, &mut kept);
        let whole = frame.clone();
        // What the last message looked like is only a guess about the next.
        choices.spoil(&mut frame);
        let read = agrees(venue, &frame, &mut kept);
        let again = agrees(venue, &frame, &mut Default::default());
        assert_eq!(read, again);
        if known {
            let frame = whole;
            let said = (venue.reference)(&frame);
            let before = match venue.layout.rule {
                Rule::Chain => said.ids.0,
                Rule::Sums => i64::MIN,
                _ => said.ids.0 - 1,
            };
            let mut scanner =
                Scanner::new(VENUES.iter().map(|venue| venue.layout.clone()).collect());
            assert_eq!(scanner.read(&frame), Verdict::NotMine);
            scanner.arm(said.symbol.as_bytes(), 5, before);
            assert_eq!(scanner.read(&frame), Verdict::Next(5));
            let again = match venue.layout.rule {
                Rule::Sums => Verdict::Next(5),
                _ => Verdict::NotNext,
            };
            assert_eq!(scanner.read(&frame), again);
        }
    });
}

/// Frames that venues truly sent, spoilt. Outside of the repository there are none.
static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    fn collect(value: &Value, into: &mut Vec<Vec<u8>>) {
        match value {
            Value::String(text) if text.starts_with('{') => into.push(text.clone().into_bytes()),
            Value::String(text)
                if text.len() > 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
            {
                let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
                into.push((0..text.len() / 2).map(|pair| byte(2 * pair)).collect());
            }
            Value::Array(all) => all.iter().for_each(|value| collect(value, into)),
            Value::Object(all) => all.values().for_each(|value| collect(value, into)),
            _ => {}
        }
    }
    let mut samples = Vec::new();
    for venue in ["binance", "mexc"] {
        let file = format!(
            "{}/../../tests/fuzz/samples/{venue}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        if let Ok(text) = std::fs::read(file) {
            let before = samples.len();
            collect(&serde_json::from_slice(&text).expect("JSON"), &mut samples);
            assert!(samples.len() > before, "no frame of {venue}");
        }
    }
    samples
});

#[test]
fn samples() {
    bolero::check!().for_each(|input: &[u8]| {
        let mut choices = Choices(input);
        let Some(mut frame) = SAMPLES.get(choices.below(SAMPLES.len().max(1))).cloned() else {
            return;
        };
        let mut kept = Default::default();
        for venue in VENUES.iter() {
            agrees(venue, &frame, &mut kept);
        }
        choices.spoil(&mut frame);
        for venue in VENUES.iter() {
            agrees(venue, &frame, &mut kept);
        }
    });
}

#[test]
fn some_samples_are_messages() {
    let reads = |frame: &&Vec<u8>| {
        VENUES
            .iter()
            .any(|venue| agrees(venue, frame, &mut Default::default()))
    };
    assert!(SAMPLES.is_empty() || SAMPLES.iter().filter(reads).count() > 5);
}

/// A plain message is read, whatever its numbers are.
#[test]
fn plain_frames() {
    bolero::check!().for_each(|input: &[u8]| {
        let mut choices = Choices(input);
        let mut levels = |open: &str| -> String {
            let mut text = String::new();
            while text.len() < 200 && choices.byte() % 8 != 0 {
                let (whole, part) = (1 + choices.below(60_000), choices.below(60_000));
                let size = choices.below(60_000);
                text += &format!("{open}[\"{whole}.{part:05}\",\"{size}.{part:08}\"]");
                text += ",";
            }
            text.trim_end_matches(',').to_string()
        };
        let (bids, asks) = (levels(""), levels(""));
        let frame = format!(
            r#"{{"stream":"s","data":{{"e":"depth","E":17,"s":"A","U":1,"u":2,"b":[{bids}],"a":[{asks}]}}}}"#
        );
        assert!(agrees(&VENUES[0], frame.as_bytes(), &mut Default::default()), "{frame}");
    });
}

#[test]
fn numbers() {
    bolero::check!().for_each(|input: &[u8]| {
        let mut choices = Choices(input);
        let mut text = choices.number().into_bytes();
        choices.spoil(&mut text);
        for text in [text.as_slice(), input] {
            let plain = |text: &[u8]| {
                let mut parts = text.split(|byte| *byte == b'.');
                let whole = parts.next().unwrap_or_default();
                let rest: Vec<_> = parts.collect();
                let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
                digits(whole)
                    && (whole.len() == 1 || whole[0] != b'0')
                    && rest.len() < 2
                    && rest.into_iter().all(digits)
            };
            let parse = |text: &[u8]| -> f64 {
                std::str::from_utf8(text)
                    .expect("digits")
                    .parse()
                    .expect("a number")
            };
            let expected = plain(text)
                .then(|| parse(text))
                .filter(|value| value.is_finite());
            assert_eq!(decimal(text), expected);
            let tail = Tail::of(text);
            let window = tail.window(text);
            let found = decimal_at(window, 0);
            assert_eq!(marked_decimal(window, marks(window), 0), found);
            if let Some(found) = found {
                let read = &text[..found.end];
                assert!(plain(read));
                assert_eq!(found.value, parse(read));
                assert_eq!(found.decimals, decimals(read));
                assert!(!text.get(found.end).is_some_and(u8::is_ascii_digit));
            }
            let whole: Option<i64> = (plain(text) && !text.contains(&b'.'))
                .then(|| std::str::from_utf8(text).expect("digits").parse().ok())
                .flatten();
            assert_eq!(integer(text), whole);
            if let Some((value, length)) = integer_at(window, 0) {
                assert_eq!(integer(&text[..length]), Some(value));
                assert!(!text.get(length).is_some_and(u8::is_ascii_digit));
            }
        }
    });
}

/// Orders to a book, and to two maps.
#[test]
fn books() {
    bolero::check!().for_each(|input: &[u8]| {
        let mut choices = Choices(input);
        let (mut book, mut bids, mut asks) = (Book::default(), BTreeMap::new(), BTreeMap::new());
        let spread = choices.of(&[8, 60, 400, 60_000]);
        while !choices.done() {
            let order = choices.byte();
            let side = |choices: &mut Choices<'_>, most: usize| -> Vec<Level> {
                let count = choices.below(most);
                let level = |_| {
                    Level::new(
                        (1 + choices.below(spread)) as f64 / 8.0,
                        choices.below(3) as f64,
                    )
                };
                (0..count)
                    .map(level)
                    .map(|level| level.expect("a level"))
                    .collect()
            };
            match order {
                0..4 => {
                    book.clear();
                    bids.clear();
                    asks.clear();
                }
                4..30 => {
                    let depth = choices.below(70);
                    book.cut(depth);
                    while bids.len() > depth {
                        bids.pop_first();
                    }
                    while asks.len() > depth {
                        asks.pop_last();
                    }
                }
                _ => {
                    let most = if order < 40 { 200 } else { 6 };
                    let (some, more) = (side(&mut choices, most), side(&mut choices, most));
                    if order < 40 {
                        book.replace(&some, &more);
                        bids.clear();
                        asks.clear();
                    } else {
                        book.apply(&some, &more);
                    }
                    for (levels, map) in [(some, &mut bids), (more, &mut asks)] {
                        for level in levels {
                            if level.size == 0.0 {
                                map.remove(&level.price.to_bits());
                            } else {
                                map.insert(level.price.to_bits(), level.size);
                            }
                        }
                    }
                }
            }
            let of = |(bits, size): (&u64, &f64)| (f64::from_bits(*bits), *size);
            assert!(book.bids(0).eq(bids.iter().rev().map(of)));
            assert!(book.asks(0).eq(asks.iter().map(of)));
            assert_eq!(book.depth(), (bids.len(), asks.len()));
            assert_eq!(
                Some(book.best_bid()).filter(|best| !best.0.is_nan()),
                bids.last_key_value().map(of)
            );
            assert_eq!(
                Some(book.best_ask()).filter(|best| !best.0.is_nan()),
                asks.first_key_value().map(of)
            );
        }
    });
}

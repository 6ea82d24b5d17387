//! A venue without ids whose levels are objects, what `serde_json` reads in its frames; and books of texts, summed up as text.

use std::collections::BTreeMap;

use arb_native::book::Level;
use arb_native::layout::{Form, Keys, Layout, Meaning, Rule};
use arb_native::number::decimal;
use arb_native::printed::{Printed, Side, Text};
use arb_native::sums::{decimals, Order, Places, Spelling};
use serde_json::Value;

use crate::choices::Choices;
use crate::json::path;
use crate::Said;

pub const NO_ID: i64 = -1;

pub fn layout() -> Layout {
    let mut layout = Layout::new(Form::Json, Rule::Sums);
    layout.keys = Keys::new(b"price", b"qty");
    layout.bare = true;
    for (keys, meaning, required) in [
        ("channel", Meaning::Equal(vec![b"book".to_vec()]), true),
        ("data.0.symbol", Meaning::Symbol, true),
        ("data.0.bids", Meaning::Bids, true),
        ("data.0.asks", Meaning::Asks, true),
        ("data.0.checksum", Meaning::Checksum, true),
        ("data.0.timestamp", Meaning::TimeIso, false),
        ("data.0.seq", Meaning::Last, false),
    ] {
        layout
            .declare(&path(keys), meaning, required)
            .expect("a path");
    }
    layout.finish().expect("a layout")
}

fn levels(choices: &mut Choices<'_>) -> String {
    let count = choices.below(7);
    let one = |_| {
        let (price, size) = (choices.number(), choices.number());
        match choices.below(8) {
            0 => format!(r#"{{"qty":{size},"price":{price}}}"#),
            1 => format!(r#"{{"price":{price},"new":[{{"price":1}}],"qty":{size}}}"#),
            _ => format!(r#"{{"price":{price},"qty":{size}}}"#),
        }
    };
    format!("[{}]", (0..count).map(one).collect::<Vec<_>>().join(","))
}

pub fn frame(choices: &mut Choices<'_>) -> Vec<u8> {
    let (bids, asks) = (levels(choices), levels(choices));
    let checksum = choices.of(&["7", "0", "-7", "-0", "4294967295", "4294967296", "1e3"]);
    let stamp = choices.of(&[
        "2023-09-25T07:48:36.925533Z",
        "2024-02-29T23:59:59Z",
        "2023-02-29T23:59:59Z",
        "2262-04-11T23:47:16.854775807Z",
        "1969-12-31T23:59:59.9Z",
    ]);
    let more = choices.of(&["", ",\"seq\":9", ",\"seq\":null", ",\"new\":{}"]);
    let spaced = choices.of(&[",", ",", ",", " , "]);
    format!(
        r#"{{"channel":"book","type":"update","data":[{{"symbol":"A/B","bids":{bids},"asks":{asks},"checksum":{checksum},"timestamp":"{stamp}"{more}}}]}}"#
    )
    .replace(',', spaced)
    .into_bytes()
}

/// What the reference reads where the scanner read a message.
pub fn reference(frame: &[u8]) -> Said {
    let value: Value = serde_json::from_slice(frame).expect("JSON");
    let rows = value["data"].as_array().expect("rows");
    assert_eq!((rows.len(), &value["channel"]), (1, &Value::from("book")));
    let book = &rows[0];
    let side = |side: &Value| -> Vec<Level> {
        let number = |value: &Value| value.as_number().expect("a number").as_str().parse();
        let level = |level: &Value| {
            let [price, size] = ["price", "qty"].map(|key| number(&level[key]).expect("a number"));
            Level::new(price, size).expect("a level")
        };
        side.as_array().expect("a side").iter().map(level).collect()
    };
    let last = book.get("seq").map_or(NO_ID, |seq| match seq {
        Value::String(text) => text.parse().expect("an id"),
        seq => seq.as_i64().expect("an id"),
    });
    Said {
        symbol: book["symbol"].as_str().expect("a symbol").into(),
        ids: (book["checksum"].as_i64().expect("a sum"), last),
        time: book
            .get("timestamp")
            .map_or(0, |stamp| nanoseconds(stamp.as_str().expect("a time"))),
        bids: side(&book["bids"]),
        asks: side(&book["asks"]),
    }
}

/// Day by day since 1970.
fn nanoseconds(stamp: &str) -> i64 {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let number = |from: usize, to: usize| stamp[from..to].parse::<i64>().expect("digits");
    let (year, month) = (number(0, 4), number(5, 7));
    let whole: i64 = (1970..year)
        .map(|year| if leap(year) { 366 } else { 365 })
        .sum();
    let months = (1..month).map(|month| match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    });
    let hours = (whole + months.sum::<i64>() + number(8, 10) - 1) * 24 + number(11, 13);
    let seconds = (hours * 60 + number(14, 16)) * 60 + number(17, 19);
    let fraction = stamp[19..].trim_matches(['.', 'Z']);
    let fraction: i64 = format!("{fraction:0<9}").parse().expect("digits");
    seconds * 1_000_000_000 + fraction
}

/// Levels with their texts, told by a scanner or by a dialect; the reference keeps every text.
#[test]
fn texts() {
    bolero::check!().for_each(|input: &[u8]| {
        let mut choices = Choices(input);
        let order = choices.of(&[Order::InTurn, Order::AsksFirst]);
        let points = choices.of(&[true, false]);
        let depth = 1 + choices.below(4);
        let mut book = Printed::new(Spelling {
            depth,
            order,
            separator: b":".to_vec(),
            points,
            signed: false,
        });
        let mut sides: [BTreeMap<u64, Text>; 2] = [BTreeMap::new(), BTreeMap::new()];
        while !choices.done() {
            let side = choices.of(&[Side::Bids, Side::Asks]);
            let text = (choices.number(), choices.number());
            let Some(level) = read(&text) else { continue };
            let places = Places {
                price: decimals(text.0.as_bytes()),
                size: decimals(text.1.as_bytes()),
            };
            let one = [level];
            let (bids, asks): (&[Level], &[Level]) = match side {
                Side::Bids => (&one, &[]),
                Side::Asks => (&[], &one),
            };
            if places.fit(level) && choices.below(4) > 0 {
                book.apply_printed((bids, &[places]), (asks, &[places]));
            } else {
                book.apply(bids, asks);
                book.note(side, level, (&text.0, &text.1));
            }
            let map = &mut sides[side as usize];
            if level.size == 0.0 {
                map.remove(&level.price.to_bits());
            } else {
                map.insert(level.price.to_bits(), text);
            }
            if choices.below(16) == 0 {
                book.cut(5);
                while sides[0].len() > 5 {
                    sides[0].pop_first();
                }
                while sides[1].len() > 5 {
                    sides[1].pop_last();
                }
            }
            let bids: Vec<Text> = sides[0].values().rev().take(depth).cloned().collect();
            let asks: Vec<Text> = sides[1].values().take(depth).cloned().collect();
            let plain = bids.iter().chain(&asks).all(is_short);
            let expected = plain
                .then(|| crc32fast::hash(joined(&bids, &asks, order, points).as_bytes()).into());
            assert_eq!(book.sum(), expected);
            assert_eq!(book.texts(depth), Some((bids, asks)));
        }
    });
}

fn read(text: &Text) -> Option<Level> {
    Level::new(decimal(text.0.as_bytes())?, decimal(text.1.as_bytes())?)
}

/// Whether numbers and places tell a text.
fn is_short((price, size): &Text) -> bool {
    let short = |text: &String| {
        let digits = text.replace('.', "");
        digits.trim_start_matches('0').len() <= 15 && decimals(text.as_bytes()) <= 22
    };
    short(price) && short(size)
}

fn joined(bids: &[Text], asks: &[Text], order: Order, points: bool) -> String {
    let mut levels: Vec<&Text> = Vec::new();
    match order {
        Order::AsksFirst => levels.extend(asks.iter().chain(bids)),
        Order::InTurn => {
            for at in 0..bids.len().max(asks.len()) {
                levels.extend(bids.get(at).into_iter().chain(asks.get(at)));
            }
        }
    }
    let numbers = levels.iter().flat_map(|(price, size)| [price, size]);
    let spelled = numbers.map(|text| match points {
        true => text.clone(),
        false => text.replace('.', "").trim_start_matches('0').to_owned(),
    });
    spelled.collect::<Vec<_>>().join(":")
}

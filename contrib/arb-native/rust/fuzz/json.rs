//! JSON frames, and what `serde_json` reads in them.

use arb_native::book::Level;
use arb_native::layout::{Form, Layout, Meaning, Message, Name, Rule, Step};
use serde_json::Value;

use crate::choices::Choices;
use crate::Said;

pub fn path(keys: &str) -> Vec<Step> {
    let step = |key: &str| match key {
        "0" => Step::Only,
        key => Step::Into(Name::Key(key.into())),
    };
    keys.split('.').map(step).collect()
}

/// A venue that numbers ranges: objects alone.
pub fn ranges() -> Layout {
    let mut layout = Layout::new(Form::Json, Rule::Range);
    for (keys, meaning, required) in [
        ("data.s", Meaning::Symbol, true),
        ("data.U", Meaning::First, true),
        ("data.u", Meaning::Last, true),
        ("data.E", Meaning::TimeMs, false),
        ("data.b", Meaning::Bids, true),
        ("data.a", Meaning::Asks, true),
        (
            "data.e",
            Meaning::Equal(vec![b"depthUpdate".to_vec(), b"depth".to_vec()]),
            true,
        ),
        ("stream", Meaning::Text, true),
        ("error", Meaning::Absent, false),
    ] {
        layout
            .declare(&path(keys), meaning, required)
            .expect("a path");
    }
    layout.finish().expect("a layout")
}

/// A venue that chains ids: an array of one, longer levels, a symbol within a name.
pub fn chains() -> Layout {
    let mut layout = Layout::new(Form::Json, Rule::Chain);
    layout.longer_levels = true;
    (layout.prefix, layout.suffix) = (b"ob.".to_vec(), b".50".to_vec());
    for (keys, meaning, required) in [
        ("arg.id", Meaning::Symbol, true),
        ("data.0.prev", Meaning::Previous, true),
        ("data.0.seq", Meaning::Last, true),
        ("data.0.bids", Meaning::Bids, false),
        ("data.0.asks", Meaning::Asks, false),
        ("data.0.note", Meaning::Passed, false),
    ] {
        layout
            .declare(&path(keys), meaning, required)
            .expect("a path");
    }
    layout.finish().expect("a layout")
}

fn levels(choices: &mut Choices<'_>, longer: bool) -> String {
    let count = choices.below(7);
    let one = |_| {
        let quote = choices.of(&["\"", "\"", "\"", ""]);
        let (price, size) = (choices.number(), choices.number());
        let more = if longer {
            choices.of(&["", ",\"0\"", ",0,null"])
        } else {
            ""
        };
        format!("[{quote}{price}{quote},{quote}{size}{quote}{more}]")
    };
    format!("[{}]", (0..count).map(one).collect::<Vec<_>>().join(","))
}

/// A message as one of the two venues would write it, for the most part.
pub fn frame(choices: &mut Choices<'_>, chained: bool) -> Vec<u8> {
    let (bids, asks) = (levels(choices, chained), levels(choices, chained));
    let symbol = choices.of(&["BTCUSDT", "A", "ETH-BTC"]);
    let id = 1_000_000 + choices.below(300);
    let more = choices.of(&[
        "",
        "",
        "\"new\":{\"x\":[1,-2.5e3,true,null]},",
        "\"\":[[[]]],",
        "\"note\":\"?\",",
    ]);
    let text = if chained {
        format!(
            r#"{{"arg":{{"id":"ob.{symbol}.50"}},"data":[{{{more}"asks":{asks},"bids":{bids},"seq":{},"prev":{id}}}]}}"#,
            id + 1
        )
    } else {
        format!(
            r#"{{"stream":"x@depth","data":{{"e":"depthUpdate","E":1700000000000,"s":"{symbol}",{more}"U":{id},"u":{},"b":{bids},"a":{asks}}}}}"#,
            id + choices.below(9)
        )
    };
    let spaced = choices.of(&["", "", "", " ", "\n\t"]);
    if spaced.is_empty() {
        return text.into_bytes();
    }
    text.replace(',', &format!("{spaced},{spaced}"))
        .into_bytes()
}

/// What the reference reads where the scanner read a message.
pub fn reference(frame: &[u8], chained: bool) -> Said {
    let value: Value = serde_json::from_slice(frame).expect("JSON");
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let id = |value: &Value| text(value).parse::<i64>().expect("an id");
    let side = |value: &Value| -> Vec<Level> {
        let Value::Array(levels) = value else {
            assert!(value.is_null() && chained, "a side");
            return Vec::new();
        };
        let number = |value: &Value| text(value).parse::<f64>().expect("a number");
        let level = |level: &Value| {
            let items = level.as_array().expect("a level");
            assert!(items.len() == 2 || (chained && items.len() > 2));
            Level::new(number(&items[0]), number(&items[1])).expect("a level")
        };
        levels.iter().map(level).collect()
    };
    if chained {
        let rows = value["data"].as_array().expect("rows");
        assert_eq!(rows.len(), 1);
        let name = text(&value["arg"]["id"]);
        return Said {
            symbol: name
                .strip_prefix("ob.")
                .and_then(|name| name.strip_suffix(".50"))
                .expect("a symbol")
                .into(),
            ids: (id(&rows[0]["prev"]), id(&rows[0]["seq"])),
            time: 0,
            bids: side(&rows[0]["bids"]),
            asks: side(&rows[0]["asks"]),
        };
    }
    let data = &value["data"];
    assert!(value["stream"].is_string() && value.get("error").is_none());
    assert!(["depthUpdate", "depth"].contains(&data["e"].as_str().expect("a kind")));
    Said {
        symbol: text(&data["s"]),
        ids: (id(&data["U"]), id(&data["u"])),
        time: data.get("E").map_or(0, id) * 1_000_000,
        bids: side(&data["b"]),
        asks: side(&data["a"]),
    }
}

/// Which ids of a message count here.
pub fn ids(message: &Message, chained: bool) -> (i64, i64) {
    (
        if chained {
            message.previous
        } else {
            message.first
        },
        message.last,
    )
}

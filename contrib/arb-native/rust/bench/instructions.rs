//! Instructions that a message takes, counted by valgrind: the same number on a busy machine as on a quiet one.
//!
//!     cargo bench --bench instructions                # prints them
//!     cargo bench --bench instructions -- --check     # and fails where one left its record by more than 3 %
//!     cargo bench --bench instructions -- --record    # writes those of this compiler to the record
//!
//! The record has a part for each compiler, because another one makes other code. Without valgrind, or with a compiler
//! that is not in the record, nothing is judged, and the output says so.

mod frames;
mod market;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

use arb_native::book::Book;
use arb_native::layout::{Habit, Layout, Message};
use arb_native::printed::Printed;
use arb_native::scanner::{Scanner, Verdict};
use arb_native::sums::{Order, Places, Spelling};
use arb_native::{json, protobuf};
use market::{Market, Where};

const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rust/bench/instructions.tsv");
/// A counted function begins with this, which is how callgrind knows it.
const COUNTED: &str = "*instructions::counted*";
const MESSAGES: usize = 1_000;
const ALLOWED: f64 = 0.03;
/// glibc's memmove has a form for each processor; this is the one that all have.
const TUNABLES: &str = "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-AVX512VL,-AVX512F,-ERMS,-FSRM";

type Work = (&'static str, fn());

const WORKS: [Work; 14] = [
    ("book: 5 levels near the best of 1,000", || {
        book(1_000, Where::Near)
    }),
    ("book: 5 levels anywhere in 1,000", || {
        book(1_000, Where::Far)
    }),
    ("book: 5 levels of a moving market, 100 a side", || {
        book(100, Where::Moving)
    }),
    ("protobuf: 1 level", || read(&MEXC, 1)),
    ("protobuf: 5 levels", || read(&MEXC, 5)),
    ("protobuf: 50 levels", || read(&MEXC, 50)),
    ("JSON: 1 level", || read(&BINANCE, 1)),
    ("JSON: 5 levels", || read(&BINANCE, 5)),
    ("JSON: 50 levels", || read(&BINANCE, 50)),
    ("JSON of objects: 1 level", || read(&KRAKEN, 1)),
    ("JSON of objects: 5 levels", || read(&KRAKEN, 5)),
    ("JSON of objects: 50 levels", || read(&KRAKEN, 50)),
    (
        "book: 5 levels near the best of 1,000, and the sum of ten",
        summed,
    ),
    ("protobuf: 5 levels to a book of 1,000", whole),
];

/// A venue's messages, and what reads them.
struct Wire {
    layout: fn() -> Layout,
    frames: fn(&Market) -> Vec<Vec<u8>>,
    scan: fn(&[u8], &Layout, &mut Habit, &mut Message) -> Option<()>,
}

const MEXC: Wire = Wire {
    layout: frames::mexc_layout,
    frames: frames::mexc_frames,
    scan: protobuf::scan,
};
const BINANCE: Wire = Wire {
    layout: frames::binance_layout,
    frames: frames::binance_frames,
    scan: json::scan,
};
const KRAKEN: Wire = Wire {
    layout: frames::kraken_layout,
    frames: frames::kraken_frames,
    scan: json::scan,
};

fn summed() {
    let mut market = Market::new(1_000, 1, 5, Where::Near, MESSAGES);
    // As if read from a text: the float64 nearest to five decimals.
    let sides = market.messages.iter_mut();
    for level in sides.flat_map(|(bids, asks)| bids.iter_mut().chain(asks)) {
        level.size = (level.size * 1e5).round() / 1e5;
    }
    let places = [Places { price: 2, size: 5 }; 5];
    let mut book = Printed::new(Spelling {
        depth: 10,
        order: Order::AsksFirst,
        separator: Vec::new(),
        points: false,
        signed: false,
    });
    for side in [(&market.snapshot.0, true), (&market.snapshot.1, false)] {
        for level in side.0.chunks(places.len()) {
            let told = (level, &places[..level.len()]);
            let none = (&[][..], &[][..]);
            let (bids, asks) = if side.1 { (told, none) } else { (none, told) };
            book.apply_printed(bids, asks);
        }
    }
    counted(|| {
        for (bids, asks) in &market.messages {
            book.apply_printed((bids, &places[..bids.len()]), (asks, &places[..asks.len()]));
            black_box(book.sum().expect("a sum"));
        }
    });
}

fn book(depth: u64, place: Where) {
    let market = Market::new(depth, 1, 5, place, MESSAGES);
    let mut book = Book::default();
    book.replace(&market.snapshot.0, &market.snapshot.1);
    counted(|| {
        for (bids, asks) in &market.messages {
            book.apply(bids, asks);
            black_box((book.best_bid(), book.best_ask()));
        }
    });
}

fn read(wire: &Wire, levels: usize) {
    let layout = (wire.layout)();
    let frames = (wire.frames)(&Market::new(1_000, 1, levels, Where::Mixed, MESSAGES));
    let (mut habit, mut message) = (Habit::default(), Message::default());
    counted(|| {
        for frame in &frames {
            (wire.scan)(frame, &layout, &mut habit, &mut message).expect("a message");
            black_box(&message);
        }
    });
}

fn whole() {
    let market = Market::new(1_000, 1, 5, Where::Mixed, MESSAGES);
    let frames = frames::mexc_frames(&market);
    let mut book = Book::default();
    book.replace(&market.snapshot.0, &market.snapshot.1);
    let mut scanner = Scanner::new(vec![frames::mexc_layout()]);
    scanner.arm(b"BTCUSDT", 0, frames::FIRST_ID - 1);
    counted(|| {
        for frame in &frames {
            assert_eq!(scanner.read(frame), Verdict::Next(0));
            book.apply(&scanner.message.bids, &scanner.message.asks);
            black_box((book.best_bid(), book.best_ask()));
        }
    });
}

#[inline(never)]
fn counted(work: impl FnOnce()) {
    work();
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some(name) = arguments
        .iter()
        .find_map(|text| text.strip_prefix("--only="))
    {
        let work = WORKS.iter().find(|work| work.0 == name);
        (work.expect("a work").1)();
        return ExitCode::SUCCESS;
    }
    let wants = |option: &str| arguments.iter().any(|text| text == option);
    if cfg!(target_feature = "sse3") {
        println!("skipped: built for this processor (RUSTFLAGS), the record is of those that all processors run");
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return ExitCode::SUCCESS;
    }
    let compiler = compiler();
    let mut record = read_record();
    let before = record.remove(&compiler).unwrap_or_default();
    let mut now = BTreeMap::new();
    let mut left = 0;
    println!(
        "| instructions a message, {compiler} | counted | recorded | changed |\n|---|---|---|---|"
    );
    for (name, _) in &WORKS {
        let count = count(name);
        let (was, change) = before.get(*name).map_or(("".into(), "".into()), |was| {
            let change = count as f64 / *was as f64 - 1.0;
            left += usize::from(change.abs() > ALLOWED);
            (was.to_string(), format!("{:+.1} %", change * 100.0))
        });
        println!("| {name} | {count} | {was} | {change} |");
        now.insert((*name).to_string(), count);
    }
    if wants("--record") {
        record.insert(compiler, now);
        write_record(&record);
        println!("\nrecorded in {RECORD}");
    } else if before.is_empty() {
        println!("\nnot judged: no record of this compiler; `cargo bench --bench instructions -- --record` makes it");
    } else if wants("--check") && (left > 0 || before.len() != now.len()) {
        println!(
            "\nfailed: a count left its record by more than {} %, or has none. Where that is meant: \
             `cargo bench --bench instructions -- --record`, and say why in the commit",
            ALLOWED * 100.0
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Instructions a message of one work, in a process of its own under callgrind.
fn count(name: &str) -> u64 {
    let this = env::current_exe().expect("a program");
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "--collect-atstart=no",
        ])
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(this)
        .arg(format!("--only={name}"))
        .env("GLIBC_TUNABLES", TUNABLES)
        .output()
        .expect("valgrind");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "valgrind failed on {name}: {said}");
    let total = said
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, total)| total.trim().parse::<u64>().ok())
        .filter(|total| *total > 0)
        .unwrap_or_else(|| panic!("no count of {name} in what valgrind said: {said}"));
    total / MESSAGES as u64
}

/// Version and host of the compiler that cargo uses here.
fn compiler() -> String {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().expect("rustc");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or_default();
    format!("{} {host}", text.lines().next().unwrap_or_default())
}

/// By compiler and work.
type Record = BTreeMap<String, BTreeMap<String, u64>>;

fn read_record() -> Record {
    let mut record = Record::new();
    if !Path::new(RECORD).exists() {
        return record;
    }
    for line in fs::read_to_string(RECORD).expect("the record").lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [compiler, work, count] = fields[..] else {
            panic!("expected compiler, work and count in {RECORD}, found {line}");
        };
        let count = count.parse().expect("a count");
        record
            .entry(compiler.into())
            .or_default()
            .insert(work.into(), count);
    }
    record
}

fn write_record(record: &Record) {
    let mut text = String::new();
    for (compiler, works) in record {
        for (work, count) in works {
            text += &format!("{compiler}\t{work}\t{count}\n");
        }
    }
    fs::write(RECORD, text).expect("the record");
}

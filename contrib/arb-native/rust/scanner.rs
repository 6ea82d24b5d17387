//! Finds the book that a message is about, and whether the message is its next one.
#![forbid(unsafe_code)]

use rustc_hash::FxHashMap;

use crate::layout::{seen, Form, Habit, Layout, Message, Rule};
use crate::sums::Places;
use crate::{json, protobuf};

/// Stands for an id that a message does not have.
const NO_ID: i64 = -1;

/// One book that may be changed without being asked.
#[derive(Clone, Debug)]
struct Armed {
    /// Which book, by the number that its owner gave it.
    book: usize,
    last_id: i64,
    /// Of a book that is summed up.
    summed: Option<Summed>,
}

/// How the numbers of a book's messages count for its checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summed {
    /// With so many places; None = with those that are printed.
    pub places: Option<Places>,
    /// A sum may be below 0.
    pub signed: bool,
    /// When the venue made the latest message, in nanoseconds: without ids, one that was made before it does not follow.
    pub latest_ns: i64,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next message of this book: apply it.
    Next(usize),
    /// It is a message of an armed book, but not the one after its last.
    NotNext,
    /// No layout fits, or nobody armed the book.
    NotMine,
}

/// The layouts of one venue and its armed books.
#[derive(Clone, Debug, Default)]
pub struct Scanner {
    layouts: Vec<(Layout, Habit)>,
    armed: FxHashMap<Box<[u8]>, Armed>,
    /// What the last frame said, when it was somebody's next one.
    pub message: Message,
}

impl Scanner {
    #[must_use]
    pub fn new(layouts: Vec<Layout>) -> Scanner {
        Scanner {
            layouts: layouts
                .into_iter()
                .map(|layout| (layout, Habit::default()))
                .collect(),
            ..Scanner::default()
        }
    }

    /// From now on the messages of `symbol` may change `book`, which stands at `last_id`.
    pub fn arm(&mut self, symbol: &[u8], book: usize, last_id: i64) {
        self.arm_summed(symbol, book, last_id, None);
    }

    /// The same for a book whose levels are kept as printed: a message is its next one only where each of its texts is told
    /// by number and places, and it bears a checksum.
    pub fn arm_summed(&mut self, symbol: &[u8], book: usize, last_id: i64, summed: Option<Summed>) {
        self.message.printing |= summed.is_some_and(|summed| summed.places.is_none());
        let armed = Armed {
            book,
            last_id,
            summed,
        };
        self.armed.insert(symbol.into(), armed);
    }

    /// Its messages are the dialect's again.
    pub fn disarm(&mut self, symbol: &[u8]) {
        self.armed.remove(symbol);
    }

    /// All messages are the dialect's again.
    pub fn disarm_all(&mut self) {
        self.armed.clear();
    }

    /// Read one whole frame. After `Next` the book counts as changed by it.
    #[inline]
    pub fn read(&mut self, frame: &[u8]) -> Verdict {
        let message = &mut self.message;
        for (layout, habit) in &mut self.layouts {
            let read = match layout.form {
                Form::Json => json::scan(frame, layout, habit, message),
                Form::Protobuf => protobuf::scan(frame, layout, habit, message),
            };
            if read.is_none() || message.seen & layout.required != layout.required {
                continue;
            }
            let Some(armed) = self
                .armed
                .get_mut(&frame[message.symbol.0..message.symbol.1])
            else {
                return Verdict::NotMine;
            };
            let follows = match layout.rule {
                Rule::Range => {
                    message.first == armed.last_id.saturating_add(1)
                        && message.first <= message.last
                }
                Rule::Chain => message.previous == armed.last_id,
                Rule::Consecutive => message.last == armed.last_id.saturating_add(1),
                Rule::Sums => {
                    let newer = message.seen & seen::LAST == 0 || message.last > armed.last_id;
                    newer && !armed.summed.is_some_and(|summed| is_late(message, summed))
                }
            };
            if !follows || !armed.summed.is_none_or(|summed| tells(message, summed)) {
                return Verdict::NotNext;
            }
            if let Some(summed) = &mut armed.summed {
                summed.latest_ns = message.exchange_ns().unwrap_or(i64::MIN);
            }
            if layout.rule != Rule::Sums {
                armed.last_id = message.last;
            } else if message.seen & seen::LAST == 0 {
                message.last = NO_ID;
            }
            return Verdict::Next(armed.book);
        }
        Verdict::NotMine
    }
}

/// Whether the venue made a message before the latest one.
#[inline]
fn is_late(message: &Message, summed: Summed) -> bool {
    message
        .exchange_ns()
        .is_some_and(|ns| ns < summed.latest_ns)
}

/// Whether a message tells all that a sum takes, and bears one. Where a sum is 0, venues mean that there is none.
#[inline]
fn tells(message: &mut Message, summed: Summed) -> bool {
    let told = message.checksum != 0 && (summed.signed || message.checksum > 0);
    message.seen & seen::CHECKSUM != 0 && told && message.print(summed.places)
}

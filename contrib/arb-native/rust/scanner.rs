//! Finds the book that a message is about, and whether the message is its next one.
#![forbid(unsafe_code)]

use rustc_hash::FxHashMap;

use crate::layout::{Form, Habit, Layout, Message, Rule};
use crate::{json, protobuf};

/// One book that may be changed without being asked.
#[derive(Clone, Debug)]
struct Armed {
    /// Which book, by the number that its owner gave it.
    book: usize,
    last_id: i64,
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
        self.armed.insert(symbol.into(), Armed { book, last_id });
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
            };
            if !follows {
                return Verdict::NotNext;
            }
            armed.last_id = message.last;
            return Verdict::Next(armed.book);
        }
        Verdict::NotMine
    }
}

//! What the last message looked like, and the next one read by it: a venue writes its messages alike, so that only the
//! values between the same words are new.
//!
//! The words of the last message that was walked are compared, many bytes at once; the values are read. Whatever differs is
//! None, and the frame is walked, from which the words are learned again: a wrong guess costs time and nothing else.
#![forbid(unsafe_code)]

use super::{Text, NESTED};
use crate::layout::{Layout, Message};
use crate::number::integer_at;
use crate::text::{Short, WIDE};
use crate::window::{wide_at, Window};

/// What is read behind words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A text of which nothing but its end matters; its quotes belong to the words.
    Text,
    /// Another text; its quotes belong to the words.
    Symbol,
    Whole(Whole),
    /// A text; its quotes belong to the words.
    TimeIso,
    Bids,
    Asks,
    Checksum,
    /// Anything.
    Passed,
    /// Nothing: the words go on.
    Words,
    /// Nothing: the message ends.
    End,
}

/// A whole number. If it has quotes, they belong to the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    First,
    Last,
    Previous,
    TimeMs,
}

/// Words that are compared at once, and the value behind them.
#[derive(Clone, Copy, Debug)]
struct Part {
    words: [Short; 2],
    length: usize,
    value: Value,
}

impl Part {
    /// `words` are no longer than two that are compared at once.
    fn new(words: &[u8], value: Value) -> Option<Part> {
        let (start, end) = words.split_at(words.len().min(WIDE));
        Some(Part {
            words: [Short::new(start)?, Short::new(end)?],
            length: words.len(),
            value,
        })
    }

    /// Whether the words stand there.
    #[inline]
    fn begins(&self, window: &Window) -> bool {
        let [start, end] = self.words;
        start.begins(wide_at(window, 0)) & end.begins(wide_at(window, WIDE))
    }
}

/// The words of the last message that was walked.
#[derive(Clone, Debug, Default)]
pub struct Usual {
    /// None before the first walk.
    parts: Vec<Part>,
    /// What a message with these words says.
    seen: u32,
    /// Where the walk that is under way found values: what they are, where they begin and end.
    found: Vec<(Value, usize, usize)>,
}

impl Usual {
    /// A walk begins.
    pub(super) fn forget_found(&mut self) {
        self.found.clear();
    }

    /// The walk has read a value, between these places of the frame.
    #[inline]
    pub(super) fn find(&mut self, value: Value, start: usize, stop: usize) {
        self.found.push((value, start, stop));
    }

    /// The walk came to the end of a message: the next one is expected to have its words.
    pub(super) fn learn(&mut self, frame: &[u8], seen: u32) {
        self.parts.clear();
        self.seen = seen;
        self.found.push((Value::End, frame.len(), frame.len()));
        let mut at = 0;
        for &(value, start, stop) in &self.found {
            let mut words = &frame[at..start];
            while let Some((long, rest)) = words.split_at_checked(2 * WIDE) {
                self.parts.extend(Part::new(long, Value::Words));
                words = rest;
            }
            self.parts.extend(Part::new(words, value));
            at = stop;
        }
    }

    /// Read one whole frame, if it has these words.
    #[inline]
    pub(super) fn read(
        &self,
        mut text: Text,
        layout: &Layout,
        message: &mut Message,
    ) -> Option<()> {
        for part in &self.parts {
            let window = text.window();
            if !part.begins(window) {
                return None;
            }
            if let Value::Whole(whole) = part.value {
                // What may not stand behind a number, nobody takes for words.
                let (number, stop) = integer_at(window, part.length)?;
                match whole {
                    Whole::First => message.first = number,
                    Whole::Last => message.last = number,
                    Whole::Previous => message.previous = number,
                    Whole::TimeMs => message.time_at(number)?,
                }
                text.rest = text.rest.get(stop..)?;
                continue;
            }
            text.rest = text.rest.get(part.length..)?;
            match part.value {
                Value::Text => _ = text.plain(),
                Value::Symbol => {
                    let start = text.at();
                    let stop = start + text.plain().len();
                    message.symbol_at(text.frame, start, stop, layout)?;
                }
                Value::TimeIso => {
                    let stamp = text.plain();
                    message.stamp_at(stamp)?;
                }
                Value::Bids => text.bids(layout, message)?,
                Value::Asks => text.asks(layout, message)?,
                Value::Checksum => message.checksum = text.checksum(layout.bare)?,
                Value::Passed => text.pass(NESTED)?,
                Value::End => {
                    message.seen = self.seen;
                    return text.rest.is_empty().then_some(());
                }
                Value::Whole(_) | Value::Words => {}
            }
        }
        None
    }
}

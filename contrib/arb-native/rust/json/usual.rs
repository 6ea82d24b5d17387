//! What the last message looked like, and the next one read by it: a venue writes its messages alike, so that only the
//! values between the same words are new.
//!
//! The words of the last message that was walked are compared, many bytes at once; the values are read. Whatever differs is
//! None, and the frame is walked, from which the words are learned again: a wrong guess costs time and nothing else.
#![forbid(unsafe_code)]

use super::{Text, NESTED};
use crate::layout::{Layout, Message};
use crate::text::{mask, plain_at_start, WIDE};
use crate::window::{wide_at, Tail, Window};

/// What is read between words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A text of which nothing but its end matters; its quotes belong to the words.
    Text,
    /// Another text; its quotes belong to the words.
    Symbol,
    First,
    Last,
    Previous,
    TimeMs,
    /// A text; its quotes belong to the words.
    TimeIso,
    Bids,
    Asks,
    Checksum,
    /// Anything.
    Passed,
}

/// Words, and the value behind them; None behind the last ones.
#[derive(Clone, Copy, Debug)]
struct Part {
    length: usize,
    /// Where they begin among all words.
    start: usize,
    /// Their first sixteen bytes, and which of those are theirs.
    first: u128,
    mask: u128,
    /// Their last sixteen bytes.
    last: u128,
    value: Option<Value>,
}

/// The words of the last message that was walked.
#[derive(Clone, Debug, Default)]
pub struct Usual {
    parts: Vec<Part>,
    /// All words, one behind the other.
    words: Vec<u8>,
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
        self.parts.reserve_exact(self.found.len() + 1);
        self.words.clear();
        self.seen = seen;
        let mut at = 0;
        let ends = [(None, frame.len(), frame.len())];
        let found = self
            .found
            .iter()
            .map(|&(value, start, stop)| (Some(value), start, stop));
        for (value, start, stop) in found.chain(ends) {
            let words = &frame[at..start];
            let last = words
                .last_chunk()
                .map_or(0, |last| u128::from_le_bytes(*last));
            self.parts.push(Part {
                length: words.len(),
                start: self.words.len(),
                first: wide_at(Tail::of(words).window(words), 0),
                mask: mask(words.len()),
                last,
                value,
            });
            self.words.extend_from_slice(words);
            at = stop;
        }
    }

    /// Read one whole frame, if it has these words.
    #[inline]
    pub(super) fn read(
        &self,
        mut text: Text<'_>,
        layout: &Layout,
        message: &mut Message,
    ) -> Option<()> {
        for part in &self.parts {
            text.rest = self.strip(part, text.rest, text.window())?;
            let Some(value) = part.value else {
                message.seen = self.seen;
                return text.rest.is_empty().then_some(());
            };
            match value {
                Value::Text => text.rest = &text.rest[plain_at_start(text.rest)..],
                Value::Symbol => {
                    let start = text.at();
                    let length = plain_at_start(text.rest);
                    message.symbol_at(text.frame, start, start + length, layout)?;
                    text.rest = &text.rest[length..];
                }
                Value::First | Value::Last | Value::Previous | Value::TimeMs => {
                    let number = text.usual_integer()?;
                    match value {
                        Value::First => message.first = number,
                        Value::Last => message.last = number,
                        Value::Previous => message.previous = number,
                        _ => message.time_at(number)?,
                    }
                }
                Value::TimeIso => {
                    let (stamp, rest) = text.rest.split_at(plain_at_start(text.rest));
                    message.stamp_at(stamp)?;
                    text.rest = rest;
                }
                Value::Bids => text.bids(layout, message)?,
                Value::Asks => text.asks(layout, message)?,
                Value::Checksum => message.checksum = text.checksum(layout.bare)?,
                Value::Passed => text.pass(NESTED)?,
            }
        }
        None
    }

    /// What stands behind the words of a part, where a text begins with them.
    #[inline]
    fn strip<'a>(&self, part: &Part, text: &'a [u8], window: &Window) -> Option<&'a [u8]> {
        let first = wide_at(window, 0) ^ part.first;
        let same = if part.length <= WIDE {
            first & part.mask == 0
        } else if part.length <= 2 * WIDE {
            // The last sixteen bytes begin before the first ones end.
            first == 0 && wide_at(window, part.length - WIDE) == part.last
        } else {
            text.starts_with(self.words.get(part.start..part.start + part.length)?)
        };
        if same {
            text.get(part.length..)
        } else {
            None
        }
    }
}

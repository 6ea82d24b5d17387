//! Walks a JSON frame by a layout, in one pass.
//!
//! None = the dialect decides. That is: broken text, an escape or a byte beyond ASCII in any string, a key that means
//! something twice, a number that is not plainly spelled, nesting beyond any venue's.
//!
//! A venue's messages look alike: `usual` reads one by the words of the last. Only where that fails the frame is walked
//! key by key.
#![forbid(unsafe_code)]

mod levels;
mod usual;

use crate::layout::{Entry, Habit, Layout, Meaning, Message, Name};
use crate::number::integer;
use crate::text::{plain_at_start, plain_in};
use crate::window::{Tail, Window, SEEN};
pub use usual::Usual;
use usual::{Value, Whole};

/// Objects and arrays within what is passed over.
const NESTED: u32 = 8;

/// Read one whole frame.
#[inline]
#[must_use]
pub fn scan(frame: &[u8], layout: &Layout, habit: &mut Habit, message: &mut Message) -> Option<()> {
    message.clear();
    let mut tail = Tail::NONE;
    tail.take(frame);
    match habit.usual.read(Text::new(frame, &tail), layout, message) {
        Some(()) => Some(()),
        None => walk(Text::new(frame, &tail), layout, &mut habit.usual, message),
    }
}

/// Read one whole frame key by key, and learn what it looks like.
#[inline(never)]
fn walk(mut text: Text, layout: &Layout, usual: &mut Usual, message: &mut Message) -> Option<()> {
    message.clear();
    usual.forget_found();
    text.object(layout, 0, usual, message)?;
    text.space();
    text.rest
        .is_empty()
        .then(|| usual.learn(text.frame, message.seen))
}

struct Text<'a> {
    frame: &'a [u8],
    /// What has not been read.
    rest: &'a [u8],
    tail: &'a Tail,
}

impl<'a> Text<'a> {
    #[inline]
    fn new(frame: &'a [u8], tail: &'a Tail) -> Text<'a> {
        Text {
            frame,
            rest: frame,
            tail,
        }
    }

    fn object(
        &mut self,
        layout: &Layout,
        node: usize,
        usual: &mut Usual,
        message: &mut Message,
    ) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            return self.take(b'}');
        }
        let entries = &layout.nodes[node].0;
        loop {
            let key = self.string()?;
            self.take(b':')?;
            self.peek()?;
            let named = |entry: &&Entry| matches!(&entry.name, Name::Key(text) if text == key);
            if let Some(entry) = entries.iter().find(named) {
                message.see(entry.bit)?;
                self.value(layout, &entry.meaning, usual, message)?;
            } else {
                let start = self.at();
                self.pass(NESTED)?;
                usual.find(Value::Passed, start, self.at());
            }
            if self.next(b'}')? {
                return Some(());
            }
        }
    }

    /// Read what stands behind a known key.
    fn value(
        &mut self,
        layout: &Layout,
        meaning: &Meaning,
        usual: &mut Usual,
        message: &mut Message,
    ) -> Option<()> {
        let start = self.at();
        let value = match meaning {
            Meaning::Within(node) => return self.object(layout, *node, usual, message),
            Meaning::Only(node) => {
                self.take(b'[')?;
                self.object(layout, *node, usual, message)?;
                return self.take(b']');
            }
            Meaning::Equal(texts) => {
                let found = self.string()?;
                return texts.iter().any(|text| text == found).then_some(());
            }
            Meaning::Absent => return None,
            Meaning::Symbol => {
                self.string()?;
                message.symbol_at(self.frame, start + 1, self.at() - 1, layout)?;
                Value::Symbol
            }
            Meaning::Text => {
                self.string()?;
                Value::Text
            }
            Meaning::First => {
                message.first = self.integer()?;
                Value::Whole(Whole::First)
            }
            Meaning::Last => {
                message.last = self.integer()?;
                Value::Whole(Whole::Last)
            }
            Meaning::Previous => {
                message.previous = self.integer()?;
                Value::Whole(Whole::Previous)
            }
            Meaning::TimeMs => {
                message.time_at(self.integer()?)?;
                Value::Whole(Whole::TimeMs)
            }
            Meaning::TimeIso => {
                message.stamp_at(self.string()?)?;
                Value::TimeIso
            }
            Meaning::Bids => {
                self.bids(layout, message)?;
                Value::Bids
            }
            Meaning::Asks => {
                self.asks(layout, message)?;
                Value::Asks
            }
            Meaning::Checksum => {
                message.checksum = self.checksum(layout.bare)?;
                Value::Checksum
            }
            Meaning::Passed => {
                self.pass(NESTED)?;
                Value::Passed
            }
        };
        // Quotes of a text or of a number belong to the words around it.
        let takes_quotes = matches!(
            value,
            Value::Bids | Value::Asks | Value::Checksum | Value::Passed
        );
        let quote = usize::from(!takes_quotes && self.frame[start] == b'"');
        usual.find(value, start + quote, self.at() - quote);
        Some(())
    }

    /// What has not been read, many bytes at a time.
    #[inline]
    fn window(&self) -> &'a Window {
        self.tail.window(self.rest)
    }

    /// Where in the frame it stands.
    fn at(&self) -> usize {
        self.frame.len() - self.rest.len()
    }

    /// A sum of 32 bits, of either sign.
    fn checksum(&mut self, bare: bool) -> Option<i64> {
        self.peek()?;
        let text = if bare {
            self.number()?
        } else {
            self.spelled()?
        };
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let value = integer(digits).filter(|value| *value <= u32::MAX.into())?;
        let negative = digits.len() < text.len();
        // No venue writes -0.
        (!negative || value > 0).then_some(if negative { -value } else { value })
    }

    /// A whole number, in quotes or not.
    fn integer(&mut self) -> Option<i64> {
        integer(self.spelled()?)
    }

    /// The text of a number, in quotes or not.
    #[inline]
    fn spelled(&mut self) -> Option<&'a [u8]> {
        if self.peek()? == b'"' {
            self.string()
        } else {
            self.number()
        }
    }

    #[inline]
    fn string(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let text = self.plain();
        self.rest = self.rest.strip_prefix(b"\"")?;
        Some(text)
    }

    /// What stands for itself within quotes.
    #[inline]
    fn plain(&mut self) -> &'a [u8] {
        let length = match plain_in(self.window()) {
            SEEN => plain_at_start(self.rest),
            length => length,
        };
        // A window shows nothing plain behind the text's end.
        let (text, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        text
    }

    fn number(&mut self) -> Option<&'a [u8]> {
        self.space();
        let start = self.rest;
        self.skip(b"-");
        let whole = self.rest;
        let digits = self.digits();
        if digits == 0 || (whole[0] == b'0' && digits > 1) {
            return None;
        }
        if self.skip(b".") && self.digits() == 0 {
            return None;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            if self.digits() == 0 {
                return None;
            }
        }
        Some(&start[..start.len() - self.rest.len()])
    }

    #[inline]
    fn digits(&mut self) -> usize {
        let count = self
            .rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        self.rest = &self.rest[count..];
        count
    }

    #[inline]
    fn skip(&mut self, one_of: &[u8]) -> bool {
        match self.rest.split_first() {
            Some((byte, rest)) if one_of.contains(byte) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Any value, `nested` deep at most.
    fn pass(&mut self, nested: u32) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'-' | b'0'..=b'9' => self.number().map(|_| ()),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            open @ (b'{' | b'[') if nested > 0 => {
                self.take(open)?;
                let close = if open == b'{' { b'}' } else { b']' };
                if self.peek()? == close {
                    return self.take(close);
                }
                loop {
                    if open == b'{' {
                        self.string()?;
                        self.take(b':')?;
                    }
                    self.pass(nested - 1)?;
                    if self.next(close)? {
                        return Some(());
                    }
                }
            }
            _ => None,
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(())
    }

    /// A comma (false) or the end (true).
    #[inline]
    fn next(&mut self, end: u8) -> Option<bool> {
        let byte = self.peek()?;
        if byte != b',' && byte != end {
            return None;
        }
        self.rest = &self.rest[1..];
        Some(byte == end)
    }

    #[inline]
    fn take(&mut self, wanted: u8) -> Option<()> {
        if self.peek()? != wanted {
            return None;
        }
        self.rest = &self.rest[1..];
        Some(())
    }

    /// The next byte that is no space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        let byte = *self.rest.first()?;
        if byte > b' ' {
            return Some(byte);
        }
        self.space();
        self.rest.first().copied()
    }

    #[inline(never)]
    fn space(&mut self) {
        while let [b' ' | b'\n' | b'\t' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }
}

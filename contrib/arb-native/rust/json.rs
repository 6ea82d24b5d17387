//! Walks a JSON frame by a layout, in one pass.
//!
//! None = the dialect decides. That is: broken text, an escape or a byte beyond ASCII in any string, a key that means
//! something twice, a number that is not plainly spelled, nesting beyond any venue's.
#![forbid(unsafe_code)]

use crate::book::Level;
use crate::layout::{Layout, Meaning, Message, Name};
use crate::number::{decimal, decimal_before_quote, integer};

/// Objects and arrays within what is passed over.
const NESTED: u32 = 8;

/// Read one whole frame.
#[inline]
#[must_use]
pub fn scan(frame: &[u8], layout: &Layout, message: &mut Message) -> Option<()> {
    message.clear();
    let mut text = Text { frame, at: 0 };
    text.object(layout, 0, message)?;
    text.space();
    (text.at == frame.len()).then_some(())
}

struct Text<'a> {
    frame: &'a [u8],
    at: usize,
}

impl<'a> Text<'a> {
    fn object(&mut self, layout: &Layout, node: usize, message: &mut Message) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        let entries = &layout.nodes[node].0;
        // Venues keep the order of their keys: the entry after the one that was met is tried first.
        let mut likely = 0;
        loop {
            let key = self.string()?;
            self.take(b':')?;
            let is = |name: &Name| matches!(name, Name::Key(text) if text == key);
            let found = match entries.get(likely) {
                Some(entry) if is(&entry.name) => Some(likely),
                _ => entries.iter().position(|entry| is(&entry.name)),
            };
            if let Some(index) = found {
                likely = index + 1;
                message.see(entries[index].bit)?;
                self.value(layout, &entries[index].meaning, message)?;
            } else {
                self.pass(NESTED)?;
            }
            if self.next(b'}')? {
                return Some(());
            }
        }
    }

    #[inline]
    fn value(&mut self, layout: &Layout, meaning: &Meaning, message: &mut Message) -> Option<()> {
        match meaning {
            Meaning::Within(node) => self.object(layout, *node, message)?,
            Meaning::Only(node) => {
                self.take(b'[')?;
                self.object(layout, *node, message)?;
                self.take(b']')?;
            }
            Meaning::Symbol => {
                let symbol = self.string()?;
                let stop = self.at - 1;
                message.symbol_at(self.frame, stop - symbol.len(), stop, layout)?;
            }
            Meaning::First => message.first = integer(self.spelled()?)?,
            Meaning::Last => message.last = integer(self.spelled()?)?,
            Meaning::Previous => message.previous = integer(self.spelled()?)?,
            Meaning::TimeMs => message.time_at(integer(self.spelled()?)?)?,
            Meaning::Bids => self.levels(&mut message.bids, layout.longer_levels)?,
            Meaning::Asks => self.levels(&mut message.asks, layout.longer_levels)?,
            Meaning::Equal(texts) => {
                let found = self.string()?;
                if !texts.iter().any(|text| text == found) {
                    return None;
                }
            }
            Meaning::Text => self.string().map(|_| ())?,
            Meaning::Absent => return None,
            Meaning::Passed => self.pass(NESTED)?,
        }
        Some(())
    }

    /// `[[price, size, ...], ...]`
    #[inline]
    fn levels(&mut self, into: &mut Vec<Level>, longer: bool) -> Option<()> {
        self.take(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.take(b'[')?;
            let price = self.decimal()?;
            self.take(b',')?;
            let size = self.decimal()?;
            into.push(Level::new(price, size)?);
            while !self.next(b']')? {
                if !longer {
                    return None;
                }
                self.pass(0)?;
            }
            if self.next(b']')? {
                return Some(());
            }
        }
    }

    /// A decimal, in quotes or not.
    #[inline]
    fn decimal(&mut self) -> Option<f64> {
        if self.frame.get(self.at) == Some(&b'"') {
            if let Some((value, length)) = decimal_before_quote(&self.frame[self.at + 1..]) {
                self.at += length + 2;
                return Some(value);
            }
        }
        decimal(self.spelled()?)
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
        let rest = &self.frame[self.at..];
        let length = rest
            .iter()
            .position(|&byte| byte == b'"' || byte == b'\\' || !(b' '..0x80).contains(&byte))?;
        if rest[length] != b'"' {
            return None;
        }
        self.at += length + 1;
        Some(&rest[..length])
    }

    #[inline]
    fn number(&mut self) -> Option<&'a [u8]> {
        self.space();
        let start = self.at;
        self.skip(b"-");
        let whole = self.at;
        if self.digits() == 0 || (self.frame[whole] == b'0' && self.at > whole + 1) {
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
        Some(&self.frame[start..self.at])
    }

    #[inline]
    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.frame.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    #[inline]
    fn skip(&mut self, one_of: &[u8]) -> bool {
        let there = self
            .frame
            .get(self.at)
            .is_some_and(|byte| one_of.contains(byte));
        self.at += usize::from(there);
        there
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
                self.at += 1;
                let close = if open == b'{' { b'}' } else { b']' };
                if self.peek()? == close {
                    self.at += 1;
                    return Some(());
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
        self.frame[self.at..]
            .starts_with(word)
            .then(|| self.at += word.len())
    }

    /// A comma (false) or the end (true).
    #[inline]
    fn next(&mut self, end: u8) -> Option<bool> {
        let byte = self.peek()?;
        if byte != b',' && byte != end {
            return None;
        }
        self.at += 1;
        Some(byte == end)
    }

    #[inline]
    fn take(&mut self, wanted: u8) -> Option<()> {
        if self.peek()? != wanted {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// The next byte that is no space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        let byte = *self.frame.get(self.at)?;
        if byte > b' ' {
            return Some(byte);
        }
        self.space();
        self.frame.get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.frame.get(self.at) {
            self.at += 1;
        }
    }
}

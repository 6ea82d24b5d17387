//! Walks a JSON frame by a layout, in one pass.
//!
//! None = the dialect decides. That is: broken text, an escape or a byte beyond ASCII in any string, a key that means
//! something twice, a number that is not plainly spelled, nesting beyond any venue's.
#![forbid(unsafe_code)]

use crate::book::Level;
use crate::layout::{is_plain, Entry, Keys, Layout, Meaning, Message, Name, Order};
use crate::number::{decimal, decimal_at_start, integer, integer_at_start};
use crate::sums::{decimals, Places};

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

/// A number, and how it is printed.
struct Spelled<'a> {
    value: f64,
    text: &'a [u8],
}

impl<'a> Spelled<'a> {
    #[inline]
    fn new(text: &'a [u8]) -> Option<Spelled<'a>> {
        decimal(text).map(|value| Spelled { value, text })
    }

    /// The number that a text begins with, and the rest.
    #[inline]
    fn at_start(text: &'a [u8]) -> Option<(Spelled<'a>, &'a [u8])> {
        let (value, length) = decimal_at_start(text)?;
        let (text, rest) = text.split_at(length);
        Some((Spelled { value, text }, rest))
    }
}

impl<'a> Text<'a> {
    fn object(&mut self, layout: &Layout, node: usize, message: &mut Message) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        let entries = &layout.nodes[node].0;
        let mut slot = Order::before_first(node);
        loop {
            if let Some(index) = self.key(entries, slot, &mut message.order)? {
                let entry = &entries[index];
                slot = Order::after(entry.bit);
                message.see(entry.bit)?;
                self.value(layout, &entry.meaning, message)?;
            } else {
                self.pass(NESTED)?;
            }
            if self.next(b'}')? {
                return Some(());
            }
        }
    }

    /// Read a key and its colon: which entry it is, if any.
    #[inline]
    fn key(&mut self, entries: &[Entry], slot: usize, order: &mut Order) -> Option<Option<usize>> {
        self.peek()?;
        let guess = order.guess(slot);
        if let Some(entry) = entries.get(guess) {
            if !entry.quoted.is_empty() && self.frame[self.at..].starts_with(&entry.quoted) {
                self.at += entry.quoted.len();
                return Some(Some(guess));
            }
        }
        let key = self.string()?;
        self.take(b':')?;
        let found = entries
            .iter()
            .position(|entry| matches!(&entry.name, Name::Key(text) if text == key));
        if let Some(index) = found {
            order.learn(slot, index);
        }
        Some(found)
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
            Meaning::First => message.first = self.integer()?,
            Meaning::Last => message.last = self.integer()?,
            Meaning::Previous => message.previous = self.integer()?,
            Meaning::TimeMs => message.time_at(self.integer()?)?,
            Meaning::TimeIso => message.stamp_at(self.string()?)?,
            Meaning::Bids if layout.keys.is_some() || message.printing => {
                let places = message.printing.then_some(&mut message.bid_places);
                self.other_levels(layout, &mut message.bids, places)?;
            }
            Meaning::Asks if layout.keys.is_some() || message.printing => {
                let places = message.printing.then_some(&mut message.ask_places);
                self.other_levels(layout, &mut message.asks, places)?;
            }
            Meaning::Bids => self.levels(&mut message.bids, layout.longer_levels)?,
            Meaning::Asks => self.levels(&mut message.asks, layout.longer_levels)?,
            Meaning::Checksum => message.checksum = self.checksum(layout.bare)?,
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
            let level = match self.usual_level() {
                Some(level) => level,
                None => self.level(longer)?,
            };
            into.push(level);
            if self.next(b']')? {
                return Some(());
            }
        }
    }

    /// `["price","size"]` without anything between. None and nothing is read where it is spelled in another way.
    #[inline]
    fn usual_level(&mut self) -> Option<Level> {
        let rest = self.frame[self.at..].strip_prefix(b"[\"")?;
        let (price, length) = decimal_at_start(rest)?;
        let rest = rest[length..].strip_prefix(b"\",\"")?;
        let (size, length) = decimal_at_start(rest)?;
        let rest = rest[length..].strip_prefix(b"\"]")?;
        let level = Level::new(price, size)?;
        self.at = self.frame.len() - rest.len();
        Some(level)
    }

    fn level(&mut self, longer: bool) -> Option<Level> {
        self.take(b'[')?;
        let price = decimal(self.spelled()?)?;
        self.take(b',')?;
        let size = decimal(self.spelled()?)?;
        while !self.next(b']')? {
            if !longer {
                return None;
            }
            self.pass(0)?;
        }
        Level::new(price, size)
    }

    /// Levels that are objects, or of which somebody asks how they are printed.
    fn other_levels(
        &mut self,
        layout: &Layout,
        into: &mut Vec<Level>,
        mut printed: Option<&mut Vec<Places>>,
    ) -> Option<()> {
        self.take(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            let (price, size) = match &layout.keys {
                Some(keys) => match self.usual_object(keys) {
                    Some(found) => found,
                    None => self.level_object(keys, layout.bare)?,
                },
                None => match self.usual_texts() {
                    Some(found) => found,
                    None => self.level_texts(layout.longer_levels)?,
                },
            };
            into.push(Level::new(price.value, size.value)?);
            if let Some(places) = &mut printed {
                places.push(Places {
                    price: decimals(price.text),
                    size: decimals(size.text),
                });
            }
            if self.next(b']')? {
                return Some(());
            }
        }
    }

    /// `{"price":1.5,"qty":2}` without anything between. None and nothing is read where it is spelled in another way.
    #[inline]
    fn usual_object(&mut self, keys: &Keys) -> Option<(Spelled<'a>, Spelled<'a>)> {
        let rest = self.frame[self.at..].strip_prefix(keys.opening.as_slice())?;
        let (price, rest) = Spelled::at_start(rest)?;
        let rest = rest.strip_prefix(keys.middle.as_slice())?;
        let (size, rest) = Spelled::at_start(rest)?;
        let rest = rest.strip_prefix(b"}")?;
        self.at = self.frame.len() - rest.len();
        Some((price, size))
    }

    /// An object with both keys, and maybe others.
    fn level_object(&mut self, keys: &Keys, bare: bool) -> Option<(Spelled<'a>, Spelled<'a>)> {
        let (mut price, mut size) = (None, None);
        self.take(b'{')?;
        loop {
            let key = self.string()?;
            self.take(b':')?;
            let place = if key == keys.price {
                &mut price
            } else if key == keys.size {
                &mut size
            } else {
                self.pass(NESTED)?;
                if self.next(b'}')? {
                    break;
                }
                continue;
            };
            let text = if bare {
                self.number()?
            } else {
                self.spelled()?
            };
            if place.replace(Spelled::new(text)?).is_some() {
                return None;
            }
            if self.next(b'}')? {
                break;
            }
        }
        Some((price?, size?))
    }

    /// As `usual_level`, with the texts.
    #[inline]
    fn usual_texts(&mut self) -> Option<(Spelled<'a>, Spelled<'a>)> {
        let rest = self.frame[self.at..].strip_prefix(b"[\"")?;
        let (price, rest) = Spelled::at_start(rest)?;
        let rest = rest.strip_prefix(b"\",\"")?;
        let (size, rest) = Spelled::at_start(rest)?;
        let rest = rest.strip_prefix(b"\"]")?;
        self.at = self.frame.len() - rest.len();
        Some((price, size))
    }

    /// As `level`, with the texts.
    fn level_texts(&mut self, longer: bool) -> Option<(Spelled<'a>, Spelled<'a>)> {
        self.take(b'[')?;
        let price = Spelled::new(self.spelled()?)?;
        self.take(b',')?;
        let size = Spelled::new(self.spelled()?)?;
        while !self.next(b']')? {
            if !longer {
                return None;
            }
            self.pass(0)?;
        }
        Some((price, size))
    }

    /// A sum of 32 bits, of either sign.
    fn checksum(&mut self, bare: bool) -> Option<i64> {
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
    #[inline]
    fn integer(&mut self) -> Option<i64> {
        if self.peek()? != b'"' {
            if let Some((value, length)) = integer_at_start(&self.frame[self.at..]) {
                // What may not stand behind a number, nobody takes for a comma.
                self.at += length;
                return Some(value);
            }
        }
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
        let rest = &self.frame[self.at..];
        let length = rest.iter().position(|&byte| !is_plain(byte))?;
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

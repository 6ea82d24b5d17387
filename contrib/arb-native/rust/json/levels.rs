//! Levels of JSON: arrays that begin with price and size, or objects with a key for each.
//!
//! What usually comes is read by one window, without spaces between; where it does not come, the same level is read again
//! step by step.
#![forbid(unsafe_code)]

use super::{Text, NESTED};
use crate::book::Level;
use crate::layout::{Keys, Layout, Message};
use crate::number::{decimal, marked_decimal, marks, Found};
use crate::sums::{decimals, Places};
use crate::text::plain_at_start;
use crate::window::{wide_at, word_at};

/// A level, and how its numbers are printed.
type Printed = (Level, Places);

/// The same, and whether another one follows.
type Next<T> = (T, bool);

impl<'a> Text<'a> {
    #[inline]
    pub(super) fn bids(&mut self, layout: &Layout, message: &mut Message) -> Option<()> {
        let places = message.printing.then_some(&mut message.bid_places);
        self.levels(layout, &mut message.bids, places)
    }

    #[inline]
    pub(super) fn asks(&mut self, layout: &Layout, message: &mut Message) -> Option<()> {
        let places = message.printing.then_some(&mut message.ask_places);
        self.levels(layout, &mut message.asks, places)
    }

    /// `[level, ...]`, and how each is printed where somebody asks.
    fn levels(
        &mut self,
        layout: &Layout,
        into: &mut Vec<Level>,
        places: Option<&mut Vec<Places>>,
    ) -> Option<()> {
        let longer = layout.longer_levels;
        match (&layout.keys, places) {
            (None, None) => self.each(|text| {
                let ((level, _), more) = text.row(longer)?;
                into.push(level);
                Some(more)
            }),
            (None, Some(places)) => self.each(|text| {
                let ((level, printed), more) = text.row(longer)?;
                into.push(level);
                places.push(printed);
                Some(more)
            }),
            (Some(keys), None) => self.each(|text| {
                let ((level, _), more) = text.pair(keys, layout.bare)?;
                into.push(level);
                Some(more)
            }),
            (Some(keys), Some(places)) => self.each(|text| {
                let ((level, printed), more) = text.pair(keys, layout.bare)?;
                into.push(level);
                places.push(printed);
                Some(more)
            }),
        }
    }

    // What is read of a level is taken apart by whoever asks: only inlined the parts that he leaves cost nothing.

    /// Read an array, element by element, each with what parts it from the next.
    #[inline(always)]
    fn each(&mut self, mut read: impl FnMut(&mut Text<'a>) -> Option<bool>) -> Option<()> {
        self.take(b'[')?;
        if self.peek()? == b']' {
            return self.take(b']');
        }
        while read(self)? {}
        Some(())
    }

    /// `[price, size, ...]`
    #[inline(always)]
    fn row(&mut self, longer: bool) -> Option<Next<Printed>> {
        match self.usual_row(longer) {
            Some(level) => Some(level),
            None => Some((self.any_row(longer)?, !self.next(b']')?)),
        }
    }

    /// `["price","size"]`, or with more texts behind. None, and nothing is read, where it is spelled in another way.
    #[inline(always)]
    fn usual_row(&mut self, longer: bool) -> Option<Next<Printed>> {
        const OPEN: u64 = u16::from_le_bytes(*b"[\"") as u64;
        const BETWEEN: u64 = u32::from_le_bytes(*b"\",\"\0") as u64;
        const MORE: u64 = u32::from_le_bytes(*b"\"],\0") as u64;
        const LAST: u64 = u32::from_le_bytes(*b"\"]]\0") as u64;
        let window = self.window();
        let marks = marks(window);
        let price = marked_decimal(window, marks, 2)?;
        let size = marked_decimal(window, marks, price.end + 3)?;
        let usual = word_at(window, 0) & 0xffff == OPEN
            && word_at(window, price.end) & 0xff_ffff == BETWEEN;
        let level = found(usual, price, size)?;
        let behind = word_at(window, size.end) & 0xff_ffff;
        if behind == MORE || behind == LAST {
            self.rest = self.rest.get(size.end + 3..)?;
            return Some((level, behind == MORE));
        }
        let (next, rest) = self.usual_end(longer, size.end)?.split_first()?;
        if *next != b',' && *next != b']' {
            return None;
        }
        self.rest = rest;
        Some((level, *next == b','))
    }

    /// What follows the other texts of a level, each in quotes.
    #[inline]
    fn usual_end(&self, longer: bool, at: usize) -> Option<&'a [u8]> {
        let mut rest = self.rest.get(at..)?.strip_prefix(b"\"")?;
        if longer {
            while let Some(more) = rest.strip_prefix(b",\"") {
                rest = more[plain_at_start(more)..].strip_prefix(b"\"")?;
            }
        }
        rest.strip_prefix(b"]")
    }

    #[inline(never)]
    fn any_row(&mut self, longer: bool) -> Option<Printed> {
        self.take(b'[')?;
        let price = self.spelled()?;
        self.take(b',')?;
        let size = self.spelled()?;
        while !self.next(b']')? {
            if !longer {
                return None;
            }
            self.pass(0)?;
        }
        spelled(price, size)
    }

    /// `{"price":price,"size":size}`
    #[inline(always)]
    fn pair(&mut self, keys: &Keys, bare: bool) -> Option<Next<Printed>> {
        match self.usual_pair(keys) {
            Some(level) => Some(level),
            None => Some((self.any_pair(keys, bare)?, !self.next(b']')?)),
        }
    }

    /// Without anything between, and the numbers without quotes. None, and nothing is read, where it is spelled in another
    /// way.
    #[inline(always)]
    fn usual_pair(&mut self, keys: &Keys) -> Option<Next<Printed>> {
        const MORE: u64 = u16::from_le_bytes(*b"},") as u64;
        const LAST: u64 = u16::from_le_bytes(*b"}]") as u64;
        let (opening, middle) = keys.usual.as_ref()?;
        let window = self.window();
        let marks = marks(window);
        let price = marked_decimal(window, marks, opening.length)?;
        let size = marked_decimal(window, marks, price.end + middle.length)?;
        let behind = word_at(window, size.end) & 0xffff;
        let usual = opening.begins(wide_at(window, 0))
            && middle.begins(wide_at(window, price.end))
            && (behind == MORE || behind == LAST);
        let level = found(usual, price, size)?;
        self.rest = self.rest.get(size.end + 2..)?;
        Some((level, behind == MORE))
    }

    /// An object with both keys, and maybe others.
    #[inline(never)]
    fn any_pair(&mut self, keys: &Keys, bare: bool) -> Option<Printed> {
        let (mut price, mut size) = (None, None);
        self.take(b'{')?;
        loop {
            let key = self.string()?;
            self.take(b':')?;
            let place = if key == keys.price {
                Some(&mut price)
            } else if key == keys.size {
                Some(&mut size)
            } else {
                None
            };
            match place {
                Some(place) if place.is_none() => {
                    *place = Some(if bare {
                        self.number()?
                    } else {
                        self.spelled()?
                    });
                }
                Some(_) => return None,
                None => self.pass(NESTED)?,
            }
            if self.next(b'}')? {
                return spelled(price?, size?);
            }
        }
    }
}

/// A level of numbers from a window; None for what no book may hold.
#[inline(always)]
fn found(usual: bool, price: Found, size: Found) -> Option<Printed> {
    // They are finite and not below 0.
    let level = Level {
        price: price.value,
        size: size.value,
    };
    let places = Places {
        price: price.decimals,
        size: size.decimals,
    };
    (usual && price.value > 0.0).then_some((level, places))
}

/// The same of their texts.
fn spelled(price: &[u8], size: &[u8]) -> Option<Printed> {
    let places = Places {
        price: decimals(price),
        size: decimals(size),
    };
    Some((Level::new(decimal(price)?, decimal(size)?)?, places))
}

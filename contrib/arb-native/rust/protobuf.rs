//! Walks a protobuf frame by a layout, in one pass.
//!
//! None = the dialect decides. That is: a field that the layout does not name (it may be another body of a oneof, or a
//! text that is no UTF-8), one that comes twice where one counts, another wire type than is declared, text beyond ASCII,
//! a number that is not plainly spelled, broken bytes. Ids are texts and times are varints: of the other wire type either is
//! a field that nobody knows, and the message lacks it.
#![forbid(unsafe_code)]

use crate::book::Level;
use crate::layout::{seen, Entry, Habit, Layout, Meaning, Message, Name, Order};
use crate::number::{decimal, decimal_at, integer, integer_at};
use crate::text::EACH;
use crate::window::{word_at, Tail, Window};

/// Numbers from here on take more than one byte.
const LONG: u64 = 0x80;
const VARINT: u64 = 0;
const BYTES: u64 = 2;

/// Read one whole frame.
#[inline]
#[must_use]
pub fn scan(frame: &[u8], layout: &Layout, habit: &mut Habit, message: &mut Message) -> Option<()> {
    message.clear();
    let mut tail = Tail::NONE;
    tail.take(frame);
    let frame = Frame {
        bytes: frame,
        tail: &tail,
    };
    frame.fields(0, frame.bytes.len(), layout, 0, &mut habit.order, message)
}

struct Frame<'a> {
    bytes: &'a [u8],
    tail: &'a Tail,
}

impl Frame<'_> {
    /// Read the fields of one message, which may be one within.
    fn fields(
        &self,
        mut at: usize,
        end: usize,
        layout: &Layout,
        node: usize,
        order: &mut Order,
        message: &mut Message,
    ) -> Option<()> {
        let frame = self.bytes;
        let entries = &layout.nodes[node].0;
        let mut slot = Order::before_first(node);
        while at < end {
            let start = at;
            let tag = self.varint(&mut at, end)?;
            let (field, kind) = (u32::try_from(tag >> 3).ok()?, tag & 7);
            let is = |entry: &Entry| matches!(entry.name, Name::Field(number) if number == field);
            let entry = match entries.get(order.guess(slot)) {
                Some(entry) if is(entry) => entry,
                _ => {
                    let index = entries.iter().position(is)?;
                    order.learn(slot, index);
                    &entries[index]
                }
            };
            slot = Order::after(entry.bit);
            if entry.bit & (seen::BIDS | seen::ASKS) != 0 {
                let side = if entry.bit == seen::BIDS {
                    &mut message.bids
                } else {
                    &mut message.asks
                };
                at = self.levels(start, end, tag, layout.level, side)?;
                continue;
            }
            message.see(entry.bit)?;
            if kind == VARINT {
                let value = i64::try_from(self.varint(&mut at, end)?).ok()?;
                match entry.meaning {
                    Meaning::TimeMs => message.time_at(value)?,
                    Meaning::Passed => {}
                    _ => return None,
                }
                continue;
            }
            let (start, stop) = self.within(&mut at, end, kind)?;
            match &entry.meaning {
                Meaning::Within(inner) => {
                    self.fields(start, stop, layout, *inner, order, message)?;
                }
                Meaning::Symbol if self.is_ascii(start, stop) => {
                    message.symbol_at(frame, start, stop, layout)?;
                }
                Meaning::First | Meaning::Last | Meaning::Previous => {
                    let number = self.integer(start, stop)?;
                    match entry.meaning {
                        Meaning::First => message.first = number,
                        Meaning::Last => message.last = number,
                        _ => message.previous = number,
                    }
                }
                Meaning::Equal(texts) if texts.iter().any(|known| *known == frame[start..stop]) => {
                }
                Meaning::Passed | Meaning::Text if self.is_ascii(start, stop) => {}
                _ => return None,
            }
        }
        (at == end).then_some(())
    }

    /// Read this level and those that follow with the same tag; where that ends.
    #[inline(never)] // what it keeps at hand, no other field has to step aside for
    fn levels(
        &self,
        mut at: usize,
        end: usize,
        tag: u64,
        fields: (u32, u32),
        side: &mut Vec<Level>,
    ) -> Option<usize> {
        let heads = [fields.0, fields.1].map(|field| u64::from(field << 3 | 2));
        let short = tag & 7 == BYTES && tag < LONG && heads.iter().all(|head| *head < LONG);
        while at < end {
            let usual = if short {
                let window = self.window(at);
                if u64::from(window[0]) != tag {
                    return Some(at);
                }
                // A window may show what stands behind the end; no level may reach there.
                usual_level(window, tag, heads).filter(|usual| usual.1 <= end - at)
            } else {
                None
            };
            if let Some((level, length)) = usual {
                side.push(level);
                at += length;
                continue;
            }
            let before = at;
            if self.varint(&mut at, end)? != tag {
                return Some(before);
            }
            let (start, stop) = self.within(&mut at, end, tag & 7)?;
            side.push(self.level(start, stop, fields)?);
        }
        Some(at)
    }

    #[inline(never)]
    fn level(
        &self,
        mut at: usize,
        end: usize,
        (price_field, size_field): (u32, u32),
    ) -> Option<Level> {
        let (mut price, mut size) = (None, None);
        while at < end {
            let tag = self.varint(&mut at, end)?;
            let field = u32::try_from(tag >> 3).ok()?;
            let (start, stop) = self.within(&mut at, end, tag & 7)?;
            let slot = if field == price_field {
                &mut price
            } else if field == size_field {
                &mut size
            } else {
                return None;
            };
            if slot.replace(decimal(&self.bytes[start..stop])?).is_some() {
                return None;
            }
        }
        Level::new(price?, size?)
    }

    /// A whole number that is all of a text.
    #[inline]
    fn integer(&self, start: usize, stop: usize) -> Option<i64> {
        match integer_at(self.window(start), 0) {
            Some((value, length)) if start + length == stop => Some(value),
            // Digits may follow behind its end.
            _ => integer(&self.bytes[start..stop]),
        }
    }

    /// Whether a text is of ASCII alone.
    #[inline]
    fn is_ascii(&self, start: usize, stop: usize) -> bool {
        let mut text = &self.bytes[start..stop];
        let mut all = 0;
        while let Some((word, behind)) = text.split_first_chunk() {
            all |= u64::from_le_bytes(*word);
            text = behind;
        }
        // Of the last word only the bytes before the end.
        let last = word_at(self.window(stop - text.len()), 0);
        all |= last & !(u64::MAX << (8 * text.len()));
        all & (0x80 * EACH) == 0
    }

    /// Where the bytes of a field begin and end.
    #[inline]
    fn within(&self, at: &mut usize, end: usize, kind: u64) -> Option<(usize, usize)> {
        if kind != BYTES {
            return None;
        }
        let length = usize::try_from(self.varint(at, end)?).ok()?;
        let start = *at;
        let stop = start.checked_add(length)?;
        if stop > end {
            return None;
        }
        *at = stop;
        Some((start, stop))
    }

    #[inline]
    fn window(&self, at: usize) -> &Window {
        self.tail.window(&self.bytes[at..])
    }

    #[inline]
    fn varint(&self, at: &mut usize, end: usize) -> Option<u64> {
        let (value, length) = match self.bytes.get(*at) {
            Some(&byte) if byte < 0x80 => (byte.into(), 1),
            _ => long_varint(self.window(*at))?,
        };
        *at += length;
        (*at <= end).then_some(value)
    }
}

/// A level as everybody writes it: price, then size, a byte for each tag and for each length. Its bytes; None: look again.
#[inline(always)]
fn usual_level(window: &Window, tag: u64, heads: [u64; 2]) -> Option<(Level, usize)> {
    // What stands before a text: its tag and its length.
    let head = |at: usize| word_at(window, at) & 0xffff;
    let price = decimal_at(window, 4)?;
    let (middle, text) = (price.end, price.end + 2);
    let size = decimal_at(window, text)?;
    let usual = head(0) == (tag | ((size.end - 2) as u64) << 8)
        && head(2) == (heads[0] | ((middle - 4) as u64) << 8)
        && head(middle) == (heads[1] | ((size.end - text) as u64) << 8);
    let level = Level {
        price: price.value,
        size: size.value,
    };
    (usual && level.price > 0.0).then_some((level, size.end))
}

/// A number of two to nine bytes, and how many; one of ten is negative, which no id or time of a venue is.
#[inline(never)]
fn long_varint(window: &Window) -> Option<(u64, usize)> {
    let word = word_at(window, 0);
    let ends = !word & (0x80 * EACH);
    if ends == 0 {
        let top = window[8];
        let whole = seven_bits(word) | u64::from(top) << 56;
        return (0 < top && top < 0x80).then_some((whole, 9));
    }
    let last = ends.trailing_zeros();
    // Longer than it need be: nobody writes it so, and readers differ on how long is too long.
    let shortest = word >> (last - 7) & 0x7f > 0;
    shortest.then_some((
        seven_bits(word & u64::MAX >> (63 - last)),
        last as usize / 8 + 1,
    ))
}

/// Seven bits of each byte, pushed together: those of two bytes, of four, of eight.
#[inline]
fn seven_bits(word: u64) -> u64 {
    let pairs = word & 0x007f_007f_007f_007f | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = pairs & 0x0000_3fff_0000_3fff | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    fours & 0x0fff_ffff | (fours & 0x0fff_ffff_0000_0000) >> 4
}

#[cfg(test)]
mod tests {
    use super::{long_varint, scan};
    use crate::book::Level;
    use crate::layout::{Form, Habit, Layout, Meaning, Message, Name, Rule, Step};
    use crate::window::Tail;

    /// Levels within field 1, and anything in field 6.
    fn levels(frame: &[u8]) -> Option<Vec<Level>> {
        let mut layout = Layout::new(Form::Protobuf, Rule::Range);
        for (fields, meaning) in [(&[1, 1][..], Meaning::Bids), (&[6], Meaning::Passed)] {
            let path: Vec<_> = fields
                .iter()
                .map(|field| Step::Into(Name::Field(*field)))
                .collect();
            layout.declare(&path, meaning, false).expect("a path");
        }
        let mut message = Message::default();
        scan(frame, &layout, &mut Habit::default(), &mut message).map(|()| message.bids)
    }

    #[test]
    fn no_level_reaches_beyond_the_message_that_it_is_in() {
        let level = Level::new(12.5, 7.0);
        let whole = b"\x0a\x0b\x0a\x09\x0a\x0412.5\x12\x017\x32\x0212";
        assert_eq!(levels(whole), level.map(|level| vec![level]));
        // Its message ends before its size, or has one byte more; the frame goes on.
        for length in [0x0a, 0x0c] {
            let mut other = whole.to_vec();
            other[1] = length;
            assert_eq!(levels(&other), None);
        }
        // The digit behind its end is the tag of a field that nobody knows.
        assert_eq!(levels(b"\x0a\x0b\x0a\x09\x0a\x0412.5\x12\x0171"), None);
        let mut next = whole.to_vec();
        next.splice(13..13, *b"\x0a\x09\x0a\x0412.5\x12\x017");
        next[1] += 11;
        assert_eq!(levels(&next), level.map(|level| vec![level, level]));
    }

    fn read(bytes: &[u8]) -> Option<(u64, usize)> {
        long_varint(Tail::of(bytes).window(bytes))
    }

    #[test]
    fn reads_numbers_of_two_to_nine_bytes() {
        for value in (7..63).flat_map(|bits| [1 << bits, (1 << bits) + 1, (2 << bits) - 1]) {
            let (mut bytes, mut left) = (Vec::new(), value);
            while left > 0x7f {
                bytes.push(left as u8 | 0x80);
                left >>= 7;
            }
            bytes.push(left as u8);
            assert_eq!(read(&bytes), Some((value, bytes.len())));
            bytes.extend([0xff; 9]);
            assert_eq!(read(&bytes), Some((value, bytes.len() - 9)));
            *bytes.first_mut().expect("a byte") |= 0x80;
            let cut = bytes.len() - 10;
            assert_eq!(read(&bytes[..cut]), None);
            bytes[cut] = 0;
            assert_eq!(read(&bytes), (cut == 0).then_some((0, 1)));
        }
        assert_eq!(read(&[0xff; 10]), None);
        assert_eq!(read(&[0x80; 9]), None);
    }
}

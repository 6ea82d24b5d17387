//! Walks a protobuf frame by a layout, in one pass.
//!
//! None = the dialect decides. That is: a field that the layout does not name (it may be another body of a oneof, or a
//! text that is no UTF-8), one that comes twice where one counts, another wire type than is declared, text beyond ASCII,
//! a number that is not plainly spelled, broken bytes. Ids are texts and times are varints: of the other wire type either is
//! a field that nobody knows, and the message lacks it.
#![forbid(unsafe_code)]

use crate::book::Level;
use crate::layout::{Entry, Habit, Layout, Meaning, Message, Name, Order};
use crate::number::{decimal, integer, marked_decimal, marks, word_at, Tail, Window};

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
    tail.hold(frame);
    fields(
        (frame, &tail),
        0,
        frame.len(),
        layout,
        0,
        &mut habit.order,
        message,
    )
}

fn fields(
    (frame, tail): (&[u8], &Tail),
    mut at: usize,
    end: usize,
    layout: &Layout,
    node: usize,
    order: &mut Order,
    message: &mut Message,
) -> Option<()> {
    let entries = &layout.nodes[node].0;
    let mut slot = Order::before_first(node);
    while at < end {
        let start = at;
        let tag = varint(frame, &mut at, end)?;
        let (field, kind) = (u32::try_from(tag >> 3).ok()?, tag & 7);
        let is = |entry: &Entry| matches!(entry.name, Name::Field(number) if number == field);
        let mut index = order.guess(slot);
        if !entries.get(index).is_some_and(is) {
            index = entries.iter().position(is)?;
            order.learn(slot, index);
        }
        let entry = &entries[index];
        slot = Order::after(entry.bit);
        if matches!(entry.meaning, Meaning::Bids | Meaning::Asks) {
            let side = if entry.meaning == Meaning::Bids {
                &mut message.bids
            } else {
                &mut message.asks
            };
            at = levels((frame, tail), start, end, tag, layout.level, side)?;
            continue;
        }
        message.see(entry.bit)?;
        if kind == VARINT {
            let value = i64::try_from(varint(frame, &mut at, end)?).ok()?;
            match entry.meaning {
                Meaning::TimeMs => message.time_at(value)?,
                Meaning::Passed => {}
                _ => return None,
            }
            continue;
        }
        let (start, stop) = bytes(frame, &mut at, end, kind)?;
        let text = &frame[start..stop];
        match &entry.meaning {
            Meaning::Within(inner) => {
                fields((frame, tail), start, stop, layout, *inner, order, message)?
            }
            Meaning::Symbol if text.is_ascii() => message.symbol_at(frame, start, stop, layout)?,
            Meaning::First => message.first = integer(text)?,
            Meaning::Last => message.last = integer(text)?,
            Meaning::Previous => message.previous = integer(text)?,
            Meaning::Equal(texts) if texts.iter().any(|known| known == text) => {}
            Meaning::Passed | Meaning::Text if text.is_ascii() => {}
            _ => return None,
        }
    }
    (at == end).then_some(())
}

/// Read this level and those that follow with the same tag; where that ends.
fn levels(
    (frame, tail): (&[u8], &Tail),
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
            usual_level(tail.window(&frame[at..]), tag, heads)
                .filter(|(_, length)| *length <= end - at)
        } else {
            None
        };
        if let Some((level, length)) = usual {
            side.push(level);
            at += length;
            continue;
        }
        let before = at;
        if varint(frame, &mut at, end)? != tag {
            return Some(before);
        }
        let (start, stop) = bytes(frame, &mut at, end, tag & 7)?;
        side.push(level(frame, start, stop, fields)?);
    }
    Some(at)
}

/// A level as everybody writes it: price, then size, a byte for each tag and for each length. Its bytes; None: look again.
#[inline(always)]
fn usual_level(window: &Window, tag: u64, heads: [u64; 2]) -> Option<(Level, usize)> {
    // What stands before a text: its tag and its length.
    let head = |at: usize| word_at(window, at) & 0xffff;
    let marks = marks(window);
    let price = marked_decimal(window, marks, 4)?;
    let (middle, text) = (price.end, price.end + 2);
    let size = marked_decimal(window, marks, text)?;
    let usual = head(0) == (tag | ((size.end - 2) as u64) << 8)
        && head(2) == (heads[0] | ((middle - 4) as u64) << 8)
        && head(middle) == (heads[1] | ((size.end - text) as u64) << 8);
    let level = Level {
        price: price.value,
        size: size.value,
    };
    (usual && level.price > 0.0).then_some((level, size.end))
}

#[inline(never)]
fn level(
    frame: &[u8],
    mut at: usize,
    end: usize,
    (price_field, size_field): (u32, u32),
) -> Option<Level> {
    let (mut price, mut size) = (None, None);
    while at < end {
        let tag = varint(frame, &mut at, end)?;
        let field = u32::try_from(tag >> 3).ok()?;
        let (start, stop) = bytes(frame, &mut at, end, tag & 7)?;
        let slot = if field == price_field {
            &mut price
        } else if field == size_field {
            &mut size
        } else {
            return None;
        };
        if slot.replace(decimal(&frame[start..stop])?).is_some() {
            return None;
        }
    }
    Level::new(price?, size?)
}

/// Where the bytes of a field begin and end.
#[inline]
fn bytes(frame: &[u8], at: &mut usize, end: usize, kind: u64) -> Option<(usize, usize)> {
    if kind != BYTES {
        return None;
    }
    let length = usize::try_from(varint(frame, at, end)?).ok()?;
    let start = *at;
    let stop = start.checked_add(length)?;
    if stop > end {
        return None;
    }
    *at = stop;
    Some((start, stop))
}

#[inline]
fn varint(frame: &[u8], at: &mut usize, end: usize) -> Option<u64> {
    match frame[..end].get(*at) {
        Some(&byte) if byte < 0x80 => {
            *at += 1;
            Some(byte.into())
        }
        _ => long_varint(frame, at, end),
    }
}

#[inline(never)]
fn long_varint(frame: &[u8], at: &mut usize, end: usize) -> Option<u64> {
    let rest = frame.get(*at..end)?;
    let mut value = 0;
    // A tenth byte: a negative number, which no id or time of a venue is.
    for (place, &byte) in rest.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            *at += place + 1;
            // Longer than it need be: nobody writes it so, and readers differ on how long is too long.
            return (byte > 0 || place == 0).then_some(value);
        }
    }
    None
}

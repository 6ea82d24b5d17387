//! Walks a protobuf frame by a layout, in one pass.
//!
//! None = the dialect decides. That is: a field that the layout does not name (it may be another body of a oneof, or a
//! text that is no UTF-8), one that comes twice where one counts, another wire type than is declared, text beyond ASCII,
//! a number that is not plainly spelled, broken bytes. Ids are texts and times are varints: of the other wire type either is
//! a field that nobody knows, and the message lacks it.
#![forbid(unsafe_code)]

use crate::book::Level;
use crate::layout::{Entry, Layout, Meaning, Message, Name, Order};
use crate::number::{decimal, decimal_at_start, integer};

const VARINT: u64 = 0;
const BYTES: u64 = 2;

/// Read one whole frame.
#[inline]
#[must_use]
pub fn scan(frame: &[u8], layout: &Layout, message: &mut Message) -> Option<()> {
    message.clear();
    fields(frame, 0, frame.len(), layout, 0, message)
}

fn fields(
    frame: &[u8],
    mut at: usize,
    end: usize,
    layout: &Layout,
    node: usize,
    message: &mut Message,
) -> Option<()> {
    let entries = &layout.nodes[node].0;
    let mut slot = Order::before_first(node);
    while at < end {
        let tag = varint(frame, &mut at, end)?;
        let (field, kind) = (u32::try_from(tag >> 3).ok()?, tag & 7);
        let is = |entry: &Entry| matches!(entry.name, Name::Field(number) if number == field);
        let mut index = message.order.guess(slot);
        if !entries.get(index).is_some_and(is) {
            index = entries.iter().position(is)?;
            message.order.learn(slot, index);
        }
        let entry = &entries[index];
        slot = Order::after(entry.bit);
        if matches!(entry.meaning, Meaning::Bids | Meaning::Asks) {
            let side = if entry.meaning == Meaning::Bids {
                &mut message.bids
            } else {
                &mut message.asks
            };
            let (start, stop) = bytes(frame, &mut at, end, kind)?;
            side.push(level(frame, start, stop, layout.level)?);
            // The same field comes again for each further level.
            while at < end && u64::from(frame[at]) == tag {
                at += 1;
                let (start, stop) = bytes(frame, &mut at, end, kind)?;
                side.push(level(frame, start, stop, layout.level)?);
            }
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
            Meaning::Within(inner) => fields(frame, start, stop, layout, *inner, message)?,
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

#[inline]
fn level(
    frame: &[u8],
    mut at: usize,
    end: usize,
    (price_field, size_field): (u32, u32),
) -> Option<Level> {
    if let Some(level) = usual_level(frame, at, end, (price_field, size_field)) {
        return Some(level);
    }
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

/// A level as everybody writes it: price, then size, a byte for each tag and for each length. None: look again.
#[inline]
fn usual_level(
    frame: &[u8],
    at: usize,
    end: usize,
    (price_field, size_field): (u32, u32),
) -> Option<Level> {
    let number = |at: usize, field: u32| {
        let [tag, length] = *frame.get(at..end)?.first_chunk()?;
        let (value, read) = decimal_at_start(&frame[at + 2..])?;
        (u32::from(tag) == (field << 3 | 2) && usize::from(length) == read)
            .then_some((value, at + 2 + read))
    };
    let (price, at) = number(at, price_field)?;
    let (size, at) = number(at, size_field)?;
    if at != end {
        return None;
    }
    Level::new(price, size)
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
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        if *at >= end {
            return None;
        }
        let byte = frame[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            // Longer than it need be: nobody writes it so, and readers differ on how long is too long.
            return (byte > 0 || shift == 0).then_some(value);
        }
    }
    // A tenth byte: a negative number, which no id or time of a venue is.
    None
}

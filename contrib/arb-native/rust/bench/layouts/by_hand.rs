//! Decoders that know one venue's message, as one would write them for it alone: what a layout's interpreter is held against.
//! They read numbers as the scanners do, and take every field where this venue puts it.

use arb_native::book::Level;
use arb_native::layout::Message;
use arb_native::number::{decimal, decimal_at, integer, integer_at};
use arb_native::window::Tail;

fn decimal_at_start(text: &[u8], tail: &Tail) -> Option<(f64, usize)> {
    let found = decimal_at(tail.window(text), 0)?;
    Some((found.value, found.end))
}

fn integer_at_start(text: &[u8], tail: &Tail) -> Option<(i64, usize)> {
    integer_at(tail.window(text), 0)
}

/// `PushDataV3ApiWrapper` with `publicAggreDepths`.
pub fn mexc(frame: &[u8], message: &mut Message) -> Option<()> {
    message.clear();
    let mut tail = Tail::NONE;
    tail.take(frame);
    let mut at = 0;
    while at < frame.len() {
        let tag = varint(frame, &mut at)?;
        match tag {
            0x0a => _ = ascii(frame, &mut at)?,
            0x1a => {
                let symbol = ascii(frame, &mut at)?;
                message.symbol = (at - symbol.len(), at);
            }
            0x30 => message.time_at(varint(frame, &mut at)? as i64)?,
            0x9ca | 0x13ca => {
                let length = varint(frame, &mut at)? as usize;
                let body = frame.get(at..at.checked_add(length)?)?;
                depths(frame, at, at + body.len(), &tail, message)?;
                at += length;
            }
            _ => return None,
        }
    }
    Some(())
}

fn depths(
    frame: &[u8],
    mut at: usize,
    end: usize,
    tail: &Tail,
    message: &mut Message,
) -> Option<()> {
    let frame_to_end = &frame[..end];
    while at < end {
        let tag = frame_to_end[at];
        at += 1;
        match tag {
            0x0a => message.asks.push(level(frame, &mut at, end, tail)?),
            0x12 => message.bids.push(level(frame, &mut at, end, tail)?),
            0x1a => _ = ascii(frame_to_end, &mut at)?,
            0x22 => message.first = integer(ascii(frame_to_end, &mut at)?)?,
            0x2a => message.last = integer(ascii(frame_to_end, &mut at)?)?,
            _ => return None,
        }
    }
    Some(())
}

fn level(frame: &[u8], at: &mut usize, end: usize, tail: &Tail) -> Option<Level> {
    let length = usize::from(*frame.get(*at)?);
    *at += 1;
    let stop = *at + length;
    if length > 0x7f || stop > end {
        return None;
    }
    let mut number = |tag: u8| {
        let [found, length] = *frame.get(*at..stop)?.first_chunk()?;
        *at += 2;
        let text = frame.get(*at..*at + usize::from(length))?;
        *at += text.len();
        if found != tag {
            return None;
        }
        match decimal_at_start(&frame[*at - text.len()..], tail) {
            Some((value, read)) if read == text.len() => Some(value),
            _ => decimal(text),
        }
    };
    let (price, size) = (number(0x0a)?, number(0x12)?);
    (*at == stop).then(|| Level::new(price, size))?
}

fn ascii<'a>(frame: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
    let length = varint(frame, at)? as usize;
    let text = frame.get(*at..at.checked_add(length)?)?;
    *at += length;
    text.is_ascii().then_some(text)
}

fn varint(frame: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let byte = *frame.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// `depthUpdate` on a combined stream, its keys in Binance's order and no space between.
pub fn binance(frame: &[u8], message: &mut Message) -> Option<()> {
    message.clear();
    let mut tail = Tail::NONE;
    tail.take(frame);
    let rest = frame.strip_prefix(b"{\"stream\":\"")?;
    let name = rest.iter().position(|byte| *byte == b'"')?;
    let rest = rest[name..].strip_prefix(b"\",\"data\":{\"e\":\"depthUpdate\",\"E\":")?;
    let (time, length) = integer_at_start(rest, &tail)?;
    message.time_at(time)?;
    let rest = rest[length..].strip_prefix(b",\"s\":\"")?;
    let symbol = rest.iter().position(|byte| *byte == b'"')?;
    let start = frame.len() - rest.len();
    message.symbol = (start, start + symbol);
    let rest = rest[symbol..].strip_prefix(b"\",\"U\":")?;
    let (first, length) = integer_at_start(rest, &tail)?;
    let rest = rest[length..].strip_prefix(b",\"u\":")?;
    let (last, length) = integer_at_start(rest, &tail)?;
    (message.first, message.last) = (first, last);
    let rest = rest[length..].strip_prefix(b",\"b\":[")?;
    let rest = levels(rest, &tail, &mut message.bids)?.strip_prefix(b",\"a\":[")?;
    let rest = levels(rest, &tail, &mut message.asks)?;
    (rest == b"}}").then_some(())
}

fn levels<'a>(mut rest: &'a [u8], tail: &Tail, into: &mut Vec<Level>) -> Option<&'a [u8]> {
    if let Some(rest) = rest.strip_prefix(b"]") {
        return Some(rest);
    }
    loop {
        rest = rest.strip_prefix(b"[\"")?;
        let (price, length) = decimal_at_start(rest, tail)?;
        rest = rest[length..].strip_prefix(b"\",\"")?;
        let (size, length) = decimal_at_start(rest, tail)?;
        rest = rest[length..].strip_prefix(b"\"]")?;
        into.push(Level::new(price, size)?);
        match rest.split_first()? {
            (b',', more) => rest = more,
            (b']', more) => return Some(more),
            _ => return None,
        }
    }
}

//! Decoders that know one venue's message, as one would write them for it alone: what a layout's interpreter is held against.
//! They read numbers as the scanners do, and take every field where this venue puts it.

use arb_native::book::Level;
use arb_native::layout::Message;
use arb_native::number::{decimal_at, integer, integer_at, marked_decimal, marks};
use arb_native::window::{word_at, Tail};

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
                depths((frame, &tail), at, at + body.len(), message)?;
                at += length;
            }
            _ => return None,
        }
    }
    Some(())
}

fn depths(
    (frame, tail): (&[u8], &Tail),
    mut at: usize,
    end: usize,
    message: &mut Message,
) -> Option<()> {
    let frame_to_end = &frame[..end];
    while at < end {
        let tag = frame_to_end[at];
        at += 1;
        match tag {
            0x0a => message.asks.push(level((frame, tail), &mut at, end)?),
            0x12 => message.bids.push(level((frame, tail), &mut at, end)?),
            0x1a => _ = ascii(frame_to_end, &mut at)?,
            0x22 => message.first = integer(ascii(frame_to_end, &mut at)?)?,
            0x2a => message.last = integer(ascii(frame_to_end, &mut at)?)?,
            _ => return None,
        }
    }
    Some(())
}

/// Price, then size, a byte for each tag and for each length.
fn level((frame, tail): (&[u8], &Tail), at: &mut usize, end: usize) -> Option<Level> {
    // The tag of the level is read already.
    let window = tail.window(frame.get(*at - 1..)?);
    let byte = |at: usize| word_at(window, at) as u8;
    let price = decimal_at(window, 4)?;
    let size = decimal_at(window, price.end + 2)?;
    let heads = byte(2) == 0x0a && byte(price.end) == 0x12;
    let lengths = usize::from(byte(1)) == size.end - 2
        && usize::from(byte(3)) == price.end - 4
        && usize::from(byte(price.end + 1)) == size.end - price.end - 2;
    *at += size.end - 1;
    (heads && lengths && *at <= end).then(|| Level::new(price.value, size.value))?
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
    let tail = &tail;
    let rest = frame.strip_prefix(b"{\"stream\":\"")?;
    let name = rest.iter().position(|byte| *byte == b'"')?;
    let rest = rest[name..].strip_prefix(b"\",\"data\":{\"e\":\"depthUpdate\",\"E\":")?;
    let (time, length) = integer_at(tail.window(rest), 0)?;
    message.time_at(time)?;
    let rest = rest[length..].strip_prefix(b",\"s\":\"")?;
    let symbol = rest.iter().position(|byte| *byte == b'"')?;
    let start = frame.len() - rest.len();
    message.symbol = (start, start + symbol);
    let rest = rest[symbol..].strip_prefix(b"\",\"U\":")?;
    let (first, length) = integer_at(tail.window(rest), 0)?;
    let rest = rest[length..].strip_prefix(b",\"u\":")?;
    let (last, length) = integer_at(tail.window(rest), 0)?;
    (message.first, message.last) = (first, last);
    let rest = rest[length..].strip_prefix(b",\"b\":[")?;
    let rest = levels((rest, tail), &mut message.bids)?.strip_prefix(b",\"a\":[")?;
    let rest = levels((rest, tail), &mut message.asks)?;
    (rest == b"}}").then_some(())
}

fn levels<'a>((mut rest, tail): (&'a [u8], &Tail), into: &mut Vec<Level>) -> Option<&'a [u8]> {
    if let Some(rest) = rest.strip_prefix(b"]") {
        return Some(rest);
    }
    loop {
        let window = tail.window(rest);
        let marks = marks(window);
        let price = marked_decimal(window, marks, 2)?;
        let size = marked_decimal(window, marks, price.end + 3)?;
        into.push(Level::new(price.value, size.value)?);
        let words = rest.starts_with(b"[\"") && rest[price.end..].starts_with(b"\",\"");
        rest = rest.get(size.end..)?.strip_prefix(b"\"]")?;
        match rest.split_first()? {
            (b',', more) if words => rest = more,
            (b']', more) if words => return Some(more),
            _ => return None,
        }
    }
}

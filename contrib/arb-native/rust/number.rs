//! Numbers from text, correctly rounded, so that equal text is an equal price.
//!
//! Only plain spellings are read: `12`, `0.5`, `12.50`. A sign, an exponent, a leading zero, a space or nothing at all is
//! None, and whoever asked leaves the frame to the dialect.
#![forbid(unsafe_code)]

use wide::{i8x16, CmpGt};

use crate::text::{EACH, WIDE};
use crate::window::{wide_at, word_at, Window, SEEN};

/// Powers of ten that float64 holds exactly.
pub const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Digits of which any number fits u64.
const SHORT: usize = 19;

/// Up to here every whole number is a float64.
const WHOLE: u64 = 1 << 53;

/// Read a decimal.
///
/// With digits up to 2^53 and at most 22 of them behind the point both operands of the division are exact, so that the
/// result is rounded once (Clinger, "How to Read Floating Point Numbers Accurately", 1990). Longer texts go to the
/// standard library.
#[inline]
#[must_use]
pub fn decimal(text: &[u8]) -> Option<f64> {
    if text.len() > SHORT {
        return long(text);
    }
    let mut value: u64 = 0;
    let mut point = text.len();
    for (at, &byte) in text.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            value = value * 10 + u64::from(digit);
        } else if byte == b'.' && point == text.len() {
            point = at;
        } else {
            return None;
        }
    }
    finish(text, value, point)
}

/// A number in a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    pub value: f64,
    /// Digits behind the point.
    pub decimals: u8,
    /// Where it ends.
    pub end: usize,
}

/// Read the decimal that stands there, eight digits at a time.
///
/// None also where it is merely long; `decimal` reads that. What may stand behind it is for the caller to say.
#[inline(always)] // a third of its instructions would be those of the call
#[must_use]
pub fn decimal_at(window: &Window, at: usize) -> Option<Found> {
    let text = word_at(window, at);
    let whole = text ^ ZEROS;
    let length = digits(whole);
    // Prices of eight whole digits are none of any market; above, what follows would not be exact.
    if length == 0 || length == 8 || (length > 1 && whole as u8 == 0) {
        return None;
    }
    let point = 8 * length;
    if (text >> point) as u8 != b'.' {
        return Some(found(value(whole, length), 0, at + length));
    }
    // Digits before the point from here, those behind it from one place further: then no point is between.
    let behind = u64::MAX << point;
    let all = whole & !behind | (word_at(window, at + 1) ^ ZEROS) & behind;
    let count = digits(all);
    if count == length {
        return None;
    }
    if count < 8 {
        return Some(found(value(all, count), count - length, at + count + 1));
    }
    let word = word_at(window, at + 9) ^ ZEROS;
    let more = digits(word);
    if more == 0 {
        return Some(found(value(all, 8), 8 - length, at + 9));
    }
    let all = value(all, 8) * WHOLE_POWERS[more] + value(word, more);
    // At most 15 digits: exact.
    (more < 8).then(|| found(all, 8 - length + more, at + 9 + more))
}

/// A number that is no larger than `WHOLE`.
#[inline]
fn found(value: u64, decimals: usize, end: usize) -> Found {
    Found {
        value: value as i64 as f64 / EXACT[decimals],
        decimals: decimals as u8,
        end,
    }
}

/// A bit for each of the first 64 bytes that is no digit: so all numbers of a level are told apart at once, and none has to wait
/// for the end of the one before it.
#[inline(always)]
#[must_use]
pub fn marks(window: &Window) -> u64 {
    // Moved to where digits are the lowest of all signed bytes, so that one comparison tells them.
    let lowest = i8x16::splat(i8::MIN.wrapping_sub(b'0' as i8));
    let nine = i8x16::splat(i8::MIN + 9);
    (0..SEEN).step_by(WIDE).fold(0, |marks, at| {
        let bytes = i8x16::new(wide_at(window, at).to_le_bytes().map(|byte| byte as i8)) + lowest;
        marks | u64::from(bytes.cmp_gt(nine).move_mask() as u16) << at
    })
}

/// The same as `decimal_at`, sooner, by the marks of the window.
#[inline(always)]
#[must_use]
pub fn marked_decimal(window: &Window, marks: u64, at: usize) -> Option<Found> {
    let marks = marks & u64::MAX.checked_shl(at as u32).unwrap_or(0);
    let point = marks.trailing_zeros() as usize;
    let end = (marks & marks.wrapping_sub(1)).trailing_zeros() as usize;
    let (length, decimals) = (point.wrapping_sub(at), end.wrapping_sub(point + 1));
    let usual = word_at(window, point) as u8 == b'.'
        && length.wrapping_sub(1) < 7
        && decimals.wrapping_sub(1) < 8
        && end < SEEN;
    let whole = word_at(window, at) ^ ZEROS;
    if !usual || (length > 1 && whole as u8 == 0) {
        return unusual(window, at);
    }
    let part = word_at(window, point + 1) ^ ZEROS;
    let digits = if length + decimals <= 8 {
        // The point is taken out, and one word holds all.
        let behind = 8 * length as u32;
        let all = whole & !u64::MAX.wrapping_shl(behind) | part.wrapping_shl(behind);
        value(all, length + decimals)
    } else {
        // At most 15: exact.
        value(whole, length) * WHOLE_POWERS[decimals] + value(part, decimals)
    };
    Some(found(digits, decimals, end))
}

#[inline(never)]
fn unusual(window: &Window, at: usize) -> Option<Found> {
    decimal_at(window, at)
}

/// Read the whole number that stands there: (value, where it ends). None where `integer` has to look, as above.
#[inline]
#[must_use]
pub fn integer_at(window: &Window, at: usize) -> Option<(i64, usize)> {
    let word = word_at(window, at) ^ ZEROS;
    let length = digits(word);
    if length == 0 || (length > 1 && word as u8 == 0) {
        return None;
    }
    let (mut whole, mut at) = (value(word, length), at + length);
    if length == 8 {
        let word = word_at(window, at) ^ ZEROS;
        let length = digits(word);
        if length > 0 {
            whole = whole * WHOLE_POWERS[length] + value(word, length);
            at += length;
        }
        if length == 8 {
            let word = word_at(window, at) ^ ZEROS;
            let length = digits(word);
            if length > 3 {
                return None;
            }
            if length > 0 {
                whole = whole * WHOLE_POWERS[length] + value(word, length);
                at += length;
            }
        }
    }
    Some((i64::try_from(whole).ok()?, at))
}

const ZEROS: u64 = b'0' as u64 * EACH;

const WHOLE_POWERS: [u64; 9] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// How many bytes at the start are digits: below ten.
#[inline]
fn digits(word: u64) -> usize {
    // A carry reaches only bytes behind one that is no digit.
    let other = (word.wrapping_add(0x76 * EACH) | word) & (0x80 * EACH);
    other.trailing_zeros() as usize / 8
}

/// What the first digits say, one at least and all eight at most.
#[inline]
fn value(word: u64, length: usize) -> u64 {
    // They move to the end, behind zeros; then pairs, fours and eights are added up at once.
    let word = word.wrapping_shl(64 - 8 * length as u32);
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let mask = 0x0000_00ff_0000_00ff;
    let high = (pairs & mask).wrapping_mul(100 + (1_000_000 << 32));
    let low = (pairs >> 16 & mask).wrapping_mul(1 + (10_000 << 32));
    high.wrapping_add(low) >> 32
}

#[inline]
#[allow(clippy::cast_precision_loss)] // not up to WHOLE
fn finish(text: &[u8], value: u64, point: usize) -> Option<f64> {
    let decimals = match (text.len() - point).checked_sub(1) {
        None => 0,
        Some(0) => return None,
        Some(decimals) => decimals,
    };
    if point == 0 || (text[0] == b'0' && point > 1) {
        return None;
    }
    if value <= WHOLE && text.len() <= SHORT {
        Some(value as f64 / EXACT[decimals])
    } else {
        long(text)
    }
}

#[cold]
fn long(text: &[u8]) -> Option<f64> {
    let mut parts = text.splitn(2, |&byte| byte == b'.');
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let whole = parts.next().filter(|part| digits(part))?;
    if (whole[0] == b'0' && whole.len() > 1) || !parts.next().is_none_or(digits) {
        return None;
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    value.is_finite().then_some(value)
}

/// Read a whole number that fits i64, which any id or time is: those of Bitget's books have 19 digits.
#[inline]
#[must_use]
pub fn integer(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > SHORT || (text[0] == b'0' && text.len() > 1) {
        return None;
    }
    let mut value: u64 = 0;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    i64::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::{decimal, decimal_at, integer, integer_at, marked_decimal, marks};
    use crate::window::{Tail, SEEN};

    fn decimal_at_start(text: &str) -> Option<(f64, usize)> {
        let tail = Tail::of(text.as_bytes());
        let window = tail.window(text.as_bytes());
        let found = decimal_at(window, 0);
        assert_eq!(marked_decimal(window, marks(window), 0), found, "{text}");
        let found = found?;
        let point = text[..found.end].find('.');
        assert_eq!(
            usize::from(found.decimals),
            point.map_or(0, |point| found.end - point - 1)
        );
        Some((found.value, found.end))
    }

    fn integer_at_start(text: &str) -> Option<(i64, usize)> {
        integer_at(Tail::of(text.as_bytes()).window(text.as_bytes()), 0)
    }

    /// Knuth's linear congruential generator: the same texts in every run.
    fn texts(count: u64) -> impl Iterator<Item = String> {
        let mut seed: u64 = 1;
        (0..count).map(move |round| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let whole = seed >> (round % 64);
            match round % 3 {
                0 => format!("{whole}"),
                1 => format!(
                    "{whole}.{:0width$}",
                    seed % 1_000_000_007,
                    width = 1 + usize::try_from(round % 25).unwrap()
                ),
                _ => format!(
                    "0.{:0width$}",
                    seed % 100_003,
                    width = 6 + usize::try_from(round % 9).unwrap()
                ),
            }
        })
    }

    #[test]
    fn equals_the_standard_library() {
        for text in texts(if cfg!(miri) { 300 } else { 300_000 }) {
            let expected: Option<f64> = text.parse().ok();
            assert_eq!(decimal(text.as_bytes()), expected, "{text}");
            for behind in ["\",\"1.5\"]", ",12345678", "\x12\x082.500000"] {
                let followed = format!("{text}{behind}");
                let fast = decimal_at_start(&followed);
                assert!(
                    fast.is_none_or(|found| found == (expected.unwrap(), text.len())),
                    "{followed}"
                );
                let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
                let usual = whole.len() < 8 && part.len() < 13 && text.len() < 17;
                assert!(fast.is_some() || !usual, "{followed}");
                let fast = integer_at_start(&followed);
                assert!(
                    fast.is_none_or(|found| found == (whole.parse().unwrap(), whole.len())),
                    "{followed}"
                );
                assert!(
                    fast.is_some() || whole.parse::<i64>().is_err(),
                    "{followed}"
                );
            }
        }
    }

    #[test]
    fn every_byte_at_every_place_is_marked_or_a_digit() {
        for byte in 0..=255_u8 {
            for place in 0..SEEN {
                let mut text = [b'7'; 2 * SEEN];
                text[place] = byte;
                let expected = u64::from(!byte.is_ascii_digit()) << place;
                assert_eq!(marks(Tail::of(&text).window(&text)), expected);
            }
        }
    }

    /// At every place of a window, up to its border.
    #[test]
    fn numbers_behind_others_are_the_same_by_their_marks() {
        for text in [
            "12.5",
            "0.00012345",
            "9999999.99999999",
            "7",
            "1.123456789",
            "1234567890.5",
        ] {
            for at in 0..SEEN {
                for behind in ["\"]", "\x12\x01", ",", ""] {
                    let padded = format!("{}{text}{behind}", "x".repeat(at));
                    let tail = Tail::of(padded.as_bytes());
                    let window = tail.window(padded.as_bytes());
                    let found = marked_decimal(window, marks(window), at);
                    assert_eq!(found, decimal_at(window, at), "{padded}");
                    if let (Some(found), true) = (found, at + text.len() < SEEN) {
                        assert_eq!(
                            (found.value, found.end),
                            (text.parse().unwrap(), at + text.len())
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn reads_plain_spellings_only() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e5",
            "1E5",
            " 1",
            "1 ",
            "1.2.3",
            "nan",
            "inf",
            "1_0",
            "0x1",
            "00",
            "01.5",
            "1.5e3",
            "111111111111111111111.",
            ".1111111111111111111111",
            "0111111111111111111111.5",
        ] {
            assert_eq!(decimal(text.as_bytes()), None, "{text}");
            // Where it reads a part, what is left is no end of a number.
            let followed = format!("{text}\"        ");
            let fast = decimal_at_start(&followed);
            assert!(
                fast.is_none_or(|(_, length)| followed.as_bytes()[length] != b'"'),
                "{text}"
            );
        }
        assert_eq!(decimal("9".repeat(400).as_bytes()), None);
        assert_eq!(decimal(b"0"), Some(0.0));
        assert_eq!(decimal(b"0.00000000"), Some(0.0));
        assert_eq!(decimal_at_start("12.5"), Some((12.5, 4)));
        assert_eq!(decimal_at_start("12."), None);
    }

    #[test]
    fn reads_ids() {
        assert_eq!(integer(b"0"), Some(0));
        assert_eq!(
            integer(b"999999999999999999"),
            Some(999_999_999_999_999_999)
        );
        assert_eq!(
            integer(b"1343064377779269632"),
            Some(1_343_064_377_779_269_632)
        );
        assert_eq!(integer(b"9223372036854775807"), Some(i64::MAX));
        for text in [
            "",
            "-1",
            "007",
            "1.0",
            "9223372036854775808",
            "9999999999999999999",
            "10000000000000000000",
            " 1",
        ] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }
}

//! Text of frames, many bytes at a time.
#![forbid(unsafe_code)]

use wide::{i8x16, CmpEq, CmpGt};

use crate::window::{wide_at, Window, SEEN};

/// A byte in each place of a word, by multiplication.
pub const EACH: u64 = 0x0101_0101_0101_0101;
const TOP: u64 = 0x80 * EACH;

/// Whether a byte stands for itself within quotes: ASCII, and neither a quote, an escape nor a control character.
#[inline]
#[must_use]
pub fn is_plain(byte: u8) -> bool {
    (b' '..0x80).contains(&byte) && byte != b'"' && byte != b'\\'
}

/// How many bytes at the start stand for themselves within quotes.
#[inline]
#[must_use]
pub fn plain_at_start(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((chunk, behind)) = rest.split_first_chunk() {
        let other = not_plain(u64::from_le_bytes(*chunk));
        if other != 0 {
            return text.len() - rest.len() + other.trailing_zeros() as usize / 8;
        }
        rest = behind;
    }
    let left = rest.iter().position(|&byte| !is_plain(byte));
    text.len() - rest.len() + left.unwrap_or(rest.len())
}

/// The same of what a window shows, at most `SEEN`: behind the end of its text nothing does.
#[inline]
#[must_use]
pub fn plain_in(window: &Window) -> usize {
    // Bytes beyond ASCII are below any other, as signed ones.
    let (space, quote, escape) = (
        i8x16::splat(b' ' as i8),
        i8x16::splat(b'"' as i8),
        i8x16::splat(b'\\' as i8),
    );
    for at in (0..SEEN).step_by(WIDE) {
        let bytes = i8x16::new(wide_at(window, at).to_le_bytes().map(|byte| byte as i8));
        let others = space.cmp_gt(bytes) | bytes.cmp_eq(quote) | bytes.cmp_eq(escape);
        let others = others.move_mask();
        if others != 0 {
            return at + others.trailing_zeros() as usize;
        }
    }
    SEEN
}

/// The top bit of the first byte that does not stand for itself; those of later bytes mean nothing.
#[inline]
fn not_plain(word: u64) -> u64 {
    // A byte borrows from the next one where it is below what is taken away: then it is itself one of these.
    let below = |word: u64, byte: u64| word.wrapping_sub(byte * EACH);
    let (quote, escape) = (
        word ^ (u64::from(b'"') * EACH),
        word ^ (u64::from(b'\\') * EACH),
    );
    (word | below(word, u64::from(b' ')) | below(quote, 1) | below(escape, 1)) & TOP
}

/// A text of at most sixteen bytes, compared at once.
#[derive(Clone, Copy, Debug)]
pub struct Short {
    bytes: u128,
    mask: u128,
    pub length: usize,
}

impl Short {
    /// None where it is longer.
    #[must_use]
    pub fn new(text: &[u8]) -> Option<Short> {
        let mut bytes = [0; WIDE];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Short {
            bytes: u128::from_le_bytes(bytes),
            mask: mask(text.len()),
            length: text.len(),
        })
    }

    /// Whether the bytes begin with it.
    #[inline]
    #[must_use]
    pub fn begins(&self, bytes: u128) -> bool {
        (bytes ^ self.bytes) & self.mask == 0
    }
}

/// Bytes that are compared at once.
pub const WIDE: usize = size_of::<u128>();

/// The first bytes of sixteen.
#[must_use]
pub fn mask(length: usize) -> u128 {
    let others = 8 * WIDE.saturating_sub(length) as u32;
    u128::MAX.checked_shr(others).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{is_plain, plain_at_start, plain_in};
    use crate::window::{Tail, SEEN};

    #[test]
    fn every_byte_at_every_place_is_told() {
        for other in 0..=255_u8 {
            for place in 0..20 {
                for behind in [b'a', other, b'"', 0xff, 0, b'!'] {
                    let mut text = *b"abcdefghijklmnopqrst";
                    text[place + 1..].fill(behind);
                    text[place] = other;
                    let expected = text.iter().position(|&byte| !is_plain(byte));
                    let expected = expected.unwrap_or(text.len());
                    assert_eq!(plain_at_start(&text), expected, "{text:?}");
                    assert_eq!(
                        plain_in(Tail::of(&text).window(&text)),
                        expected,
                        "{text:?}"
                    );
                }
            }
        }
        assert_eq!(plain_at_start(b""), 0);
        let long = [b'a'; 2 * SEEN];
        assert_eq!(plain_in(Tail::of(&long).window(&long)), SEEN);
    }
}

//! A frame many bytes at a time, without asking where it ends. Entered by the scanners and by `number`.
#![forbid(unsafe_code)]

use crate::text::WIDE;

/// So many places of a window may be asked for: no usual level is longer.
pub const SEEN: usize = 64;

const SIZE: usize = SEEN + WIDE;

/// What stands from some place of a frame on; zeros where the frame has ended.
pub type Window = [u8; SIZE];

/// The end of a frame, and zeros behind it. It is copied once, with a length that the compiler knows, so that a place close
/// to the end has a window too.
pub struct Tail([u8; 2 * SIZE]);

impl Tail {
    /// That of no frame.
    pub const NONE: Tail = Tail([0; 2 * SIZE]);

    #[must_use]
    pub fn of(frame: &[u8]) -> Tail {
        let mut tail = Tail::NONE;
        tail.take(frame);
        tail
    }

    /// Copy the end of a frame, the only one that this has seen.
    #[inline]
    pub fn take(&mut self, frame: &[u8]) {
        match frame.last_chunk::<SIZE>() {
            Some(end) => self.0[..SIZE].copy_from_slice(end),
            None => self.take_short(frame),
        }
    }

    #[cold]
    fn take_short(&mut self, frame: &[u8]) {
        self.0[SIZE - frame.len()..SIZE].copy_from_slice(frame);
    }

    /// Show what is left of the frame.
    #[inline]
    #[must_use]
    pub fn window<'a>(&'a self, rest: &'a [u8]) -> &'a Window {
        match rest.first_chunk() {
            Some(window) => window,
            None => {
                let start = SIZE - rest.len() % SIZE;
                self.0[start..].first_chunk().unwrap_or(&[0; SIZE])
            }
        }
    }
}

/// Eight bytes from a place on; a place beyond those that may be asked for is taken for another one, which no reader of a
/// whole level mistakes for its own: the next word that it expects is not there.
#[inline]
#[must_use]
pub fn word_at(window: &Window, at: usize) -> u64 {
    let at = at % SEEN;
    u64::from_le_bytes(window[at..at + 8].try_into().unwrap_or_default())
}

/// Sixteen bytes, as `word_at`.
#[inline]
#[must_use]
pub fn wide_at(window: &Window, at: usize) -> u128 {
    let at = at % SEEN;
    u128::from_le_bytes(window[at..at + WIDE].try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{wide_at, word_at, Tail, SIZE};

    #[test]
    fn every_place_of_every_frame_is_seen() {
        for length in [0, 1, 7, 8, 63, SIZE - 1, SIZE, SIZE + 1, 200] {
            let frame: Vec<u8> = (0..length).map(|at| at as u8 + 1).collect();
            let tail = Tail::of(&frame);
            for from in 0..=length {
                let window = tail.window(&frame[from..]);
                let expected = |at: usize| *frame.get(from + at).unwrap_or(&0);
                assert!((0..SIZE).all(|at| window[at] == expected(at)));
                assert_eq!(
                    word_at(window, 9).to_le_bytes(),
                    [9, 10, 11, 12, 13, 14, 15, 16].map(expected)
                );
                assert_eq!(wide_at(window, 3) as u64, word_at(window, 3));
                assert_eq!((wide_at(window, 3) >> 64) as u64, word_at(window, 11));
            }
        }
    }
}

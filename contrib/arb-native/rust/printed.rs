//! The levels of one instrument with the texts that its venue printed, for venues that sum up what they print.
//!
//! Most texts are told by two numbers and their places. Of those that are not, the text is kept: it came from the
//! dialect, which read it. Entered by `python`.
#![forbid(unsafe_code)]

use rustc_hash::FxHashMap;

use crate::book::{Level, Noted};
use crate::number::decimal;
use crate::sums::{decimals, digits, print, Places, Spelling, Sums};

/// Texts of levels that went away, before they are swept out.
const SPARE: usize = 1024;

/// Price and size as they were printed.
pub type Text = (String, String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Bids,
    Asks,
}

/// The levels, their texts, and the sum over the best of them.
#[derive(Clone, Debug)]
pub struct Printed {
    levels: Noted<Places>,
    /// Texts that places do not tell, by the bits of their price: those of bids, and of asks.
    odd: [FxHashMap<u64, Text>; 2],
    sums: Sums,
}

impl Printed {
    #[must_use]
    pub fn new(spelling: Spelling) -> Printed {
        Printed {
            levels: Noted::default(),
            odd: [FxHashMap::default(), FxHashMap::default()],
            sums: Sums::new(spelling),
        }
    }

    #[inline]
    #[must_use]
    pub fn levels(&self) -> &Noted<Places> {
        &self.levels
    }

    /// Forget everything and take these levels, whose texts `note` tells.
    pub fn replace(&mut self, bids: &[Level], asks: &[Level]) {
        self.clear();
        self.levels.replace_noted(untold(bids), untold(asks));
    }

    /// Set absolute sizes of levels, whose texts `note` tells.
    pub fn apply(&mut self, bids: &[Level], asks: &[Level]) {
        self.sums.forget();
        self.levels.apply_noted(untold(bids), untold(asks));
    }

    /// Set absolute sizes of levels that were printed with these places.
    #[inline]
    pub fn apply_printed(&mut self, bids: (&[Level], &[Places]), asks: (&[Level], &[Places])) {
        self.sums.changing(bids.0, asks.0);
        self.levels.apply_noted(told(bids), told(asks));
    }

    /// Forget the levels beyond the best `depth` of each side.
    #[inline]
    pub fn cut(&mut self, depth: usize) {
        if depth < self.sums.spelling.depth {
            self.sums.forget();
        }
        self.levels.cut(depth);
    }

    /// Forget everything.
    pub fn clear(&mut self) {
        self.sums.forget();
        self.levels.clear();
        self.odd.iter_mut().for_each(FxHashMap::clear);
    }

    /// Keep how a level was printed that was taken just now.
    pub fn note(&mut self, side: Side, level: Level, text: (&str, &str)) {
        if level.size == 0.0 {
            return;
        }
        self.sums.forget();
        let places = plain_places(level, text);
        match side {
            Side::Bids => self.levels.note_bid(level.price, places),
            Side::Asks => self.levels.note_ask(level.price, places),
        }
        if places == Places::ODD {
            let text = (text.0.to_owned(), text.1.to_owned());
            self.odd[side as usize].insert(level.price.to_bits(), text);
            if self.odd[side as usize].len() > SPARE {
                self.sweep(side);
            }
        }
    }

    /// The texts of the best `depth` bids and asks, best first; None where one was never told.
    #[must_use]
    pub fn texts(&self, depth: usize) -> Option<(Vec<Text>, Vec<Text>)> {
        let bids = self.levels.noted_bids(depth);
        let asks = self.levels.noted_asks(depth);
        Some((
            bids.map(|level| self.text(Side::Bids, level))
                .collect::<Option<_>>()?,
            asks.map(|level| self.text(Side::Asks, level))
                .collect::<Option<_>>()?,
        ))
    }

    /// The sum of the best levels; None where it takes an odd text.
    #[inline]
    pub fn sum(&mut self) -> Option<i64> {
        self.sums.of(&self.levels)
    }

    fn text(&self, side: Side, (level, places): (Level, Places)) -> Option<Text> {
        if places == Places::ODD {
            return self.odd[side as usize].get(&level.price.to_bits()).cloned();
        }
        Some((
            printed(level.price, places.price)?,
            printed(level.size, places.size)?,
        ))
    }

    /// Forget the texts of levels that are held no more, or were printed plainly since.
    #[cold]
    fn sweep(&mut self, side: Side) {
        let odd = |(level, places): (Level, Places)| {
            (places == Places::ODD).then(|| level.price.to_bits())
        };
        let kept: Vec<u64> = match side {
            Side::Bids => self.levels.noted_bids(0).filter_map(odd).collect(),
            Side::Asks => self.levels.noted_asks(0).filter_map(odd).collect(),
        };
        let texts = &mut self.odd[side as usize];
        *texts = kept
            .into_iter()
            .filter_map(|bits| texts.remove(&bits).map(|text| (bits, text)))
            .collect();
    }
}

fn untold(levels: &[Level]) -> impl Iterator<Item = (Level, Places)> + '_ {
    levels.iter().map(|level| (*level, Places::ODD))
}

#[inline]
fn told<'a>(
    (levels, places): (&'a [Level], &'a [Places]),
) -> impl Iterator<Item = (Level, Places)> + 'a {
    let places = places.iter().copied().chain(std::iter::repeat(Places::ODD));
    levels.iter().copied().zip(places)
}

/// Places that tell this text of this level, or `ODD`.
fn plain_places(level: Level, (price, size): (&str, &str)) -> Places {
    let places = Places {
        price: decimals(price.as_bytes()),
        size: decimals(size.as_bytes()),
    };
    let plain = decimal(price.as_bytes()) == Some(level.price)
        && decimal(size.as_bytes()) == Some(level.size)
        && places.fit(level);
    if plain {
        places
    } else {
        Places::ODD
    }
}

fn printed(value: f64, decimals: u8) -> Option<String> {
    let mut text = Vec::new();
    print(&mut text, digits(value, decimals)?, decimals);
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::{Places, Printed, Side, SPARE};
    use crate::book::Level;
    use crate::sums::{Order, Spelling};

    const PLACES: Places = Places { price: 1, size: 2 };

    fn printed() -> Printed {
        Printed::new(Spelling {
            depth: 2,
            order: Order::InTurn,
            separator: b":".to_vec(),
            points: true,
            signed: false,
        })
    }

    fn level(price: f64, size: f64) -> Level {
        Level::new(price, size).unwrap()
    }

    #[test]
    fn knows_how_each_level_was_printed_last() {
        let mut book = printed();
        book.replace(&[level(5.0, 1.0), level(4.0, 1.0)], &[level(6.0, 1.5)]);
        assert_eq!((book.texts(2), book.sum()), (None, None));
        book.note(Side::Bids, level(5.0, 1.0), ("5.0", "1e0"));
        book.note(Side::Bids, level(4.0, 1.0), ("4", "1.00"));
        book.note(
            Side::Asks,
            level(6.0, 1.5),
            ("6.00000000000000000000001", "1.5"),
        );
        let text = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        let asks = vec![text("6.00000000000000000000001", "1.5")];
        let bids = vec![text("5.0", "1e0"), text("4", "1.00")];
        assert_eq!(book.texts(2), Some((bids, asks)));
        assert_eq!(book.sum(), None);
        book.apply_printed(
            (&[level(5.0, 2.5)], &[PLACES]),
            (&[level(6.0, 0.25)], &[PLACES]),
        );
        let (bids, asks) = book.texts(1).unwrap();
        assert_eq!(
            (bids, asks),
            (vec![text("5.0", "2.50")], vec![text("6.0", "0.25")])
        );
        assert_eq!(
            book.sum(),
            Some(i64::from(crc32fast::hash(b"5.0:2.50:6.0:0.25:4:1.00")))
        );
        book.apply(&[level(4.0, 3.0)], &[]);
        assert_eq!(book.sum(), None);
        book.note(Side::Bids, level(4.0, 3.0), ("4.0", "3"));
        assert_eq!(
            book.sum(),
            Some(i64::from(crc32fast::hash(b"5.0:2.50:6.0:0.25:4.0:3")))
        );
        book.cut(1);
        assert_eq!(
            book.sum(),
            Some(i64::from(crc32fast::hash(b"5.0:2.50:6.0:0.25")))
        );
    }

    #[test]
    fn odd_texts_of_levels_that_went_away_are_forgotten() {
        let mut book = printed();
        for at in 0..=SPARE {
            let level = level(1.0 + at as f64, 1.0);
            book.apply(&[level], &[]);
            book.cut(3);
            book.note(Side::Bids, level, ("1E0", "1"));
        }
        assert_eq!(book.odd[0].len(), 3);
        assert!(book.texts(0).is_some());
    }
}

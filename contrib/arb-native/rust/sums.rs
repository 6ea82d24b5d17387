//! How a venue sums up the best levels of a book, and the texts that it sums up: made again from numbers.
//!
//! A number of at most 15 digits and the float64 nearest to it say the same, if one knows how many decimals were printed.
//! So a level needs two bytes beside its numbers in place of two texts. Entered by `printed`, which keeps them, and by
//! `layout`, whose messages bring them.
#![forbid(unsafe_code)]

use crate::book::{Level, Noted};
use crate::number::EXACT;

/// What has fewer digits comes back from float64 unchanged: times a power of ten it is off by less than a quarter.
const LONGER: u64 = 1_000_000_000_000_000;

/// How many digits stand behind the points of a price and of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    pub price: u8,
    pub size: u8,
}

impl Places {
    /// Nobody said so, or there is more to say of how they are printed.
    pub const ODD: Places = Places {
        price: u8::MAX,
        size: u8::MAX,
    };

    /// Whether a level is a plain number twice, printed with so many decimals.
    #[inline]
    #[must_use]
    pub fn fit(self, level: Level) -> bool {
        digits(level.price, self.price).is_some() && digits(level.size, self.size).is_some()
    }
}

impl Default for Places {
    fn default() -> Places {
        Places::ODD
    }
}

/// Digits behind the point of a number that is plainly spelled.
#[inline]
#[must_use]
pub fn decimals(text: &[u8]) -> u8 {
    let behind = text.iter().rev().position(|&byte| byte == b'.');
    behind.map_or(0, |behind| u8::try_from(behind).unwrap_or(u8::MAX))
}

/// All digits of a number with so many decimals, without its point; None where a float64 does not tell them.
#[inline]
#[must_use]
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
pub fn digits(value: f64, decimals: u8) -> Option<u64> {
    let power = *EXACT.get(usize::from(decimals))?;
    let digits = (value * power + 0.5) as u64;
    // Both operands are exact, so that the quotient is the float64 of this decimal number.
    (digits < LONGER && digits as f64 / power == value).then_some(digits)
}

/// In which order levels are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Bid and ask in turn; of a side that has ended nothing.
    InTurn,
    /// Asks from low to high, then bids from high to low.
    AsksFirst,
}

/// What is summed up: price and size of each of the best levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// Levels a side.
    pub depth: usize,
    pub order: Order,
    /// Between two numbers.
    pub separator: Vec<u8>,
    /// As they are printed; otherwise without points and without zeros in front.
    pub points: bool,
    /// The 32 bits are a number of either sign.
    pub signed: bool,
}

/// Sums up one book again and again. What was not changed since is not summed up anew.
#[derive(Clone, Debug)]
pub struct Sums {
    pub spelling: Spelling,
    text: Vec<u8>,
    /// The sum of the best levels, while nothing that it covers has changed.
    latest: Option<i64>,
    /// Lowest bid and highest ask that it covers.
    covers: (f64, f64),
}

impl Sums {
    #[must_use]
    pub fn new(spelling: Spelling) -> Sums {
        Sums {
            spelling,
            text: Vec::new(),
            latest: None,
            covers: (0.0, f64::INFINITY),
        }
    }

    /// The book may have changed anywhere.
    #[inline]
    pub fn forget(&mut self) {
        self.latest = None;
    }

    /// These levels are about to change.
    #[inline]
    pub fn changing(&mut self, bids: &[Level], asks: &[Level]) {
        let (lowest, highest) = self.covers;
        if bids.iter().any(|bid| bid.price >= lowest) || asks.iter().any(|ask| ask.price <= highest)
        {
            self.latest = None;
        }
    }

    /// The sum of the book as it stands; None where it takes a text that numbers do not tell.
    #[inline]
    pub fn of(&mut self, book: &Noted<Places>) -> Option<i64> {
        if self.latest.is_none() {
            self.latest = self.sum(book);
        }
        self.latest
    }

    fn sum(&mut self, book: &Noted<Places>) -> Option<i64> {
        let depth = self.spelling.depth;
        self.text.clear();
        let (mut bids, mut asks) = (book.noted_bids(depth), book.noted_asks(depth));
        let (mut bids_left, mut asks_left) = (depth, depth);
        self.covers = (0.0, f64::INFINITY);
        match self.spelling.order {
            Order::InTurn => {
                for _ in 0..depth {
                    if let Some(bid) = bids.next() {
                        bids_left -= 1;
                        self.covers.0 = bid.0.price;
                        self.add(bid)?;
                    }
                    if let Some(ask) = asks.next() {
                        asks_left -= 1;
                        self.covers.1 = ask.0.price;
                        self.add(ask)?;
                    }
                }
            }
            Order::AsksFirst => {
                for ask in asks {
                    asks_left -= 1;
                    self.covers.1 = ask.0.price;
                    self.add(ask)?;
                }
                for bid in bids {
                    bids_left -= 1;
                    self.covers.0 = bid.0.price;
                    self.add(bid)?;
                }
            }
        }
        // Where there are fewer levels than it may cover, any new one counts.
        if bids_left > 0 {
            self.covers.0 = 0.0;
        }
        if asks_left > 0 {
            self.covers.1 = f64::INFINITY;
        }
        let separator = self.spelling.separator.len();
        let end = self.text.len().saturating_sub(separator);
        let sum = crc32fast::hash(&self.text[..end]);
        Some(if self.spelling.signed {
            i64::from(sum as i32)
        } else {
            i64::from(sum)
        })
    }

    #[inline]
    fn add(&mut self, (level, places): (Level, Places)) -> Option<()> {
        for (value, decimals) in [(level.price, places.price), (level.size, places.size)] {
            let digits = digits(value, decimals)?;
            if self.spelling.points {
                print(&mut self.text, digits, decimals);
            } else if digits > 0 {
                let mut written = itoa::Buffer::new();
                self.text
                    .extend_from_slice(written.format(digits).as_bytes());
            }
            self.text.extend_from_slice(&self.spelling.separator);
        }
        Some(())
    }
}

/// Write a number that has so many decimals.
#[inline]
pub fn print(into: &mut Vec<u8>, digits: u64, decimals: u8) {
    let mut written = itoa::Buffer::new();
    let text = written.format(digits).as_bytes();
    let decimals = usize::from(decimals);
    if decimals == 0 {
        into.extend_from_slice(text);
    } else if let Some(whole) = text.len().checked_sub(decimals).filter(|whole| *whole > 0) {
        into.extend_from_slice(&text[..whole]);
        into.push(b'.');
        into.extend_from_slice(&text[whole..]);
    } else {
        into.extend_from_slice(b"0.");
        into.resize(into.len() + decimals - text.len(), b'0');
        into.extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use super::{decimals, digits, print, Order, Places, Spelling, Sums};
    use crate::book::{Level, Noted};

    fn book(bids: &[(&str, &str)], asks: &[(&str, &str)]) -> Noted<Places> {
        let mut book = Noted::default();
        let side = |rows: &[(&str, &str)]| -> Vec<(Level, Places)> {
            rows.iter()
                .map(|(price, size)| {
                    let level = Level::new(price.parse().unwrap(), size.parse().unwrap()).unwrap();
                    let places = Places {
                        price: decimals(price.as_bytes()),
                        size: decimals(size.as_bytes()),
                    };
                    (level, places)
                })
                .collect()
        };
        book.replace_noted(side(bids).into_iter(), side(asks).into_iter());
        book
    }

    fn in_turn(depth: usize) -> Sums {
        Sums::new(Spelling {
            depth,
            order: Order::InTurn,
            separator: b":".to_vec(),
            points: true,
            signed: true,
        })
    }

    /// <https://www.bitget.com/api-doc/spot/websocket/public/Depth-Channel>
    #[test]
    fn sums_as_the_documentation_of_bitget() {
        let bids = [("43231.1", "4"), ("43231", "6")];
        let asks = [("43232.8", "9"), ("43232.9", "8")];
        assert_eq!(in_turn(25).of(&book(&bids, &asks)), Some(-1_504_501_796));
        let asks = [("3366.8", "9"), ("3368", "8"), ("3372", "8")];
        assert_eq!(
            in_turn(25).of(&book(&[("3366.1", "7")], &asks)),
            Some(831_078_360)
        );
    }

    /// <https://docs.kraken.com/api/docs/guides/spot-ws-book-v2>
    #[test]
    fn sums_as_the_documentation_of_kraken() {
        let asks = [
            ("0.5668", "4410.79769741"),
            ("0.5669", "4655.40412487"),
            ("0.5670", "49844.89424998"),
            ("0.5671", "24306.41678000"),
            ("0.5672", "29783.25223475"),
            ("0.5673", "57234.71239278"),
            ("0.5674", "45065.04744000"),
            ("0.5675", "5912.76380354"),
            ("0.5676", "42514.92434778"),
            ("0.5677", "36304.08470220"),
        ];
        let bids = [
            ("0.5666", "4831.75496356"),
            ("0.5665", "6658.22734739"),
            ("0.5664", "18724.91513344"),
            ("0.5663", "11563.92544914"),
            ("0.5662", "14006.65365711"),
            ("0.5661", "17454.85679807"),
            ("0.5660", "18097.15470000"),
            ("0.5659", "33644.89175666"),
            ("0.5658", "148.34640000"),
            ("0.5657", "606.70854372"),
        ];
        let mut sums = Sums::new(Spelling {
            depth: 10,
            order: Order::AsksFirst,
            separator: Vec::new(),
            points: false,
            signed: false,
        });
        assert_eq!(sums.of(&book(&bids, &asks)), Some(2_439_117_997));
    }

    #[test]
    fn what_is_not_covered_is_not_summed_up_again() {
        let mut sums = in_turn(1);
        let before = book(&[("5", "1"), ("4", "1")], &[("6", "1"), ("7", "1")]);
        let after = book(&[("5", "1")], &[("6", "2")]);
        let first = sums.of(&before);
        let level = |price| [Level::new(price, 1.0).unwrap()];
        sums.changing(&level(4.0), &level(7.0));
        assert_eq!(sums.of(&after), first);
        sums.changing(&[], &level(6.0));
        assert_ne!(sums.of(&after), first);
        let first = sums.of(&after);
        sums.changing(&level(5.0), &[]);
        assert_ne!(sums.of(&before), first);
    }

    #[test]
    fn a_number_comes_back_as_it_was_printed() {
        for text in [
            "0.5668",
            "43231.1",
            "43231",
            "6.00",
            "0.00000001",
            "1.0",
            "999999999999999",
            "0.000000000000001",
            "99999999.9999999",
            "10",
            "0.10",
        ] {
            let places = decimals(text.as_bytes());
            let mut printed = Vec::new();
            print(
                &mut printed,
                digits(text.parse().unwrap(), places).unwrap(),
                places,
            );
            assert_eq!(printed, text.as_bytes());
        }
        let mut seed: u64 = 5;
        for _ in 0..if cfg!(miri) { 300 } else { 300_000 } {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let whole = (seed >> 14) % 10_u64.pow(1 + (seed % 15) as u32);
            let places = (seed >> 5) as u8 % 23;
            let mut printed = Vec::new();
            print(&mut printed, whole, places);
            let value: f64 = std::str::from_utf8(&printed).unwrap().parse().unwrap();
            assert_eq!(digits(value, places), Some(whole));
        }
        for (text, places) in [
            ("1000000000000000", 0),
            ("1.5", 0),
            ("0.1", 23),
            ("123456789.1234567", 7),
            ("1e300", 0),
        ] {
            assert_eq!(digits(text.parse().unwrap(), places), None, "{text}");
        }
    }
}

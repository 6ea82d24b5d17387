//! What a venue declares of a depth message, as the tree that the scanners walk; and what one message says.
#![forbid(unsafe_code)]

use crate::book::Level;
use crate::json::Usual;
use crate::stamp::nanoseconds;
use crate::sums::Places;
use crate::text::{is_plain, Short};

/// Where a value stands: keys or field numbers from the outermost object on.
pub type Path = Vec<Step>;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Into(Name),
    /// Into the only element of an array.
    Only,
}

/// How one message is known to follow another, as `BookRule.ids` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It covers ids `first..=last`, and the book stands just before `first`.
    Range,
    /// It names the id at which the book stands.
    Chain,
    /// Its id is the one after the book's.
    Consecutive,
    /// Ids tell nothing but what is older than the book's first; a checksum stands in for them.
    Sums,
}

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Json,
    Protobuf,
}

/// What a value means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// An object or message within; the number of its node.
    Within(usize),
    /// An array of exactly one object; the number of its node.
    Only(usize),
    Symbol,
    First,
    Last,
    Previous,
    TimeMs,
    /// The same as a text.
    TimeIso,
    Bids,
    Asks,
    /// Of the book after the message.
    Checksum,
    /// One of these texts, or it is another kind of message.
    Equal(Vec<Vec<u8>>),
    /// With this it is another kind of message.
    Absent,
    /// A text that must be there, whatever it says.
    Text,
    /// Known, and of no use here.
    Passed,
}

pub mod seen {
    //! A bit for each thing that a message says, to tell what is there and what comes twice.
    pub const SYMBOL: u32 = 1;
    pub const FIRST: u32 = 2;
    pub const LAST: u32 = 4;
    pub const PREVIOUS: u32 = 8;
    pub const TIME: u32 = 16;
    pub const BIDS: u32 = 32;
    pub const ASKS: u32 = 64;
    pub const CHECKSUM: u32 = 128;
    /// Every other value, and every object on the way, has a bit of its own from here on.
    pub const OTHER: u32 = 256;
}

/// A key of JSON or a field number of protobuf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    Key(Vec<u8>),
    Field(u32),
}

/// One entry of an object or message.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: Name,
    pub meaning: Meaning,
    /// What is then seen.
    pub bit: u32,
}

/// JSON: the keys of price and size, where a level is an object.
#[derive(Clone, Debug)]
pub struct Keys {
    pub price: Vec<u8>,
    pub size: Vec<u8>,
    /// What stands before either number where nothing is between, `{"price":` and `,"qty":`; None where that is long.
    pub usual: Option<(Short, Short)>,
}

impl Keys {
    /// None where a key is not plain text.
    #[must_use]
    pub fn new(price: &[u8], size: &[u8]) -> Option<Keys> {
        let plain = price != size && price.iter().chain(size).all(|&byte| is_plain(byte));
        let opening = Short::new(&[b"{\"", price, b"\":"].concat());
        let middle = Short::new(&[b",\"", size, b"\":"].concat());
        plain.then(|| Keys {
            price: price.to_vec(),
            size: size.to_vec(),
            usual: opening.zip(middle),
        })
    }
}

/// One object or message.
#[derive(Clone, Debug, Default)]
pub struct Node(pub Vec<Entry>);

/// A declaration, compiled.
#[derive(Clone, Debug)]
pub struct Layout {
    pub form: Form,
    pub rule: Rule,
    pub nodes: Vec<Node>,
    /// Bits of which none may lack.
    pub required: u32,
    /// Protobuf: the field numbers of price and size in a level.
    pub level: (u32, u32),
    /// JSON: a level may have more elements than price and size.
    pub longer_levels: bool,
    /// JSON: a level is an object with these keys.
    pub keys: Option<Keys>,
    /// JSON: prices, sizes and sums are numbers, and no texts.
    pub bare: bool,
    /// What stands around the symbol in its value.
    pub prefix: Vec<u8>,
    pub suffix: Vec<u8>,
}

/// Why a declaration is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A path is empty, ends in an array, or runs through a value of another path.
    Path,
    /// More values than there are bits.
    TooMany,
    /// It lacks the symbol, or the id or checksum that the rule asks for.
    Lacking,
    /// Protobuf with what only JSON has.
    Form,
}

impl Layout {
    /// A layout of nothing, to be filled by `declare`.
    #[must_use]
    pub fn new(form: Form, rule: Rule) -> Layout {
        Layout {
            form,
            rule,
            nodes: vec![Node::default()],
            required: 0,
            level: (1, 2),
            longer_levels: false,
            keys: None,
            bare: false,
            prefix: Vec::new(),
            suffix: Vec::new(),
        }
    }

    /// Say what the value at a path means, and whether each message must have it.
    ///
    /// # Errors
    /// The path cannot be walked beside those declared before.
    pub fn declare(&mut self, path: &[Step], meaning: Meaning, required: bool) -> Result<(), Flaw> {
        let mut node = 0;
        let mut steps = path.iter().peekable();
        while let Some(step) = steps.next() {
            let Step::Into(name) = step else {
                return Err(Flaw::Path);
            };
            let only = steps.next_if(|next| **next == Step::Only).is_some();
            let there = self.nodes[node]
                .0
                .iter()
                .find(|entry| entry.name == *name)
                .map(|entry| entry.meaning.clone());
            if steps.peek().is_none() {
                if only || there.is_some() {
                    return Err(Flaw::Path);
                }
                let bit = self.bit_of(&meaning)?;
                if required {
                    self.required |= bit;
                }
                self.nodes[node].0.push(Entry {
                    name: name.clone(),
                    meaning,
                    bit,
                });
                return Ok(());
            }
            node = match there {
                Some(Meaning::Within(inner)) if !only => inner,
                Some(Meaning::Only(inner)) if only => inner,
                Some(_) => return Err(Flaw::Path),
                None => {
                    let inner = self.nodes.len();
                    let meaning = if only {
                        Meaning::Only(inner)
                    } else {
                        Meaning::Within(inner)
                    };
                    let bit = self.bit_of(&meaning)?;
                    self.nodes[node].0.push(Entry {
                        name: name.clone(),
                        meaning,
                        bit,
                    });
                    self.nodes.push(Node::default());
                    inner
                }
            };
        }
        Err(Flaw::Path)
    }

    /// # Errors
    /// It cannot say all that its rule asks for.
    pub fn finish(self) -> Result<Layout, Flaw> {
        let ids = match self.rule {
            Rule::Range => seen::FIRST | seen::LAST,
            Rule::Chain => seen::PREVIOUS | seen::LAST,
            Rule::Consecutive => seen::LAST,
            Rule::Sums => seen::CHECKSUM,
        };
        let only_json =
            |entry: &Entry| matches!(entry.meaning, Meaning::TimeIso | Meaning::Checksum);
        let mut entries = self.nodes.iter().flat_map(|node| &node.0);
        if self.form == Form::Protobuf
            && (self.keys.is_some() || self.bare || entries.any(only_json))
        {
            return Err(Flaw::Form);
        }
        let needed = seen::SYMBOL | ids;
        if self.required & needed == needed {
            Ok(self)
        } else {
            Err(Flaw::Lacking)
        }
    }

    fn bit_of(&self, meaning: &Meaning) -> Result<u32, Flaw> {
        let own = match meaning {
            Meaning::Symbol => seen::SYMBOL,
            Meaning::First => seen::FIRST,
            Meaning::Last => seen::LAST,
            Meaning::Previous => seen::PREVIOUS,
            Meaning::TimeMs | Meaning::TimeIso => seen::TIME,
            Meaning::Bids => seen::BIDS,
            Meaning::Asks => seen::ASKS,
            Meaning::Checksum => seen::CHECKSUM,
            _ => 0,
        };
        let used = |bit: u32| {
            self.nodes
                .iter()
                .flat_map(|node| &node.0)
                .any(|entry| entry.bit == bit)
        };
        if own != 0 {
            return if used(own) { Err(Flaw::Path) } else { Ok(own) };
        }
        (0..24)
            .map(|shift| seen::OTHER << shift)
            .find(|bit| !used(*bit))
            .ok_or(Flaw::TooMany)
    }
}

/// What one message says. Used again for each, so that nothing is allocated.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Where the symbol begins and ends in the frame, without what stands around it.
    pub symbol: (usize, usize),
    pub first: i64,
    pub last: i64,
    pub previous: i64,
    /// When the venue made it, in nanoseconds; 0 = the message bears no time.
    pub time_ns: i64,
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
    /// How each level was printed, while `printing` or after `print`.
    pub bid_places: Vec<Places>,
    pub ask_places: Vec<Places>,
    /// Whether anybody asks how levels were printed.
    pub printing: bool,
    pub checksum: i64,
    pub seen: u32,
}

/// What is kept of one message of a layout to read the next one sooner. A wrong guess costs time and nothing else.
#[derive(Clone, Debug, Default)]
pub struct Habit {
    /// JSON.
    pub usual: Usual,
    /// Protobuf.
    pub order: Order,
}

/// Which entry came after which in the last message, since venues keep the order of their fields.
#[derive(Clone, Debug)]
pub struct Order([u8; Order::SLOTS]);

impl Default for Order {
    fn default() -> Order {
        Order([0; Order::SLOTS])
    }
}

impl Order {
    /// One for each bit that may be seen, and one for each node: before its first entry.
    const SLOTS: usize = 64;

    #[inline]
    #[must_use]
    pub fn before_first(node: usize) -> usize {
        32 + node
    }

    #[inline]
    #[must_use]
    pub fn after(bit: u32) -> usize {
        bit.trailing_zeros() as usize
    }

    /// The entry that came there last time.
    #[inline]
    #[must_use]
    pub fn guess(&self, slot: usize) -> usize {
        self.0[slot % Order::SLOTS].into()
    }

    #[inline]
    pub fn learn(&mut self, slot: usize, entry: usize) {
        self.0[slot % Order::SLOTS] = entry as u8;
    }
}

impl Message {
    #[inline]
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.bid_places.clear();
        self.ask_places.clear();
        self.time_ns = 0;
        self.seen = 0;
    }

    /// Note that something was seen; None when it was seen before.
    #[inline]
    pub fn see(&mut self, bit: u32) -> Option<()> {
        if self.seen & bit != 0 {
            return None;
        }
        self.seen |= bit;
        Some(())
    }

    /// Note the time from its milliseconds; None when it is none, or its nanoseconds would fit no i64.
    #[inline]
    pub fn time_at(&mut self, ms: i64) -> Option<()> {
        self.time_ns = ms.checked_mul(1_000_000)?;
        (ms > 0).then_some(())
    }

    /// Note the time from its text; None when it is none.
    #[inline]
    pub fn stamp_at(&mut self, text: &[u8]) -> Option<()> {
        self.time_ns = nanoseconds(text)?;
        (self.time_ns > 0).then_some(())
    }

    /// When the venue made it, in nanoseconds; None when the message bears no time.
    #[inline]
    #[must_use]
    pub fn exchange_ns(&self) -> Option<i64> {
        (self.time_ns > 0).then_some(self.time_ns)
    }

    /// Say with which places every level counts for a checksum, or that it is with those it was printed with; false when
    /// for one of them these do not tell the text.
    #[inline]
    pub fn print(&mut self, places: Option<Places>) -> bool {
        if let Some(places) = places {
            self.bid_places.clear();
            self.bid_places.resize(self.bids.len(), places);
            self.ask_places.clear();
            self.ask_places.resize(self.asks.len(), places);
        }
        let told = |levels: &[Level], places: &[Places]| {
            levels.len() == places.len()
                && levels
                    .iter()
                    .zip(places)
                    .all(|(level, places)| places.fit(*level))
        };
        told(&self.bids, &self.bid_places) && told(&self.asks, &self.ask_places)
    }

    /// Note where the symbol stands; None when it does not stand between prefix and suffix.
    #[inline]
    pub fn symbol_at(
        &mut self,
        frame: &[u8],
        start: usize,
        stop: usize,
        layout: &Layout,
    ) -> Option<()> {
        let (prefix, suffix) = (layout.prefix.as_slice(), layout.suffix.as_slice());
        self.symbol = (start + prefix.len(), stop.checked_sub(suffix.len())?);
        let text = &frame[start..stop];
        // Most venues write the symbol alone; comparing nothing would be two calls.
        let framed = (prefix.is_empty() || text.starts_with(prefix))
            && (suffix.is_empty() || text.ends_with(suffix));
        (framed && self.symbol.0 < self.symbol.1).then_some(())
    }
}

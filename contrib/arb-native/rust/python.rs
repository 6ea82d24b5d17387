//! The two classes that Python sees. Their promises: `arb_core.interfaces.book`.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyException, PyKeyError, PyTypeError, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use rustc_hash::FxHashMap;

use crate::book::{Book, Level};
use crate::layout::{Flaw, Form, Keys, Layout, Meaning, Message, Name, Rule, Step};
use crate::printed::{Printed, Side, Text};
use crate::scanner::{Scanner, Summed, Verdict};
use crate::sums::{Order, Places, Spelling};

/// The best levels; NaN where a side is empty.
#[derive(Clone, Copy)]
struct Best {
    bid: f64,
    bid_size: f64,
    ask: f64,
    ask_size: f64,
}

impl Best {
    #[inline(always)] // else it comes by way of memory
    fn of(kept: &Kept) -> Best {
        let ((bid, bid_size), (ask, ask_size)) = match kept {
            Kept::Plain(book) => (book.best_bid(), book.best_ask()),
            Kept::Printed(book) => (book.levels().best_bid(), book.levels().best_ask()),
        };
        Best {
            bid,
            bid_size,
            ask,
            ask_size,
        }
    }
}

/// The levels, with their texts where somebody sums these up.
#[allow(clippy::large_enum_variant)] // nearly every book is a plain one
enum Kept {
    Plain(Book),
    Printed(Box<Printed>),
}

/// An integer of Python's, or None; the usual ones without an object.
enum Int {
    None,
    Small(i64),
    Large(Py<PyAny>),
}

impl Int {
    #[inline]
    fn of(value: &Bound<'_, PyAny>) -> Int {
        if value.is_none() {
            return Int::None;
        }
        match value.extract() {
            Ok(small) => Int::Small(small),
            Err(_) => Int::Large(value.clone().unbind()),
        }
    }

    fn get<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(match self {
            Int::None => None,
            Int::Small(small) => Some(small.into_pyobject(py)?.into_any()),
            Int::Large(large) => Some(large.bind(py).clone()),
        })
    }
}

/// How far a book has come.
struct Mark {
    last_id: Int,
    exchange_ns: Int,
    received_ns: Option<Py<PyAny>>,
    applied: u64,
    verified: u64,
}

impl Mark {
    const NONE: Mark = Mark {
        last_id: Int::None,
        exchange_ns: Int::None,
        received_ns: None,
        applied: 0,
        verified: 0,
    };
}

/// An order book, and where a scanner moves it, its mark; a virtual subclass of `arb_core.interfaces.book.PrintingBook`, and
/// an `arb_core.interfaces.book.BookMark`.
#[pyclass(module = "arb_native", name = "NativeBook", weakref)]
struct NativeBook {
    kept: Kept,
    best: Best,
    mark: Mark,
}

impl NativeBook {
    #[inline]
    fn read_best(&mut self) {
        self.best = Best::of(&self.kept);
    }

    /// Take a message whole: the best levels before and after, and where the book is summed up, whether it met the message's
    /// checksum.
    #[inline]
    fn take(&mut self, message: &Message, cut: usize) -> (Best, Best, Option<bool>) {
        let met = match &mut self.kept {
            Kept::Plain(book) => {
                book.apply(&message.bids, &message.asks);
                if cut > 0 {
                    book.cut(cut);
                }
                None
            }
            Kept::Printed(book) => {
                book.apply_printed(
                    (&message.bids, &message.bid_places),
                    (&message.asks, &message.ask_places),
                );
                if cut > 0 {
                    book.cut(cut);
                }
                Some(book.sum() == Some(message.checksum))
            }
        };
        let (before, after) = (self.best, Best::of(&self.kept));
        self.best = after;
        (before, after, met)
    }

    /// Keep from now on how levels are printed, of which `note` must tell for those that are held already.
    fn keep_texts(&mut self, spelling: Spelling) {
        let mut printed = Printed::new(spelling);
        let (bids, asks) = (self.side(Side::Bids, 0), self.side(Side::Asks, 0));
        printed.replace(&bids, &asks);
        self.kept = Kept::Printed(Box::new(printed));
    }

    fn side(&self, side: Side, limit: usize) -> Vec<Level> {
        let level = |(price, size)| Level { price, size };
        match (&self.kept, side) {
            (Kept::Plain(book), Side::Bids) => book.bids(limit).map(level).collect(),
            (Kept::Plain(book), Side::Asks) => book.asks(limit).map(level).collect(),
            (Kept::Printed(book), Side::Bids) => book.levels().bids(limit).map(level).collect(),
            (Kept::Printed(book), Side::Asks) => book.levels().asks(limit).map(level).collect(),
        }
    }
}

#[pymethods]
impl NativeBook {
    #[new]
    fn new() -> NativeBook {
        let kept = Kept::Plain(Book::default());
        NativeBook {
            best: Best::of(&kept),
            kept,
            mark: Mark::NONE,
        }
    }

    #[getter]
    fn last_id<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.mark.last_id.get(py)
    }

    #[setter]
    fn set_last_id(&mut self, value: &Bound<'_, PyAny>) {
        self.mark.last_id = Int::of(value);
    }

    #[getter]
    fn exchange_ns<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.mark.exchange_ns.get(py)
    }

    #[setter]
    fn set_exchange_ns(&mut self, value: &Bound<'_, PyAny>) {
        self.mark.exchange_ns = Int::of(value);
    }

    #[getter]
    fn received_ns(&self) -> Option<&Py<PyAny>> {
        self.mark.received_ns.as_ref()
    }

    #[setter]
    fn set_received_ns(&mut self, value: Py<PyAny>) {
        self.mark.received_ns = Some(value);
    }

    #[getter]
    fn applied(&self) -> u64 {
        self.mark.applied
    }

    #[setter]
    fn set_applied(&mut self, value: u64) {
        self.mark.applied = value;
    }

    #[getter]
    fn verified(&self) -> u64 {
        self.mark.verified
    }

    #[setter]
    fn set_verified(&mut self, value: u64) {
        self.mark.verified = value;
    }

    #[getter]
    fn bid(&self) -> f64 {
        self.best.bid
    }

    #[getter]
    fn bid_size(&self) -> f64 {
        self.best.bid_size
    }

    #[getter]
    fn ask(&self) -> f64 {
        self.best.ask
    }

    #[getter]
    fn ask_size(&self) -> f64 {
        self.best.ask_size
    }

    /// Forget everything and take these levels.
    fn replace(&mut self, bids: &Bound<'_, PyList>, asks: &Bound<'_, PyList>) -> PyResult<()> {
        let (bids, asks) = (levels(bids)?, levels(asks)?);
        match &mut self.kept {
            Kept::Plain(book) => book.replace(&bids, &asks),
            Kept::Printed(book) => book.replace(&bids, &asks),
        }
        self.read_best();
        Ok(())
    }

    /// Set absolute sizes; 0 removes.
    fn apply(&mut self, bids: &Bound<'_, PyList>, asks: &Bound<'_, PyList>) -> PyResult<()> {
        let (bids, asks) = (levels(bids)?, levels(asks)?);
        match &mut self.kept {
            Kept::Plain(book) => book.apply(&bids, &asks),
            Kept::Printed(book) => book.apply(&bids, &asks),
        }
        self.read_best();
        Ok(())
    }

    /// Forget the levels beyond the best `depth` of each side.
    fn cut(&mut self, depth: usize) {
        match &mut self.kept {
            Kept::Plain(book) => book.cut(depth),
            Kept::Printed(book) => book.cut(depth),
        }
        self.read_best();
    }

    /// Forget everything.
    fn clear(&mut self) {
        match &mut self.kept {
            Kept::Plain(book) => book.clear(),
            Kept::Printed(book) => book.clear(),
        }
        self.read_best();
    }

    /// Return the best `limit` bids, highest first; 0 = all.
    fn bids<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyList>> {
        pairs(py, &self.side(Side::Bids, limit))
    }

    /// Return the best `limit` asks, lowest first; 0 = all.
    fn asks<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyList>> {
        pairs(py, &self.side(Side::Asks, limit))
    }

    /// Return how many bids and asks are held.
    fn depth(&self) -> (usize, usize) {
        match &self.kept {
            Kept::Plain(book) => book.depth(),
            Kept::Printed(book) => book.levels().depth(),
        }
    }

    /// Keep how the levels of a message were printed that the book took just now.
    fn note(
        &mut self,
        bids: &Bound<'_, PyList>,
        asks: &Bound<'_, PyList>,
        printed: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = bids.py();
        let Kept::Printed(book) = &mut self.kept else {
            return Err(PyValueError::new_err("no scanner sums this book up"));
        };
        for (side, rows, texts) in [
            (Side::Bids, bids, printed.getattr(intern!(py, "bids"))?),
            (Side::Asks, asks, printed.getattr(intern!(py, "asks"))?),
        ] {
            for (level, text) in levels(rows)?.into_iter().zip(texts.try_iter()?) {
                let (price, size): (String, String) = text?.extract()?;
                book.note(side, level, (&price, &size));
            }
        }
        Ok(())
    }

    /// Return how the best `limit` bids and asks were printed, best first; 0 = all.
    fn texts(&self, limit: usize) -> PyResult<(Vec<Text>, Vec<Text>)> {
        let Kept::Printed(book) = &self.kept else {
            return Err(PyValueError::new_err("no scanner sums this book up"));
        };
        book.texts(limit)
            .ok_or_else(|| PyKeyError::new_err("a level whose text nobody told"))
    }
}

fn pairs<'py>(py: Python<'py>, levels: &[Level]) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, levels.iter().map(|level| (level.price, level.size)))
}

fn levels(list: &Bound<'_, PyList>) -> PyResult<Vec<Level>> {
    list.iter()
        .map(|item| {
            let pair = item.cast::<PyTuple>()?;
            let (price, size): (f64, f64) = (pair.get_item(0)?.extract()?, pair.get_item(1)?.extract()?);
            Level::new(price, size).ok_or_else(|| {
                PyValueError::new_err(format!(
                    "a level has a finite price above 0 and a finite size of at least 0, found {size} at {price}"
                ))
            })
        })
        .collect()
}

/// One book that frames may change, and who reads it.
struct Seat {
    levels: Py<NativeBook>,
    /// Levels a side that are kept after each message; 0 = all.
    cut: usize,
    /// Lowest bid and highest ask that may be shown without being judged.
    floor: f64,
    ceiling: f64,
    /// Where the book is summed up: whether its checksums may be below 0.
    signed: Option<bool>,
    reader: Py<Reader>,
}

/// Whom to tell.
#[pyclass(module = "arb_native", frozen)]
struct Reader {
    /// The `arb_core.interfaces.book.ScannedBook`.
    book: Py<PyAny>,
    /// The same as the arguments of `on_book`, made once.
    told: Py<PyTuple>,
    on_book: Py<PyAny>,
    on_broken: Py<PyAny>,
}

#[pymethods]
impl Reader {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.book)?;
        visit.call(&self.told)?;
        visit.call(&self.on_book)?;
        visit.call(&self.on_broken)
    }
}

/// What one frame did to a book, taken out of the scanner before Python code may come back into it.
struct Change {
    reader: Py<Reader>,
    before: Best,
    after: Best,
    /// What is to be judged in Python: id and time of the message, and the checksum that the book did not meet.
    unshown: Option<(i64, Option<i64>, Option<i64>)>,
}

impl Change {
    /// Show the book's readers what changed, and tell the listener; or have the book judged in Python.
    #[inline]
    fn tell<'py>(
        &self,
        received_ns: &Bound<'py, PyAny>,
        monotonic_ns: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let py = received_ns.py();
        let reader = self.reader.get();
        let book = reader.book.bind(py);
        if let Some((last_id, exchange_ns, checksum)) = self.unshown {
            let said = (last_id, exchange_ns, received_ns, monotonic_ns, checksum);
            book.call_method1(intern!(py, "scanned"), said)?;
            return Ok(());
        }
        let (before, after) = (&self.before, &self.after);
        if after.bid != before.bid {
            book.setattr(intern!(py, "bid"), after.bid)?;
        }
        if after.bid_size != before.bid_size {
            book.setattr(intern!(py, "bid_size"), after.bid_size)?;
        }
        if after.ask != before.ask {
            book.setattr(intern!(py, "ask"), after.ask)?;
        }
        if after.ask_size != before.ask_size {
            book.setattr(intern!(py, "ask_size"), after.ask_size)?;
        }
        book.setattr(intern!(py, "monotonic_ns"), monotonic_ns)?;
        reader.on_book.bind(py).call1(reader.told.bind(py))?;
        Ok(())
    }
}

/// Applies frames to armed books and tells who listens to these, one call each.
#[pyclass(module = "arb_native", name = "NativeScanner")]
struct NativeScanner {
    scanner: Scanner,
    /// By the number that `scanner` knows a book by.
    seats: Vec<Option<Seat>>,
    numbers: FxHashMap<String, usize>,
    /// Messages applied, of all books.
    #[pyo3(get)]
    applied: u64,
}

impl NativeScanner {
    #[inline]
    fn read(&mut self, frame: &[u8], received_ns: &Bound<'_, PyAny>) -> Option<Change> {
        let py = received_ns.py();
        let Verdict::Next(number) = self.scanner.read(frame) else {
            return None;
        };
        let message = &self.scanner.message;
        let seat = self.seats[number].as_mut()?;
        self.applied += 1;
        let mut levels = seat.levels.borrow_mut(py);
        let (before, after, met) = levels.take(message, seat.cut);
        let mark = &mut levels.mark;
        mark.applied += 1;
        mark.verified += u64::from(met == Some(true));
        let exchange_ns = message.exchange_ns();
        let shown = met != Some(false)
            && seat.floor <= after.bid
            && after.bid < after.ask
            && after.ask <= seat.ceiling;
        if shown {
            mark.last_id = Int::Small(message.last);
            mark.exchange_ns = exchange_ns.map_or(Int::None, Int::Small);
            mark.received_ns = Some(received_ns.clone().unbind());
        }
        let unmet = (met == Some(false)).then_some(message.checksum);
        Some(Change {
            reader: seat.reader.clone_ref(py),
            before,
            after,
            unshown: (!shown).then_some((message.last, exchange_ns, unmet)),
        })
    }
}

#[pymethods]
impl NativeScanner {
    #[new]
    fn new(layouts: Vec<Bound<'_, PyAny>>) -> PyResult<NativeScanner> {
        let layouts = layouts.iter().map(compile).collect::<PyResult<Vec<_>>>()?;
        Ok(NativeScanner {
            scanner: Scanner::new(layouts),
            seats: Vec::new(),
            numbers: FxHashMap::default(),
            applied: 0,
        })
    }

    /// Know a book by the pair of its messages, and return the mark that moves with these, which is that of its levels; it
    /// takes none before it is armed. With a checksum it is summed up after each.
    #[pyo3(signature = (pair, book, levels, *, cut, on_book, on_broken, checksum=None))]
    #[allow(clippy::too_many_arguments)] // one for each that Python names
    fn add(
        &mut self,
        pair: String,
        book: Bound<'_, PyAny>,
        levels: Py<NativeBook>,
        cut: usize,
        on_book: Py<PyAny>,
        on_broken: Py<PyAny>,
        checksum: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<NativeBook>> {
        self.remove(&pair);
        let py = book.py();
        let spelling = checksum.map(spelled).transpose()?;
        let signed = spelling.as_ref().map(|spelling| spelling.signed);
        let mark = levels.clone_ref(py);
        {
            let mut levels = levels.borrow_mut(py);
            levels.mark = Mark::NONE;
            if let Some(spelling) = spelling {
                levels.keep_texts(spelling);
            }
        }
        let reader = Reader {
            told: PyTuple::new(py, [&book])?.unbind(),
            book: book.unbind(),
            on_book,
            on_broken,
        };
        let seat = Seat {
            levels,
            cut,
            floor: f64::NAN,
            ceiling: f64::NAN,
            signed,
            reader: Py::new(py, reader)?,
        };
        let number = self.seats.iter().position(Option::is_none);
        let number = number.unwrap_or_else(|| {
            self.seats.push(None);
            self.seats.len() - 1
        });
        self.seats[number] = Some(seat);
        self.numbers.insert(pair, number);
        Ok(mark)
    }

    /// Forget a book. Harmless when it is not known.
    fn remove(&mut self, pair: &str) {
        self.scanner.disarm(pair.as_bytes());
        if let Some(number) = self.numbers.remove(pair) {
            self.seats[number] = None;
        }
    }

    /// From now on messages of `pair` that follow on `last_id` change its book. An id that no i64 holds is followed by
    /// none. `places`: decimals with which prices and sizes count for a checksum; None = those that are printed.
    #[pyo3(signature = (pair, last_id, floor, ceiling, places=None))]
    fn arm(
        &mut self,
        pair: &str,
        last_id: &Bound<'_, PyAny>,
        floor: f64,
        ceiling: f64,
        places: Option<(i64, i64)>,
    ) -> PyResult<()> {
        let Some(&number) = self.numbers.get(pair) else {
            return Err(PyKeyError::new_err(pair.to_owned()));
        };
        let py = last_id.py();
        let Ok(last_id) = last_id.extract::<i64>() else {
            self.disarm(pair);
            return Ok(());
        };
        let mut summed = None;
        if let Some(seat) = &mut self.seats[number] {
            (seat.floor, seat.ceiling) = (floor, ceiling);
            // Nothing fits what no number is printed with.
            let count = |count: i64| u8::try_from(count).unwrap_or(u8::MAX);
            let places = places.map(|(price, size)| Places {
                price: count(price),
                size: count(size),
            });
            let latest_ns = match seat.levels.borrow(py).mark.exchange_ns {
                Int::None => i64::MIN,
                Int::Small(ns) => ns,
                Int::Large(_) => i64::MAX,
            };
            summed = seat.signed.map(|signed| Summed {
                places,
                signed,
                latest_ns,
            });
        }
        self.scanner
            .arm_summed(pair.as_bytes(), number, last_id, summed);
        Ok(())
    }

    /// Messages of `pair` are the dialect's again.
    fn disarm(&mut self, pair: &str) {
        self.scanner.disarm(pair.as_bytes());
    }

    /// Read one whole frame and return the book that it changed; None: nothing has happened.
    #[inline]
    fn apply<'py>(
        slf: &Bound<'py, NativeScanner>,
        frame: &Bound<'py, PyAny>,
        received_ns: &Bound<'py, PyAny>,
        monotonic_ns: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = slf.py();
        let change = match frame.cast::<PyBytes>() {
            Ok(bytes) => slf.borrow_mut().read(bytes.as_bytes(), received_ns),
            Err(_) => {
                let buffer = PyBuffer::<u8>::get(frame)?;
                slf.borrow_mut().read(bytes_of(&buffer)?, received_ns)
            }
        };
        let Some(change) = change else {
            return Ok(None);
        };
        let reader = change.reader.get();
        if let Err(error) = change.tell(received_ns, monotonic_ns) {
            // A listener of somebody else's, not the frame: whoever asked to hear of it goes on without it.
            if !error.is_instance_of::<PyException>(py) {
                return Err(error);
            }
            reader
                .on_broken
                .bind(py)
                .call1((&reader.book, error.value(py)))?;
        }
        Ok(Some(reader.book.bind(py).clone()))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        for seat in self.seats.iter().flatten() {
            visit.call(&seat.reader)?;
        }
        Ok(())
    }

    fn __clear__(&mut self) {
        self.scanner.disarm_all();
        self.numbers.clear();
        self.seats.clear();
    }
}

/// The bytes of a frame where they lie.
#[inline]
#[allow(unsafe_code)]
fn bytes_of(buffer: &PyBuffer<u8>) -> PyResult<&[u8]> {
    let slice = buffer
        .as_slice_ptr()
        .ok_or_else(|| PyValueError::new_err("expected contiguous bytes"))?;
    // SAFETY: the buffer is held, so its memory stays; no Python code runs before the slice is dropped, and the frame
    // belongs to the socket's reader, which waits for us.
    Ok(unsafe { slice.as_ref() })
}

/// Read how an `arb_core.structs.book.Checksum` spells what it sums up.
fn spelled(checksum: &Bound<'_, PyAny>) -> PyResult<Spelling> {
    let spelling = checksum.getattr("spelling")?;
    let order = match spelling.getattr("order")?.extract::<String>()?.as_str() {
        "in turn" => Order::InTurn,
        "asks first" => Order::AsksFirst,
        other => {
            return Err(PyValueError::new_err(format!(
                "expected levels in turn or asks first, found {other}"
            )))
        }
    };
    Ok(Spelling {
        depth: checksum.getattr("depth")?.extract()?,
        order,
        separator: spelling
            .getattr("separator")?
            .extract::<String>()?
            .into_bytes(),
        points: spelling.getattr("points")?.extract()?,
        signed: spelling.getattr("signed")?.extract()?,
    })
}

/// Read an `arb_core.structs.layout.WireLayout`.
fn compile(declared: &Bound<'_, PyAny>) -> PyResult<Layout> {
    let form = match declared.getattr("form")?.extract::<String>()?.as_str() {
        "json" => Form::Json,
        "protobuf" => Form::Protobuf,
        other => {
            return Err(PyValueError::new_err(format!(
                "expected form json or protobuf, found {other}"
            )))
        }
    };
    let rule = match declared
        .getattr("ids")?
        .getattr("value")?
        .extract::<String>()?
        .as_str()
    {
        "range" => Rule::Range,
        "chain" => Rule::Chain,
        "consecutive" => Rule::Consecutive,
        "none" => Rule::Sums,
        other => {
            return Err(PyValueError::new_err(format!(
                "expected a sequence rule, found {other}"
            )))
        }
    };
    let mut layout = Layout::new(form, rule);
    let level = declared.getattr("level")?;
    if let Ok((price, size)) = level.extract::<(String, String)>() {
        layout.keys = Keys::new(price.as_bytes(), size.as_bytes());
        if layout.keys.is_none() {
            return Err(PyValueError::new_err(format!(
                "{level}: expected two keys of plain text"
            )));
        }
    } else {
        layout.level = level.extract()?;
    }
    layout.bare = declared.getattr("bare")?.extract()?;
    layout.longer_levels = declared.getattr("longer_levels")?.extract()?;
    let (prefix, suffix): (String, String) = declared.getattr("around_symbol")?.extract()?;
    (layout.prefix, layout.suffix) = (prefix.into_bytes(), suffix.into_bytes());
    let optional: Vec<Bound<'_, PyAny>> = declared.getattr("optional")?.extract()?;
    for (name, meaning) in [
        ("symbol", Meaning::Symbol),
        ("first_id", Meaning::First),
        ("last_id", Meaning::Last),
        ("previous_id", Meaning::Previous),
        ("time_ms", Meaning::TimeMs),
        ("time_iso", Meaning::TimeIso),
        ("checksum", Meaning::Checksum),
        ("bids", Meaning::Bids),
        ("asks", Meaning::Asks),
    ] {
        let path = declared.getattr(name)?;
        if path.len()? > 0 {
            let mut required = true;
            for other in &optional {
                required &= !path.eq(other)?;
            }
            put(&mut layout, &path, meaning, required)?;
        }
    }
    for item in declared.getattr("equal")?.try_iter()? {
        let (path, texts): (Bound<'_, PyAny>, Vec<String>) = item?.extract()?;
        put(
            &mut layout,
            &path,
            Meaning::Equal(texts.into_iter().map(String::into_bytes).collect()),
            true,
        )?;
    }
    for (name, meaning, required) in [
        ("texts", Meaning::Text, true),
        ("absent", Meaning::Absent, false),
        ("passed", Meaning::Passed, false),
    ] {
        for path in declared.getattr(name)?.try_iter()? {
            put(&mut layout, &path?, meaning.clone(), required)?;
        }
    }
    layout.finish().map_err(|flaw| refused(flaw, declared))
}

fn put(
    layout: &mut Layout,
    path: &Bound<'_, PyAny>,
    meaning: Meaning,
    required: bool,
) -> PyResult<()> {
    let steps = path
        .try_iter()?
        .map(|step| {
            let step = step?;
            if let Ok(key) = step.extract::<String>() {
                return Ok(Step::Into(Name::Key(key.into_bytes())));
            }
            match (layout.form, step.extract::<u32>()) {
                (Form::Protobuf, Ok(field)) => Ok(Step::Into(Name::Field(field))),
                (Form::Json, Ok(0)) => Ok(Step::Only),
                _ => Err(PyTypeError::new_err(format!(
                    "expected a key, a field number or 0, found {step}"
                ))),
            }
        })
        .collect::<PyResult<Vec<_>>>()?;
    layout
        .declare(&steps, meaning, required)
        .map_err(|flaw| refused(flaw, path))
}

fn refused(flaw: Flaw, what: &Bound<'_, PyAny>) -> PyErr {
    PyValueError::new_err(match flaw {
        Flaw::Path => format!("{what}: empty, ends in an array, or said twice"),
        Flaw::TooMany => format!("{what}: more values than one layout may have"),
        Flaw::Lacking => {
            format!(
                "{what}: lacks the symbol, or the id or checksum that its sequence rule asks for"
            )
        }
        Flaw::Form => format!("{what}: protobuf with what only JSON has"),
    })
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<NativeBook>()?;
    module.add_class::<NativeScanner>()
}

//! The two classes that Python sees. Their promises: `arb_core.interfaces.book`.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::book::{Book, Level};
use crate::layout::{Flaw, Form, Layout, Meaning, Name, Rule, Step};
use crate::scanner::{Scanner, Verdict};

/// `arb_core.structs.layout`: what `apply` returns in place of the number of a book.
const NOT_NEXT: i64 = -1;
const NOT_MINE: i64 = -2;

const MS: i64 = 1_000_000;

/// An order book; a virtual subclass of `arb_core.interfaces.book.OrderBook`.
#[pyclass(module = "arb_native", name = "NativeBook", weakref)]
struct NativeBook {
    book: Book,
    #[pyo3(get)]
    bid: f64,
    #[pyo3(get)]
    bid_size: f64,
    #[pyo3(get)]
    ask: f64,
    #[pyo3(get)]
    ask_size: f64,
}

impl NativeBook {
    #[inline]
    fn read_best(&mut self) {
        (self.bid, self.bid_size) = self.book.best_bid();
        (self.ask, self.ask_size) = self.book.best_ask();
    }
}

#[pymethods]
impl NativeBook {
    #[new]
    fn new() -> NativeBook {
        NativeBook {
            book: Book::default(),
            bid: f64::NAN,
            bid_size: f64::NAN,
            ask: f64::NAN,
            ask_size: f64::NAN,
        }
    }

    /// Forget everything and take these levels.
    fn replace(&mut self, bids: &Bound<'_, PyList>, asks: &Bound<'_, PyList>) -> PyResult<()> {
        self.book.replace(&levels(bids)?, &levels(asks)?);
        self.read_best();
        Ok(())
    }

    /// Set absolute sizes; 0 removes.
    fn apply(&mut self, bids: &Bound<'_, PyList>, asks: &Bound<'_, PyList>) -> PyResult<()> {
        self.book.apply(&levels(bids)?, &levels(asks)?);
        self.read_best();
        Ok(())
    }

    /// Forget the levels beyond the best `depth` of each side.
    fn cut(&mut self, depth: usize) {
        self.book.cut(depth);
        self.read_best();
    }

    /// Forget everything.
    fn clear(&mut self) {
        self.book.clear();
        self.read_best();
    }

    /// Return the best `limit` bids, highest first; 0 = all.
    fn bids<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.book.bids(limit).collect::<Vec<_>>())
    }

    /// Return the best `limit` asks, lowest first; 0 = all.
    fn asks<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.book.asks(limit).collect::<Vec<_>>())
    }

    /// Return how many bids and asks are held.
    fn depth(&self) -> (usize, usize) {
        self.book.depth()
    }
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

/// Applies frames to armed books, one call each.
#[pyclass(module = "arb_native", name = "NativeScanner")]
struct NativeScanner {
    scanner: Scanner,
    books: Vec<Option<(Py<NativeBook>, usize)>>,
    /// Id of the last message applied.
    #[pyo3(get)]
    last_id: i64,
    /// Its time in nanoseconds; 0 = it bore none.
    #[pyo3(get)]
    exchange_ns: i64,
}

#[pymethods]
impl NativeScanner {
    #[new]
    fn new(layouts: Vec<Bound<'_, PyAny>>) -> PyResult<NativeScanner> {
        let layouts = layouts.iter().map(compile).collect::<PyResult<Vec<_>>>()?;
        Ok(NativeScanner {
            scanner: Scanner::new(layouts),
            books: Vec::new(),
            last_id: 0,
            exchange_ns: 0,
        })
    }

    /// From now on messages of `pair` that follow on `last_id` change `book`, which is then cut to `cut` levels a side
    /// (0 = not); `apply` returns `index` for them. An id that no i64 holds is followed by none.
    fn arm(
        &mut self,
        pair: &str,
        index: usize,
        book: Py<NativeBook>,
        last_id: &Bound<'_, PyAny>,
        cut: usize,
    ) {
        let Ok(last_id) = last_id.extract::<i64>() else {
            return self.disarm(pair);
        };
        if self.books.len() <= index {
            self.books.resize_with(index + 1, || None);
        }
        self.books[index] = Some((book, cut));
        self.scanner.arm(pair.as_bytes(), index, last_id);
    }

    /// Messages of `pair` are the dialect's again.
    fn disarm(&mut self, pair: &str) {
        self.scanner.disarm(pair.as_bytes());
    }

    /// Read one whole frame and return the index of the book that it changed; below 0, nothing has happened.
    #[inline]
    fn apply(&mut self, py: Python<'_>, frame: &Bound<'_, PyAny>) -> PyResult<i64> {
        let buffer = PyBuffer::<u8>::get(frame)?;
        let verdict = self.scanner.read(bytes_of(&buffer)?);
        let index = match verdict {
            Verdict::Next(index) => index,
            Verdict::NotNext => return Ok(NOT_NEXT),
            Verdict::NotMine => return Ok(NOT_MINE),
        };
        let message = &self.scanner.message;
        if let Some((book, cut)) = &self.books[index] {
            let mut book = book.borrow_mut(py);
            book.book.apply(&message.bids, &message.asks);
            if *cut > 0 {
                book.book.cut(*cut);
            }
            book.read_best();
        }
        self.last_id = message.last;
        self.exchange_ns = message.time_ms.saturating_mul(MS);
        i64::try_from(index).map_err(|_| PyValueError::new_err("too many books"))
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
        other => {
            return Err(PyValueError::new_err(format!(
                "messages of sequence rule {other} cannot be told apart"
            )))
        }
    };
    let mut layout = Layout::new(form, rule);
    layout.level = declared.getattr("level")?.extract()?;
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
            format!("{what}: lacks the symbol or an id that its sequence rule asks for")
        }
    })
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<NativeBook>()?;
    module.add_class::<NativeScanner>()
}

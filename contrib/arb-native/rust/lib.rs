//! From the bytes of a depth message to an updated order book, without an object for anything in between.
//!
//! A venue declares where its messages keep what a book needs (`layout`); one scanner for JSON and one for protobuf
//! (`json`, `protobuf`) walk a frame by it; `scanner` finds the book and applies the message when it is the next one.
//! Anything that is not plainly so is handed back untouched: the Python dialect, which is the reference, then decides
//! what the frame is. Nothing here judges whether a book may be believed.
pub mod book;
pub mod json;
pub mod layout;
mod levels;
pub mod number;
pub mod printed;
pub mod protobuf;
#[cfg(feature = "python")]
mod python;
pub mod scanner;
mod spots;
mod stamp;
pub mod sums;
mod text;
pub mod window;

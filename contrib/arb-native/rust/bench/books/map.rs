//! The standard library's B-tree.

use std::collections::BTreeMap;

use super::Side;

#[derive(Clone, Default)]
pub struct Map(BTreeMap<i64, f64>);

/// Bits that are ordered as the numbers are, and what makes them bits of a number again.
#[inline]
fn ordered(bits: i64) -> i64 {
    bits ^ (bits >> 63 & i64::MAX)
}

impl Side for Map {
    #[inline]
    fn set(&mut self, key: f64, size: f64) {
        let key = ordered(key.to_bits() as i64);
        if size == 0.0 {
            self.0.remove(&key);
        } else {
            self.0.insert(key, size);
        }
    }

    #[inline]
    fn best(&self) -> (f64, f64) {
        let Some((&key, &size)) = self.0.last_key_value() else {
            return (f64::NAN, f64::NAN);
        };
        (f64::from_bits(ordered(key) as u64), size)
    }
}

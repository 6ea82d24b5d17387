//! Keys and sizes in a vector each, the best level last; every search halves without a branch.

use super::Side;

#[derive(Clone, Default)]
pub struct Apart {
    keys: Vec<f64>,
    sizes: Vec<f64>,
}

impl Side for Apart {
    #[inline]
    fn set(&mut self, key: f64, size: f64) {
        let at = self.keys.partition_point(|held| *held <= key);
        if at > 0 && self.keys[at - 1] == key {
            if size == 0.0 {
                self.keys.remove(at - 1);
                self.sizes.remove(at - 1);
            } else {
                self.sizes[at - 1] = size;
            }
        } else if size != 0.0 {
            self.keys.insert(at, key);
            self.sizes.insert(at, size);
        }
    }

    #[inline]
    fn best(&self) -> (f64, f64) {
        match (self.keys.last(), self.sizes.last()) {
            (Some(&key), Some(&size)) => (key, size),
            _ => (f64::NAN, f64::NAN),
        }
    }
}

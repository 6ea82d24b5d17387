//! What `arb_native` had first: one vector of pairs, the best level last; the last levels are looked at one by one.

use super::Side;

const NEAR: usize = 8;

#[derive(Clone, Default)]
pub struct Flat(Vec<(f64, f64)>);

impl Side for Flat {
    #[inline]
    fn set(&mut self, key: f64, size: f64) {
        let levels = &mut self.0;
        let mut at = levels.len();
        let near = at.saturating_sub(NEAR);
        while at > near && levels[at - 1].0 > key {
            at -= 1;
        }
        if at == near && near > 0 {
            at = levels[..near].partition_point(|level| level.0 <= key);
        }
        if at > 0 && levels[at - 1].0 == key {
            if size == 0.0 {
                levels.remove(at - 1);
            } else {
                levels[at - 1].1 = size;
            }
        } else if size != 0.0 {
            levels.insert(at, (key, size));
        }
    }

    #[inline]
    fn best(&self) -> (f64, f64) {
        *self.0.last().unwrap_or(&(f64::NAN, f64::NAN))
    }
}

//! CPU time of the thread, which other work on the machine does not lengthen. Entered by the benches that take time.

use rustix::time::{clock_gettime, ClockId};

pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

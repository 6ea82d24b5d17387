//! Bytes of the fuzzer as choices, and what is spoilt by them. Entered by every target.

/// Each byte is one choice; where none is left, the first possibility is taken.
pub struct Choices<'a>(pub &'a [u8]);

impl<'a> Choices<'a> {
    pub fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        byte
    }

    pub fn below(&mut self, limit: usize) -> usize {
        let wide = usize::from(self.byte());
        if limit > 256 {
            return (wide << 8 | usize::from(self.byte())) % limit;
        }
        wide % limit
    }

    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    pub fn done(&self) -> bool {
        self.0.is_empty()
    }

    /// A decimal, plain for the most part.
    pub fn number(&mut self) -> String {
        const ODD: [&str; 20] = [
            "0",
            "0.0",
            "00",
            "01.5",
            ".5",
            "5.",
            "-1",
            "+1",
            "1e5",
            "1E-7",
            "nan",
            "inf",
            "",
            " 1",
            "1 ",
            "1_0",
            "9007199254740993",
            "123456789012345678901234567890",
            "0.000000000000000000000001",
            "99999999.99999999",
        ];
        let kind = self.byte();
        if kind < 12 {
            return self.of(&ODD).into();
        }
        let mut digits = |most: usize| -> String {
            let count = 1 + self.below(most);
            (0..count)
                .map(|_| char::from(b'0' + self.byte() % 10))
                .collect()
        };
        let whole = match digits(if kind < 24 { 18 } else { 7 }).trim_start_matches('0') {
            "" => "0".into(),
            whole => whole.to_string(),
        };
        match kind % 4 {
            0 => whole,
            1 => format!("{whole}.{}", digits(17)),
            _ => format!("{whole}.{}", digits(9)),
        }
    }

    /// Cut, doubled, exchanged, set or flipped: a few bytes of a frame.
    pub fn spoil(&mut self, frame: &mut Vec<u8>) {
        const TELLING: [u8; 24] = *b"\"\\{}[],:.0-9eE \n\x00\x0a\x12\x7f\x80\xff\xca\x13";
        while !self.done() && !frame.is_empty() {
            let at = self.below(frame.len());
            let end = (at + 1 + self.below(8)).min(frame.len());
            match self.below(6) {
                0 => frame[at] = self.of(&TELLING),
                1 => frame[at] = self.byte(),
                2 => frame[at] ^= 1 << self.below(8),
                3 => _ = frame.drain(at..end),
                4 => {
                    let again = frame[at..end].to_vec();
                    frame.splice(at..at, again);
                }
                _ => frame.truncate(at),
            }
        }
    }
}

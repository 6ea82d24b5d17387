//! Numbers from text, correctly rounded, so that equal text is an equal price.
//!
//! Only plain spellings are read: `12`, `0.5`, `12.50`. A sign, an exponent, a leading zero, a space or nothing at all is
//! None, and whoever asked leaves the frame to the dialect.
#![forbid(unsafe_code)]

/// Powers of ten that float64 holds exactly.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Digits of which any number fits u64.
const SHORT: usize = 19;

/// Up to here every whole number is a float64.
const WHOLE: u64 = 1 << 53;

/// Read a decimal.
///
/// With digits up to 2^53 and at most 22 of them behind the point both operands of the division are exact, so that the
/// result is rounded once (Clinger, "How to Read Floating Point Numbers Accurately", 1990). Longer texts go to the
/// standard library.
#[inline]
#[must_use]
pub fn decimal(text: &[u8]) -> Option<f64> {
    if text.len() > SHORT {
        return long(text);
    }
    let mut value: u64 = 0;
    let mut point = text.len();
    for (at, &byte) in text.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            value = value * 10 + u64::from(digit);
        } else if byte == b'.' && point == text.len() {
            point = at;
        } else {
            return None;
        }
    }
    finish(text, value, point)
}

/// Read a decimal up to the quote that ends it, in the pass that looks for the quote: (value, bytes before the quote).
///
/// None also where the text is merely long; `decimal` reads those.
#[inline]
#[must_use]
pub fn decimal_before_quote(text: &[u8]) -> Option<(f64, usize)> {
    let mut value: u64 = 0;
    let mut point = usize::MAX;
    for (at, &byte) in text.iter().enumerate().take(SHORT + 1) {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        } else if byte == b'.' && point == usize::MAX {
            point = at;
        } else if byte == b'"' {
            return finish(&text[..at], value, point.min(at)).map(|value| (value, at));
        } else {
            return None;
        }
    }
    None
}

#[inline]
#[allow(clippy::cast_precision_loss)] // not up to WHOLE
fn finish(text: &[u8], value: u64, point: usize) -> Option<f64> {
    let decimals = match (text.len() - point).checked_sub(1) {
        None => 0,
        Some(0) => return None,
        Some(decimals) => decimals,
    };
    if point == 0 || (text[0] == b'0' && point > 1) {
        return None;
    }
    if value <= WHOLE && text.len() <= SHORT {
        Some(value as f64 / EXACT[decimals])
    } else {
        long(text)
    }
}

#[cold]
fn long(text: &[u8]) -> Option<f64> {
    let mut parts = text.splitn(2, |&byte| byte == b'.');
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let whole = parts.next().filter(|part| digits(part))?;
    if (whole[0] == b'0' && whole.len() > 1) || !parts.next().is_none_or(digits) {
        return None;
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    value.is_finite().then_some(value)
}

/// Read a whole number that fits i64, which any id or time is: those of Bitget's books have 19 digits.
#[inline]
#[must_use]
pub fn integer(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > SHORT || (text[0] == b'0' && text.len() > 1) {
        return None;
    }
    let mut value: u64 = 0;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    i64::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::{decimal, decimal_before_quote, integer};

    /// Knuth's linear congruential generator: the same texts in every run.
    fn texts(count: u64) -> impl Iterator<Item = String> {
        let mut seed: u64 = 1;
        (0..count).map(move |round| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let whole = seed >> (round % 64);
            match round % 3 {
                0 => format!("{whole}"),
                1 => format!(
                    "{whole}.{:0width$}",
                    seed % 1_000_000_007,
                    width = 1 + usize::try_from(round % 25).unwrap()
                ),
                _ => format!(
                    "0.{:0width$}",
                    seed % 100_003,
                    width = 6 + usize::try_from(round % 9).unwrap()
                ),
            }
        })
    }

    #[test]
    fn equals_the_standard_library() {
        for text in texts(if cfg!(miri) { 300 } else { 300_000 }) {
            let expected: Option<f64> = text.parse().ok();
            assert_eq!(decimal(text.as_bytes()), expected, "{text}");
            let quoted = format!("{text}\",\"1\"");
            let fused = decimal_before_quote(quoted.as_bytes());
            assert!(
                fused.is_none_or(|found| Some(found.0) == expected && found.1 == text.len()),
                "{text}"
            );
            assert!(fused.is_some() || text.len() > 16, "{text}");
        }
    }

    #[test]
    fn reads_plain_spellings_only() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e5",
            "1E5",
            " 1",
            "1 ",
            "1.2.3",
            "nan",
            "inf",
            "1_0",
            "0x1",
            "00",
            "01.5",
            "1.5e3",
            "111111111111111111111.",
            ".1111111111111111111111",
            "0111111111111111111111.5",
        ] {
            assert_eq!(decimal(text.as_bytes()), None, "{text}");
            assert_eq!(
                decimal_before_quote(format!("{text}\"").as_bytes()),
                None,
                "{text}"
            );
        }
        assert_eq!(decimal("9".repeat(400).as_bytes()), None);
        assert_eq!(decimal(b"0"), Some(0.0));
        assert_eq!(decimal(b"0.00000000"), Some(0.0));
        assert_eq!(decimal_before_quote(b"12.5"), None);
    }

    #[test]
    fn reads_ids() {
        assert_eq!(integer(b"0"), Some(0));
        assert_eq!(
            integer(b"999999999999999999"),
            Some(999_999_999_999_999_999)
        );
        assert_eq!(
            integer(b"1343064377779269632"),
            Some(1_343_064_377_779_269_632)
        );
        assert_eq!(integer(b"9223372036854775807"), Some(i64::MAX));
        for text in [
            "",
            "-1",
            "007",
            "1.0",
            "9223372036854775808",
            "9999999999999999999",
            "10000000000000000000",
            " 1",
        ] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }
}

//! A time as RFC 3339 prints it in UTC: `2023-09-25T07:48:36.925533Z`. Entered by `layout`.
#![forbid(unsafe_code)]

/// Nanoseconds since 1970 of a time from then on; None for anything else, or for what no i64 holds.
#[inline]
#[must_use]
pub fn nanoseconds(text: &[u8]) -> Option<i64> {
    let (second, fraction) = text.split_at_checked(19)?;
    let second: &[u8; 19] = second.try_into().ok()?;
    let shaped = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if shaped.iter().any(|&(at, byte)| second[at] != byte) {
        return None;
    }
    let number = |from: usize, to: usize| whole(&second[from..to]);
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, whole_seconds) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || whole_seconds > 59 {
        return None;
    }
    let seconds = days(year, month, day)? * 86_400 + hour * 3_600 + minute * 60 + whole_seconds;
    seconds
        .checked_mul(1_000_000_000)?
        .checked_add(behind_point(fraction.strip_suffix(b"Z")?)?)
}

/// Nanoseconds of a point and one to nine digits; of nothing, 0.
#[inline]
fn behind_point(text: &[u8]) -> Option<i64> {
    let Some(digits) = text.strip_prefix(b".") else {
        return text.is_empty().then_some(0);
    };
    let missing = 9_usize
        .checked_sub(digits.len())
        .filter(|count| *count < 9)?;
    Some(whole(digits)? * 10_i64.pow(missing as u32))
}

/// Days since 1970-01-01; None before it, and where no calendar has the day.
#[inline]
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    const BEFORE: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let at = usize::try_from(month.checked_sub(1)?).ok()?;
    let (start, end) = (*BEFORE.get(at)?, *BEFORE.get(at + 1)?);
    if year < 1970 || day < 1 || day > end - start + i64::from(leap && month == 2) {
        return None;
    }
    let earlier = year - 1;
    let leap_days = earlier / 4 - earlier / 100 + earlier / 400 - 477;
    let leap_day = i64::from(leap && month > 2);
    Some((year - 1970) * 365 + leap_days + start + leap_day + day - 1)
}

#[inline]
fn whole(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + i64::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::{days, nanoseconds};

    #[test]
    fn reads_the_time_of_a_clock() {
        for (text, expected) in [
            ("2023-09-25T07:48:36.925533Z", 1_695_628_116_925_533_000),
            ("1970-01-01T00:00:00Z", 0),
            ("2024-02-29T23:59:59.1Z", 1_709_251_199_100_000_000),
            ("2000-03-01T00:00:00.000000001Z", 951_868_800_000_000_001),
            ("2262-04-11T23:47:16.854775807Z", i64::MAX),
        ] {
            assert_eq!(nanoseconds(text.as_bytes()), Some(expected), "{text}");
        }
    }

    #[test]
    fn every_day_follows_on_the_one_before() {
        let mut expected = 0;
        for year in 1970..=2261 {
            for month in 0..=13 {
                for day in 0..=32 {
                    if let Some(found) = days(year, month, day) {
                        assert_eq!(found, expected);
                        expected += 1;
                    }
                }
            }
        }
        // 292 years, of which 71 are leap years.
        assert_eq!(expected, 292 * 365 + 71);
    }

    #[test]
    fn what_is_no_time_is_left_alone() {
        for text in [
            "",
            "2023-09-25T07:48:36",
            "2023-09-25T07:48:36.Z",
            "2023-09-25T07:48:36.1234567890Z",
            "2023-09-25T07:48:36.12a4Z",
            "2023-09-25T07:48:36+00:00",
            "2023-09-25 07:48:36Z",
            "2023-09-25T07:48:60Z",
            "2023-09-25T24:00:00Z",
            "2023-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-00-01T00:00:00Z",
            "2023-01-00T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2262-04-11T23:47:16.854775808Z",
            "9999-12-31T23:59:59Z",
            "+023-09-25T07:48:36Z",
            "2023-09-25T07:48:36Zz",
        ] {
            assert_eq!(nanoseconds(text.as_bytes()), None, "{text}");
        }
    }
}

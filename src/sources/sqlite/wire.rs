//! BYTES OF A DATABASE: big-endian numbers that may not be there (file format 1.3, 1.6). It must not know what they mean.

/// The number at `at`.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_be_bytes(*chunk))
}

/// The number at `at`.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_be_bytes(*chunk))
}

/// The variable-length number at `at`, and where the next thing starts: up to eight bytes of seven bits, a ninth of eight.
pub fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let bytes = bytes.get(at..)?;
    // Nearly all are below 128.
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((u64::from(first), at + 1));
    }
    let mut number = u64::from(first & 0x7f);
    for (place, byte) in bytes.iter().enumerate().take(9).skip(1) {
        if place == 8 {
            return Some((number << 8 | u64::from(*byte), at + 9));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if *byte < 0x80 {
            return Some((number, at + place + 1));
        }
    }
    None
}

/// The signed number in 1, 2, 3, 4, 6 or 8 bytes, whichever `bytes` has.
pub fn integer(bytes: &[u8]) -> i64 {
    let sign = bytes.first().is_some_and(|byte| *byte >= 0x80);
    bytes.iter().fold(if sign { -1 } else { 0 }, |number, byte| number << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::{integer, varint};

    #[test]
    fn numbers_of_any_length() {
        let check = |bytes: &[u8], expected: Option<(u64, usize)>| assert_eq!(varint(bytes, 0), expected, "{bytes:?}");
        check(&[], None);
        check(&[0x7f, 9], Some((127, 1)));
        check(&[0x81, 0x00], Some((128, 2)));
        check(&[0x81], None);
        check(&[0xff; 8], None);
        check(&[0xff; 10], Some((u64::MAX, 9)));
        check(&[0x80; 9], Some((0x80, 9)));
        assert_eq!(integer(&[0xff]), -1);
        assert_eq!(integer(&[0x01, 0x00, 0x00]), 65_536);
        assert_eq!(integer(&[0x80, 0, 0, 0, 0, 0, 0, 0]), i64::MIN);
        assert_eq!(integer(&[]), 0);
    }
}

//! How long the tests go on that change bytes by a seed.

/// `few` times what the environment's `RUNGLASS_MUTATIONS` says: 1 by itself, more in the whole run of all tests.
pub fn rounds(few: usize) -> usize {
    let times = std::env::var("RUNGLASS_MUTATIONS").ok().and_then(|text| text.parse().ok());
    few.saturating_mul(times.unwrap_or(1))
}

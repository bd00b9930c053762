//! NUMBERS AND TEXTS IN ONE ROW OF BYTES, little-endian. It must not know what they mean. A reader checks every length against
//! the bytes that are there, so that garbage is `None`, never a panic, and never more memory than a few times the bytes.

/// Writes; whoever reads asks for the same things in the same order.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// All that was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A number of things. What does not fit becomes the largest number, which no reader accepts.
    pub fn count(&mut self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&count.to_le_bytes());
    }

    /// Numbers, without their count.
    pub fn numbers<const N: usize, T>(&mut self, values: impl IntoIterator<Item = T>, bytes: fn(T) -> [u8; N]) {
        self.bytes.extend(values.into_iter().flat_map(bytes));
    }

    /// Texts, without their count: where each ends, then all of them as one.
    pub fn texts<'a>(&mut self, texts: impl Iterator<Item = &'a str> + Clone) {
        let ends = texts.clone().scan(0_usize, |end, text| {
            *end += text.len();
            Some(u32::try_from(*end).unwrap_or(u32::MAX))
        });
        self.numbers(ends, u32::to_le_bytes);
        for text in texts {
            self.bytes.extend_from_slice(text.as_bytes());
        }
    }

    /// Things that may be absent, without their count: a byte each says whether it is there; answers those that are.
    pub fn presence<T>(&mut self, values: impl Iterator<Item = Option<T>>) -> Vec<T> {
        let mut present = Vec::new();
        for value in values {
            self.bytes.push(u8::from(value.is_some()));
            present.extend(value);
        }
        present
    }
}

/// Reads what a [`Writer`] wrote.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// From the start.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// Whether everything was read.
    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// A number of things.
    pub fn count(&mut self) -> Option<usize> {
        let bytes = self.take(4)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    }

    /// So many numbers.
    pub fn numbers<const N: usize, T>(&mut self, count: usize, number: fn([u8; N]) -> T) -> Option<Vec<T>> {
        let bytes = self.take(count.checked_mul(N)?)?;
        Some(bytes.chunks_exact(N).filter_map(|chunk| chunk.first_chunk().map(|chunk| number(*chunk))).collect())
    }

    /// So many texts.
    pub fn texts(&mut self, count: usize) -> Option<Vec<&'a str>> {
        let ends = self.numbers(count, u32::from_le_bytes)?;
        let length = ends.last().copied().unwrap_or(0);
        let all = std::str::from_utf8(self.take(usize::try_from(length).ok()?)?).ok()?;
        let mut start = 0;
        let mut texts = Vec::with_capacity(count);
        for end in ends {
            let end = usize::try_from(end).ok()?;
            texts.push(all.get(start..end)?);
            start = end;
        }
        Some(texts)
    }

    /// Which of so many things are there, and how many.
    pub fn presence(&mut self, count: usize) -> Option<(&'a [u8], usize)> {
        let flags = self.take(count)?;
        flags.iter().all(|flag| *flag < 2).then(|| (flags, flags.iter().filter(|flag| **flag == 1).count()))
    }
}

/// Puts values back to where `flags` say that there is one.
pub fn spread<T>(flags: &[u8], values: Vec<T>) -> Vec<Option<T>> {
    let mut values = values.into_iter();
    flags.iter().map(|flag| if *flag == 1 { values.next() } else { None }).collect()
}

//! The values of one field over the rows of a table.

/// Values of one field, keyed by row number: sparse (row ids beside values) until more than a quarter of the rows have
/// one, dense from then on. Absence is a bit, so that NaN and the empty text stay values.
#[derive(Clone, Debug)]
pub struct Cells<T> {
    store: Repr<T>,
}

#[derive(Clone, Debug)]
enum Repr<T> {
    /// `rows` ascends strictly; `values[i]` belongs to `rows[i]`.
    Sparse { rows: Vec<u32>, values: Vec<T> },
    /// `values[row]` where the bit of the row is set, else anything; `count` bits are.
    Dense { count: usize, present: Vec<u64>, values: Vec<T> },
}

impl<T> Default for Cells<T> {
    fn default() -> Self {
        Cells { store: Repr::Sparse { rows: Vec::new(), values: Vec::new() } }
    }
}

impl<T: Copy + PartialEq> PartialEq for Cells<T> {
    fn eq(&self, other: &Cells<T>) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

/// Of a word of the bits that say which rows have a value.
const BITS: usize = u64::BITS as usize;

fn is_set(present: &[u64], row: usize) -> bool {
    present.get(row / BITS).is_some_and(|word| word >> (row % BITS) & 1 == 1)
}

/// Below this many values a column stays sparse, whatever its fill.
const DENSE_FROM: usize = 64;

impl<T: Copy> Cells<T> {
    /// The value at `row`, or `None` where the field was not logged.
    pub fn get(&self, row: u32) -> Option<T> {
        match &self.store {
            Repr::Sparse { rows, values } => rows.binary_search(&row).ok().map(|at| values[at]),
            Repr::Dense { present, values, .. } => {
                values.get(row as usize).filter(|_| is_set(present, row as usize)).copied()
            }
        }
    }

    /// Makes room for `rows` in all, exactly, if it is dense: a sparse one is small.
    pub fn reserve(&mut self, rows: usize) {
        if let Repr::Dense { values, .. } = &mut self.store {
            values.reserve_exact(rows.saturating_sub(values.len()));
        }
    }

    /// Puts `value` at `row`; quick when rows come in ascending order, right in any order.
    pub fn set(&mut self, row: u32, value: T) {
        match &mut self.store {
            Repr::Sparse { rows, values } => {
                match rows.last() {
                    Some(&last) if last >= row => match rows.binary_search(&row) {
                        Ok(at) => values[at] = value,
                        Err(at) => {
                            rows.insert(at, row);
                            values.insert(at, value);
                        }
                    },
                    _ => {
                        rows.push(row);
                        values.push(value);
                    }
                }
                let highest = *rows.last().unwrap_or(&0) as usize;
                if rows.len() > DENSE_FROM && rows.len() > highest / 4 {
                    self.make_dense();
                }
            }
            Repr::Dense { count, present, values } => {
                let row = row as usize;
                if values.len() <= row {
                    // what fills the gap is not looked at
                    values.resize(row + 1, value);
                    present.resize(row / BITS + 1, 0);
                }
                *count += usize::from(!is_set(present, row));
                present[row / BITS] |= 1 << (row % BITS);
                values[row] = value;
            }
        }
    }

    /// Takes the value of `row` away, if it has one.
    pub fn unset(&mut self, row: u32) {
        match &mut self.store {
            Repr::Sparse { rows, values } => {
                if let Ok(at) = rows.binary_search(&row) {
                    rows.remove(at);
                    values.remove(at);
                }
            }
            Repr::Dense { count, present, .. } => {
                let row = row as usize;
                if is_set(present, row) {
                    present[row / BITS] &= !(1 << (row % BITS));
                    *count -= 1;
                }
            }
        }
    }

    fn make_dense(&mut self) {
        if let Repr::Sparse { rows, values } = &self.store {
            let (rows, values) = (rows.clone(), values.clone());
            self.store = Repr::Dense { count: 0, present: Vec::new(), values: Vec::new() };
            for (row, value) in rows.into_iter().zip(values) {
                self.set(row, value);
            }
        }
    }

    /// How many rows have a value.
    pub fn len(&self) -> usize {
        match &self.store {
            Repr::Sparse { rows, .. } => rows.len(),
            Repr::Dense { count, .. } => *count,
        }
    }

    /// Whether no row has a value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The (row, value) pairs of some rows, by ascending row; what lies outside is not looked at.
    pub fn range(&self, wanted: std::ops::Range<u32>) -> Box<dyn Iterator<Item = (u32, T)> + '_> {
        match &self.store {
            Repr::Sparse { rows, values } => {
                let from = rows.partition_point(|row| *row < wanted.start);
                let to = rows.partition_point(|row| *row < wanted.end).max(from);
                Box::new(rows[from..to].iter().copied().zip(values[from..to].iter().copied()))
            }
            Repr::Dense { present, values, .. } => {
                let to = (wanted.end as usize).min(values.len());
                let from = (wanted.start as usize).min(to);
                let all = (wanted.start..).zip(&values[from..to]);
                Box::new(all.filter(|(row, _)| is_set(present, *row as usize)).map(|(row, value)| (row, *value)))
            }
        }
    }

    /// All (row, value) pairs by ascending row.
    pub fn iter(&self) -> Box<dyn Iterator<Item = (u32, T)> + '_> {
        self.range(0..u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Cells;

    #[test]
    fn sparse_and_dense_answer_alike() {
        let mut cells = Cells::default();
        let mut expected = std::collections::BTreeMap::new();
        for step in 0..500_u32 {
            let row = (step * 7919) % 400;
            cells.set(row, step);
            expected.insert(row, step);
            assert_eq!(cells.len(), expected.len());
        }
        assert_eq!(cells.iter().collect::<Vec<_>>(), expected.clone().into_iter().collect::<Vec<_>>());
        let part: Vec<_> = expected.range(90..210).map(|(row, value)| (*row, *value)).collect();
        assert_eq!(cells.range(90..210).collect::<Vec<_>>(), part);
        assert_eq!(cells.range(900..910).count(), 0);
        for row in 0..500 {
            assert_eq!(cells.get(row), expected.get(&row).copied(), "row {row}");
        }
    }
}

//! The values of one field over the rows of a table.

/// Values of one field, keyed by row number: sparse (row ids beside values) until more than a quarter of the rows have
/// one, dense from then on. Absence is a bit, so that NaN and the empty text stay values.
#[derive(Clone, Debug, PartialEq)]
pub struct Cells<T> {
    store: Repr<T>,
}

#[derive(Clone, Debug, PartialEq)]
enum Repr<T> {
    /// `rows` ascends strictly; `values[i]` belongs to `rows[i]`.
    Sparse { rows: Vec<u32>, values: Vec<T> },
    /// `values[row]`; `count` of them are `Some`.
    Dense { count: usize, values: Vec<Option<T>> },
}

impl<T> Default for Cells<T> {
    fn default() -> Self {
        Cells { store: Repr::Sparse { rows: Vec::new(), values: Vec::new() } }
    }
}

/// Below this many values a column stays sparse, whatever its fill.
const DENSE_FROM: usize = 64;

impl<T: Copy> Cells<T> {
    /// The value at `row`, or `None` where the field was not logged.
    pub fn get(&self, row: u32) -> Option<T> {
        match &self.store {
            Repr::Sparse { rows, values } => rows.binary_search(&row).ok().map(|at| values[at]),
            Repr::Dense { values, .. } => values.get(row as usize).copied().flatten(),
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
            Repr::Dense { count, values } => {
                let row = row as usize;
                if values.len() <= row {
                    values.resize(row + 1, None);
                }
                *count += usize::from(values[row].is_none());
                values[row] = Some(value);
            }
        }
    }

    fn make_dense(&mut self) {
        if let Repr::Sparse { rows, values } = &self.store {
            let mut dense = vec![None; *rows.last().unwrap_or(&0) as usize + 1];
            for (row, value) in rows.iter().zip(values) {
                dense[*row as usize] = Some(*value);
            }
            self.store = Repr::Dense { count: rows.len(), values: dense };
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
            Repr::Dense { values, .. } => {
                let to = (wanted.end as usize).min(values.len());
                let from = (wanted.start as usize).min(to);
                let present = (wanted.start..).zip(&values[from..to]);
                Box::new(present.filter_map(|(row, value)| value.map(|value| (row, value))))
            }
        }
    }

    /// All (row, value) pairs by ascending row.
    pub fn iter(&self) -> Box<dyn Iterator<Item = (u32, T)> + '_> {
        match &self.store {
            Repr::Sparse { rows, values } => Box::new(rows.iter().copied().zip(values.iter().copied())),
            Repr::Dense { values, .. } => {
                Box::new(values.iter().enumerate().filter_map(|(row, value)| value.map(|value| (row as u32, value))))
            }
        }
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

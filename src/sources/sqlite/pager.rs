//! PAGES BY NUMBER, wherever they lie: in the file, or newer in its `-wal`, or older in a hot journal. Reads are planned: what
//! is known to be needed is asked for together, in the order of the files, and neighbours are joined. What was read is kept in
//! a bounded cache. It must not know what a page holds.

use super::problem::Problems;
use crate::sources::{Bytes, Fault};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::ops::{Deref, Range};
use std::rc::Rc;

/// Gaps up to this many bytes are read along: a read costs more than they do.
pub const GAP: u64 = 64 << 10;
/// Most bytes of one read.
const READ: u64 = 4 << 20;
/// A page that nobody planned for is read with what lies round it, in the block of this size.
const BLOCK: u64 = 64 << 10;
/// Bytes that are kept. Memory of WebAssembly never shrinks, so that this is what it costs for good.
const CACHE: usize = 16 << 20;

/// Where a page lies: the number of the file and the first byte. Places sort as they should be read.
pub type Place = (u8, u64);

/// The pages of a database.
pub struct Pager {
    /// The database, then its journal, then its log.
    files: [Option<Rc<dyn Bytes>>; 3],
    /// Pages that do not lie where they would in the database.
    moved: HashMap<u32, Place>,
    page_size: u32,
    usable: usize,
    pages: u32,
    cache: RefCell<Cache>,
    /// What was announced to the files.
    announced: RefCell<Vec<(u8, Range<u64>)>>,
    reads: Cell<u64>,
    bytes: Cell<u64>,
    /// What was found to be wrong.
    pub problems: Problems,
}

#[derive(Default)]
struct Cache {
    /// By place; no two overlap, and each starts and ends where pages do.
    windows: BTreeMap<Place, Window>,
    /// When each was used last.
    ages: BTreeMap<u64, Place>,
    clock: u64,
    bytes: usize,
}

struct Window {
    bytes: Rc<Vec<u8>>,
    used: u64,
}

/// The bytes of one page, without those reserved at its end.
#[derive(Clone)]
pub struct PageBytes {
    window: Rc<Vec<u8>>,
    range: Range<usize>,
}

impl Deref for PageBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.window.get(self.range.clone()).unwrap_or_default()
    }
}

/// What a pager is made of.
pub struct Files {
    /// The database, its journal, its log.
    pub files: [Option<Rc<dyn Bytes>>; 3],
    /// Pages that lie in one of the others.
    pub moved: HashMap<u32, Place>,
}

impl Pager {
    /// Over files whose pages have `page_size` bytes, the first `usable` of them used.
    pub fn new(files: Files, page_size: u32, usable: u32, pages: u32) -> Pager {
        Pager {
            files: files.files,
            moved: files.moved,
            page_size,
            usable: usable as usize,
            pages,
            cache: RefCell::default(),
            announced: RefCell::default(),
            reads: Cell::new(0),
            bytes: Cell::new(0),
            problems: Problems::default(),
        }
    }

    /// Bytes of a page that hold something.
    pub fn usable(&self) -> usize {
        self.usable
    }

    /// Bytes of a page.
    pub fn page_size(&self) -> u64 {
        u64::from(self.page_size)
    }

    /// Pages there are.
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// No payload can be larger.
    pub fn total_bytes(&self) -> u64 {
        u64::from(self.pages) * self.page_size()
    }

    /// Reads so far, and the bytes that they brought.
    pub fn cost(&self) -> (u64, u64) {
        (self.reads.get(), self.bytes.get())
    }

    /// Where a page lies; `None` where the files do not hold it.
    pub fn place(&self, page: u32) -> Option<Place> {
        if page == 0 || page > self.pages {
            return None;
        }
        if let Some(place) = self.moved.get(&page) {
            return Some(*place);
        }
        let start = u64::from(page - 1) * self.page_size();
        (start + self.page_size() <= self.size(0)).then_some((0, start))
    }

    fn size(&self, file: u8) -> u64 {
        self.files.get(usize::from(file)).and_then(Option::as_ref).map_or(0, |bytes| bytes.size())
    }

    fn read(&self, file: u8, range: Range<u64>) -> Result<(), Fault> {
        let Some(bytes) = self.files.get(usize::from(file)).and_then(Option::as_ref) else { return Ok(()) };
        let read = bytes.read(range.clone())?;
        self.reads.set(self.reads.get() + 1);
        self.bytes.set(self.bytes.get() + read.len() as u64);
        self.cache.borrow_mut().insert((file, range.start), range.end, read);
        Ok(())
    }

    /// Reads those of `pages` that are not in memory, joined; ask for less than the cache holds.
    ///
    /// # Errors
    /// Those of the files. A page that does not exist is no error.
    pub fn want(&self, pages: impl IntoIterator<Item = u32>) -> Result<(), Fault> {
        self.plan(pages).into_iter().try_for_each(|(file, range)| self.read(file, range))
    }

    /// Tells the files that those of `pages` that are not in memory will be wanted next.
    pub fn announce(&self, pages: impl IntoIterator<Item = u32>) {
        let plan = self.plan(pages);
        for (file, bytes) in (0_u8..).zip(&self.files) {
            let own: Vec<Range<u64>> =
                plan.iter().filter(|(of, _)| *of == file).map(|(_, range)| range.clone()).collect();
            if let Some(bytes) = bytes.as_ref().filter(|_| !own.is_empty()) {
                bytes.announce(&own);
            }
        }
        *self.announced.borrow_mut() = plan;
    }

    /// Whether something was announced and not yet read.
    pub fn has_announced(&self) -> bool {
        !self.announced.borrow().is_empty()
    }

    /// Until the files have what was announced.
    pub async fn arrived(&self) {
        for bytes in self.files.iter().flatten() {
            bytes.arrived().await;
        }
    }

    /// Reads what was announced, just as it was.
    ///
    /// # Errors
    /// Those of the files.
    pub fn want_announced(&self) -> Result<(), Fault> {
        self.announced.take().into_iter().try_for_each(|(file, range)| self.read(file, range))
    }

    /// The same as [`Pager::want`] for few pages, each with the block that it lies in: it costs no more, and what belongs together was mostly
    /// written together.
    ///
    /// # Errors
    /// Those of the files.
    pub fn want_blocks(&self, pages: impl IntoIterator<Item = u32>) -> Result<(), Fault> {
        for (file, range) in self.plan(pages) {
            self.read_block(file, range)?;
        }
        Ok(())
    }

    fn plan(&self, pages: impl IntoIterator<Item = u32>) -> Vec<(u8, Range<u64>)> {
        let cache = self.cache.borrow();
        let places = pages.into_iter().filter_map(|page| self.place(page));
        let mut places: Vec<Place> = places.filter(|place| cache.find(*place).is_none()).collect();
        places.sort_unstable();
        let mut joined: Vec<(u8, Range<u64>)> = Vec::new();
        for (file, start) in places {
            let end = start + self.page_size();
            match joined.last_mut() {
                Some((same, range)) if *same == file && start <= range.end + GAP && end - range.start <= READ => {
                    range.end = end;
                }
                _ => joined.push((file, start..end)),
            }
        }
        joined
    }

    fn read_block(&self, file: u8, range: Range<u64>) -> Result<(), Fault> {
        let range = match file {
            0 => self.cache.borrow().free_block(range, self.size(0) / self.page_size() * self.page_size()),
            _ => range,
        };
        self.read(file, range)
    }

    /// One page; `None` where the files do not hold it.
    ///
    /// # Errors
    /// Those of the files.
    pub fn page(&self, page: u32) -> Result<Option<PageBytes>, Fault> {
        let Some(place) = self.place(page) else { return Ok(None) };
        if let Some(found) = self.cached(place) {
            return Ok(Some(found));
        }
        self.read_block(place.0, place.1..place.1 + self.page_size())?;
        Ok(self.cached(place))
    }

    fn cached(&self, place: Place) -> Option<PageBytes> {
        let mut cache = self.cache.borrow_mut();
        let (start, window) = cache.touch(place)?;
        let from = usize::try_from(place.1 - start).ok()?;
        let range = from..from.checked_add(self.usable)?;
        (range.end <= window.len()).then_some(PageBytes { window, range })
    }
}

impl Cache {
    /// The window that holds the byte at `place`.
    fn find(&self, place: Place) -> Option<(Place, &Window)> {
        let (at, window) = self.windows.range(..=place).next_back()?;
        let end = at.1 + window.bytes.len() as u64;
        (at.0 == place.0 && place.1 < end).then_some((*at, window))
    }

    fn touch(&mut self, place: Place) -> Option<(u64, Rc<Vec<u8>>)> {
        let at = self.find(place)?.0;
        let clock = self.clock;
        let window = self.windows.get_mut(&at)?;
        // Pages of one window follow each other.
        if window.used != clock {
            self.clock += 1;
            self.ages.remove(&window.used);
            window.used = self.clock;
            self.ages.insert(window.used, at);
        }
        Some((at.1, window.bytes.clone()))
    }

    /// The block round pages that are not in memory, as far as nothing else of it is.
    fn free_block(&self, page: Range<u64>, file_end: u64) -> Range<u64> {
        let start = page.start - page.start % BLOCK;
        let end = (start + BLOCK).max(page.end).min(file_end.max(page.end));
        let before = self.windows.range(..(0, page.start)).next_back();
        let after = self.windows.range((0, page.end)..).next();
        let start = before.map_or(start, |(at, window)| start.max(at.1 + window.bytes.len() as u64));
        let end = after.filter(|(at, _)| at.0 == 0).map_or(end, |(at, _)| end.min(at.1));
        start.min(page.start)..end
    }

    fn insert(&mut self, at: Place, end: u64, bytes: Vec<u8>) {
        // Windows in the gaps that were read along are in the new one.
        let covered: Vec<Place> = self.windows.range(at..(at.0, end)).map(|(at, _)| *at).collect();
        for at in covered {
            self.remove(at);
        }
        self.clock += 1;
        self.bytes += bytes.len();
        self.windows.insert(at, Window { bytes: Rc::new(bytes), used: self.clock });
        self.ages.insert(self.clock, at);
        while self.bytes > CACHE && self.windows.len() > 1 {
            let Some(oldest) = self.ages.first_key_value().map(|(_, at)| *at) else { break };
            self.remove(oldest);
        }
    }

    fn remove(&mut self, at: Place) {
        if let Some(window) = self.windows.remove(&at) {
            self.bytes -= window.bytes.len();
            self.ages.remove(&window.used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, CACHE, Files, Pager};
    use crate::sources::{Bytes, Fault};
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::ops::Range;
    use std::rc::Rc;

    /// Pages of 512 bytes whose first four are their number.
    struct Counting {
        pages: u32,
        reads: RefCell<Vec<Range<u64>>>,
    }

    impl Bytes for Counting {
        fn size(&self) -> u64 {
            u64::from(self.pages) * 512
        }

        fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Fault> {
            self.reads.borrow_mut().push(range.clone());
            let byte = |at: u64| (at / 512 + 1).to_be_bytes().get((at % 512 + 4) as usize).copied().unwrap_or(0);
            Ok(range.map(byte).collect())
        }
    }

    #[test]
    fn reads_are_joined_and_every_page_is_the_right_one() {
        let file = Rc::new(Counting { pages: 100_000, reads: RefCell::default() });
        let files = Files { files: [Some(file.clone()), None, None], moved: HashMap::new() };
        let pager = Pager::new(files, 512, 512, 100_000);
        let check = |page: u32| {
            let bytes = pager.page(page).expect("no fault").expect("a page");
            assert_eq!(bytes.first_chunk(), Some(&page.to_be_bytes()), "page {page}");
        };
        // A gap of 64 KB is read along, a larger one is not.
        pager.want([1, 130, 400, 2]).expect("read");
        assert_eq!(file.reads.take(), [0..130 * 512, 399 * 512..400 * 512]);
        for page in [1, 2, 77, 130, 400] {
            check(page);
        }
        assert!(file.reads.take().is_empty());
        // What was announced is read as it was announced, whatever has come meanwhile.
        pager.announce([2, 700, 702]);
        check(701);
        assert_eq!(file.reads.take().pop(), Some(640 * 512..768 * 512));
        pager.want_announced().expect("read");
        assert_eq!(file.reads.take().pop(), Some(699 * 512..702 * 512));
        pager.want_announced().expect("read");
        assert!(file.reads.take().is_empty() && !pager.has_announced());
        // Unplanned: the block round it, as far as it is not there.
        check(399);
        assert_eq!(file.reads.take().pop(), Some(384 * 512..399 * 512));
        check(401);
        assert_eq!(file.reads.take().pop(), Some(400 * 512..512 * 512));
        assert!(pager.page(0).expect("no fault").is_none());
        assert!(pager.page(100_001).expect("no fault").is_none());
        // However much is read, memory is bounded, and nothing is mixed up.
        let mut state = 7_u64;
        for _ in 0..2_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let page = (state >> 33) as u32 % 100_000 + 1;
            if state & 1 == 0 {
                pager.want([page, page / 2 + 1, page / 3 + 1, page / 2 + 40]).expect("read");
            }
            check(page);
            assert!(pager.cache.borrow().bytes <= CACHE + BLOCK as usize);
        }
    }
}

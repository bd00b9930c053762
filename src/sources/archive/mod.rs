//! WHAT ALL ARCHIVES SHARE: safe names, a list of entries under a budget, a window that slides over the file, reading in the
//! order of the file. It must not know any archive's format.

pub mod budget;
#[cfg(test)]
pub mod examine;
pub mod listing;
pub mod name;
pub mod order;
pub mod window;

pub use budget::{Allowance, Budget};

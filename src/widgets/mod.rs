//! LEPTOS THAT KNOWS NO MLFLOW: a grid, menus, a drawer, a tree and the like, driven by signals and callbacks.
//!
//! It must not know what an experiment or a run is, nor where data comes from. What it needs of the document it asks
//! `browser::dom`; styles are classes and CSSOM properties, never text.

pub mod drawer;
pub mod empty;
pub mod file_tree;
pub mod grid;
pub mod icon;
pub mod menu;
pub mod message;
pub mod plot;
pub mod progress;
pub mod segmented;
pub mod splitter;
pub mod text_field;
pub mod values;

//! LEPTOS THAT KNOWS NO MLFLOW: a grid, menus, a drawer, a tree and the like, driven by signals and callbacks.
//!
//! It must not know what an experiment or a run is, nor where data comes from. What it needs of the document it asks
//! `browser::dom`; styles are classes and CSSOM properties, never text.
//!
//! Its plain arithmetic (`window`, `coloured`) builds and is tested without a browser.

pub mod coloured;
pub mod window;

#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod drawer;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod empty;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod file_tree;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod grid;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod icon;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod menu;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod message;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod plot;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod progress;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod segmented;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod splitter;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod text_field;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod turns;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod values;

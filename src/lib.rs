//! Runglass opens MLflow tracking data in a browser tab.
//!
//! Data flows one way: bytes -> runs -> columns -> rows -> cells and curves. `ARCHITECTURE.md` has the map, the trips and
//! the invariants.

pub mod chart;
pub mod model;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod query;
pub mod session;
pub mod sources;
pub mod view;

#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod browser;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod pages;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod widgets;

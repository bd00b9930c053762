//! LEPTOS THAT KNOWS NO MLFLOW.

pub mod grid;
pub mod icon;
pub mod plot;

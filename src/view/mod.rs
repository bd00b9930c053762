//! WHAT THE SCREEN SAYS, without a screen.

pub mod coloured;
pub mod window;

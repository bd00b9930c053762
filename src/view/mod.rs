//! WHAT THE SCREEN SAYS, without a screen.

pub mod window;

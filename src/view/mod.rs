//! WHAT THE SCREEN SAYS, without a screen.

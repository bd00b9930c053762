//! MLFLOW'S REST INTERFACE: what its answers say, in the words of the model, and a tracking server as a source.
//!
//! `answers` and `shelf` must not know how an answer came here: from a server, or saved to a file. Names of fields are those of
//! all versions of the server; ids are opaque; what is a number may be a string and the other way round, since other servers
//! write them so. Where a server is (`address`), who asks (`credentials`), how it is asked (`call`, `client`) and why there is no answer
//! (`judge`, `diagnose`) know nothing of runs. Nothing is ever written to a server.

pub mod address;
mod ahead;
pub mod answers;
mod artifacts;
mod call;
mod client;
pub mod credentials;
pub mod diagnose;
mod experiments;
mod histories;
mod identity;
mod judge;
mod listing;
mod runs;
pub mod shelf;
mod shelves;
#[cfg(test)]
mod tests;
mod tracking;

pub use address::Address;
pub use credentials::Credentials;
pub use tracking::Tracking;

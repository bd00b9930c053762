//! MLFLOW'S REST INTERFACE: what its answers say, in the words of the model.
//!
//! It must not know how an answer came here: from a server, or saved to a file. Names of fields are those of all versions of the
//! server; ids are opaque; what is a number may be a string and the other way round, since other servers write them so.

pub mod answers;
pub mod shelf;

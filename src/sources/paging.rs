//! Pages, one after the other.

use crate::sources::{Cursor, Fault, Page};

/// Asks for each page with the cursor of the one before it, and hands it on.
///
/// # Errors
/// The first of `ask`; what came before it was handed on.
pub async fn each_page<T>(
    ask: impl AsyncFn(Option<Cursor>) -> Result<Page<T>, Fault>,
    mut take: impl FnMut(Page<T>),
) -> Result<(), Fault> {
    let mut after = None;
    loop {
        let page = ask(after).await?;
        after = page.next.clone();
        take(page);
        if after.is_none() {
            return Ok(());
        }
    }
}

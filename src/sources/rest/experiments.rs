//! THE EXPERIMENTS OF A SERVER, page by page; each keeps the number under which it came first.

use super::answers;
use super::call::{Call, Place, Refused};
use super::listing::Guard;
use super::tracking::Inner;
use crate::model::{Experiment, Reason, Report};
use crate::sources::{Cursor, Fault, FaultKind, Page, Progress};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

/// Experiments of a page.
const PAGE: u32 = 1_000;

/// Those that are known.
#[derive(Debug, Default)]
pub struct Known {
    ids: RefCell<Vec<String>>,
    number_of: RefCell<HashMap<String, u32>>,
    guard: RefCell<Guard>,
    way: Cell<Way>,
}

/// How this server is asked for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    #[default]
    Post,
    Get,
    /// 1.x before 1.28, GitLab before it had a search.
    List,
}

impl Known {
    /// All ids, by number.
    pub fn ids(&self) -> Vec<String> {
        self.ids.borrow().clone()
    }

    /// The id of a number.
    pub fn id(&self, number: u32) -> Option<String> {
        self.ids.borrow().get(number as usize).cloned()
    }

    /// The number of an id.
    pub fn number(&self, id: &str) -> Option<u32> {
        self.number_of.borrow().get(id).copied()
    }

    fn take(&self, id: &str) {
        let (mut ids, mut number_of) = (self.ids.borrow_mut(), self.number_of.borrow_mut());
        if !number_of.contains_key(id) {
            number_of.insert(id.to_owned(), ids.len() as u32);
            ids.push(id.to_owned());
        }
    }
}

/// One page.
///
/// # Errors
/// When the server does not answer, or is none.
pub async fn page(inner: &Inner, after: Option<Cursor>) -> Result<Page<Vec<Experiment>>, Fault> {
    let known = &inner.experiments;
    if after.is_none() {
        *known.guard.borrow_mut() = Guard::default();
    }
    let token = after.map(|cursor| cursor.0).unwrap_or_default();
    let answer = ask(inner, &token).await?;
    // a server without experiments says nothing at all
    let is_its_own = ["experiments", "next_page_token"].iter().any(|name| answer.get(name).is_some());
    if !is_its_own && answer.as_object().is_some_and(|fields| !fields.is_empty()) {
        let base = inner.client.address().base();
        return Err(Fault::new(FaultKind::NotMlflow, format!("{base} answers, but not as a tracking server does.")));
    }
    let mut report = Report::default();
    let (mut items, mut on_page) = (Vec::new(), HashSet::new());
    for item in answer.get("experiments").and_then(Value::as_array).into_iter().flatten() {
        let mut note = |message: String| report.note(Reason::ServerAnswer, "", None, inner.client.shown(&message));
        match answers::experiment(item, &mut note) {
            Some(experiment) => {
                let is_new = known.guard.borrow_mut().is_new(&token, &experiment.id);
                if is_new && on_page.insert(experiment.id.clone()) {
                    known.take(&experiment.id);
                    items.push(experiment);
                }
            }
            None => note("An experiment without an id was left out.".to_owned()),
        }
    }
    let mut next = answers::next_page_token(&answer);
    if next.as_ref().is_some_and(|next| !known.guard.borrow_mut().goes_on(&token, next, items.len())) {
        report.note(Reason::ServerPages, "", None, "The pages of experiments repeat themselves.");
        next = None;
    }
    Ok(Page::new(items, next.map(Cursor), Progress::default(), report))
}

async fn ask(inner: &Inner, token: &str) -> Result<Value, Refused> {
    let way = &inner.experiments.way;
    loop {
        let mut query = vec![("view_type", "ALL".to_owned()), ("max_results", PAGE.to_string())];
        if !token.is_empty() {
            query.push(("page_token", token.to_owned()));
        }
        let (call, other) = match way.get() {
            Way::Post => {
                let body: serde_json::Map<String, Value> = query
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), if key == "max_results" { json!(PAGE) } else { json!(value) }))
                    .collect();
                (Call::post(Place::Api("experiments/search"), Value::Object(body)), Some(Way::Get))
            }
            Way::Get => (Call { query, ..Call::get(Place::Api("experiments/search"), &[]) }, Some(Way::List)),
            Way::List => (Call { query, ..Call::get(Place::Api("experiments/list"), &[]) }, None),
        };
        match (inner.client.json(&call).await, other) {
            (Err(refused), Some(other)) if refused.status.is_some_and(|status| matches!(status, 404 | 405 | 501)) => {
                way.set(other)
            }
            (answer, _) => {
                if answer.is_err() && way.get() == Way::List {
                    // Nothing was found out: the next asking begins anew.
                    way.set(Way::Post);
                }
                return answer;
            }
        }
    }
}

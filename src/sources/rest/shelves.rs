//! WHAT LIES BESIDE THE RUNS OF A SERVER: registered models, prompts, logged models, traces, one after the other, page by page.
//! What a server does not have is passed over.

use super::answers::next_page_token;
use super::call::{Call, Place, Refused};
use super::listing::Guard;
use super::shelf;
use super::tracking::Inner;
use crate::model::{ModelVersion, Reason, RegisteredModel, Report, Shelf};
use crate::sources::{Cursor, Fault, FaultKind, Page, Progress};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

/// Prompts are registered models that MLflow 3 leaves out unless they are asked for.
const PROMPTS: &str = "tags.`mlflow.prompt.is_prompt` = 'true'";
/// Things of a page, MLflow's own limits.
const MODELS: u32 = 1_000;
const VERSIONS: u32 = 10_000;
const LOGGED: u32 = 100;
const TRACES: u32 = 500;
/// Experiments of one question; those of the older traces stand in an address.
const EXPERIMENTS: usize = 100;
/// Pages that are read to put versions and models together.
const PAGES: usize = 100;

/// What is known of it.
#[derive(Debug, Default)]
pub struct Shelves {
    guard: RefCell<Guard>,
    versions: RefCell<Option<Rc<Versions>>>,
    /// Counted while pages are read from the first on; what they come to is known at the last one.
    counting: Cell<(u64, u64)>,
    counted: Cell<Option<(u64, u64)>>,
    has_old_traces: Cell<bool>,
}

/// Versions by the name of their model.
type Versions = BTreeMap<String, Vec<ModelVersion>>;

/// What a store tells of its shelf.
#[derive(Debug, Default)]
pub struct Counts {
    /// Without prompts, as in MLflow's own lists; each with its count of versions.
    pub registered_models: Vec<(String, u64)>,
    /// Those of a first page, until the shelf was read.
    pub logged_models: u64,
    /// The same.
    pub traces: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Models,
    Prompts,
    Logged,
    Traces,
}

impl Stage {
    fn next(self) -> Option<Stage> {
        match self {
            Stage::Models => Some(Stage::Prompts),
            Stage::Prompts => Some(Stage::Logged),
            Stage::Logged => Some(Stage::Traces),
            Stage::Traces => None,
        }
    }

    fn list(self) -> &'static str {
        match self {
            Stage::Models | Stage::Prompts => "registered_models",
            Stage::Logged => "models",
            Stage::Traces => "traces",
        }
    }
}

/// Where a page starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct At {
    stage: Stage,
    group: usize,
    token: String,
}

const START: At = At { stage: Stage::Models, group: 0, token: String::new() };

/// One page.
///
/// # Errors
/// When the server does not answer.
pub async fn page(inner: &Inner, after: Option<Cursor>) -> Result<Page<Shelf>, Fault> {
    let own = &inner.shelves;
    let mut at = match &after {
        None => {
            *own.guard.borrow_mut() = Guard::default();
            *own.versions.borrow_mut() = None;
            own.counting.set((0, 0));
            START
        }
        Some(cursor) => {
            serde_json::from_str(&cursor.0).map_err(|_| Fault::new(FaultKind::BadAnswer, "There is no such page."))?
        }
    };
    let mut report = Report::default();
    loop {
        let answer = match ask(inner, &at).await {
            Ok(answer) => answer,
            Err(refused) if refused.is_absent() => Some(Value::Null),
            Err(refused) if refused.status.is_some_and(|status| (400..500).contains(&status) && status != 429) => {
                // A server that does not know prompts does not know how to ask for them.
                if at.stage != Stage::Prompts {
                    report.note(Reason::ServerAnswer, "", None, refused.fault.message);
                }
                Some(Value::Null)
            }
            Err(refused) => return Err(refused.into()),
        };
        let mut items = Shelf::default();
        let mut next = None;
        if let Some(answer) = &answer {
            let page = format!("{:?} {} {}", at.stage, at.group, at.token);
            let found = take(inner, &at, answer, &page, &mut items, &mut report).await?;
            next = next_page_token(answer).filter(|next| {
                let next = format!("{:?} {} {next}", at.stage, at.group);
                let goes_on = own.guard.borrow_mut().goes_on(&page, &next, found);
                if !goes_on {
                    report.note(
                        Reason::ServerPages,
                        "",
                        None,
                        format!("The pages of {} repeat themselves.", at.stage.list()),
                    );
                }
                goes_on
            });
        }
        let place = match (next, answer.is_some() && matches!(at.stage, Stage::Logged | Stage::Traces), at.stage.next())
        {
            (Some(token), _, _) => Some(At { token, ..at }),
            (None, true, _) => Some(At { group: at.group + 1, token: String::new(), ..at }),
            (None, false, Some(stage)) => Some(At { stage, ..START }),
            (None, false, None) => None,
        };
        let (logged, traces) = own.counting.get();
        own.counting.set((logged + items.logged.len() as u64, traces + items.traces.len() as u64));
        let is_empty = items.registered.is_empty() && items.logged.is_empty() && items.traces.is_empty();
        match place {
            None => {
                own.counted.set(Some(own.counting.get()));
                return Ok(Page::new(items, None, Progress::default(), report));
            }
            Some(place) if is_empty => at = place,
            Some(place) => {
                let next = Some(Cursor(serde_json::to_string(&place).unwrap_or_default()));
                return Ok(Page::new(items, next, Progress::default(), report));
            }
        }
    }
}

/// `None` behind the last group of experiments.
async fn ask(inner: &Inner, at: &At) -> Result<Option<Value>, Refused> {
    let of_group = || {
        let ids = inner.experiments.ids();
        ids.chunks(EXPERIMENTS).nth(at.group).map(<[String]>::to_vec)
    };
    let answer = match at.stage {
        Stage::Models => models(inner, "", &at.token).await?,
        Stage::Prompts => models(inner, PROMPTS, &at.token).await?,
        Stage::Logged => {
            let Some(ids) = of_group() else { return Ok(None) };
            let mut body = json!({ "experiment_ids": ids, "max_results": LOGGED });
            put_token(&mut body, &at.token);
            inner.client.json(&Call::post(Place::Api("logged-models/search"), body)).await?
        }
        Stage::Traces => {
            let Some(ids) = of_group() else { return Ok(None) };
            traces(inner, &ids, &at.token, TRACES).await?
        }
    };
    Ok(Some(answer))
}

fn put_token(body: &mut Value, token: &str) {
    if let Some(map) = body.as_object_mut().filter(|_| !token.is_empty()) {
        map.insert("page_token".to_owned(), json!(token));
    }
}

async fn models(inner: &Inner, filter: &str, token: &str) -> Result<Value, Refused> {
    let mut call = Call::get(Place::Api("registered-models/search"), &[]);
    call.query = query(MODELS, filter, token);
    inner.client.json(&call).await
}

fn query<'a>(most: u32, filter: &str, token: &str) -> Vec<(&'a str, String)> {
    let mut query = vec![("max_results", most.to_string())];
    query.extend([("filter", filter), ("page_token", token)].map(|(key, value)| (key, value.to_owned())));
    query.retain(|(_, value)| !value.is_empty());
    query
}

/// By the interface of version 3, or by that of version 2 where there is none.
async fn traces(inner: &Inner, ids: &[String], token: &str, most: u32) -> Result<Value, Refused> {
    if !inner.shelves.has_old_traces.get() {
        let place = |id: &String| json!({ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": id } });
        let mut body = json!({ "locations": ids.iter().map(place).collect::<Vec<_>>(), "max_results": most });
        put_token(&mut body, token);
        match inner.client.json(&Call::post(Place::Api3("traces/search"), body)).await {
            Err(refused) if refused.is_absent() => inner.shelves.has_old_traces.set(true),
            answer => return answer,
        }
    }
    let mut call = Call::get(Place::Api("traces"), &[]);
    call.query = query(most, "", token);
    call.query.extend(ids.iter().map(|id| ("experiment_ids", id.clone())));
    inner.client.json(&call).await
}

/// What is on a page that did not come before; how much that is.
async fn take(
    inner: &Inner,
    at: &At,
    answer: &Value,
    page: &str,
    items: &mut Shelf,
    report: &mut Report,
) -> Result<usize, Fault> {
    let list = answer.get(at.stage.list()).and_then(Value::as_array).into_iter().flatten();
    let versions = match at.stage {
        Stage::Models | Stage::Prompts if !answer.is_null() => versions(inner, report).await?,
        _ => Rc::default(),
    };
    let on_page = RefCell::new(HashSet::new());
    let is_new = |id: &str| {
        let is_new = inner.shelves.guard.borrow_mut().is_new(page, id);
        is_new && on_page.borrow_mut().insert(id.to_owned())
    };
    let mut found = 0;
    let mut strangers = 0_u32;
    for item in list {
        let mut note = |message: String| report.note(Reason::ServerAnswer, "", None, inner.client.shown(&message));
        let is_taken = match at.stage {
            Stage::Models | Stage::Prompts => match shelf::registered_model(item, &mut note) {
                Some(model) if is_new(&format!("model {}", model.name)) => {
                    items.registered.push(with_versions(model, &versions));
                    true
                }
                other => other.is_some(),
            },
            Stage::Logged => match shelf::logged_model(item, &mut note) {
                Some((experiment, model)) => match inner.experiments.number(&experiment) {
                    Some(experiment) if is_new(&format!("logged {}", model.id)) => {
                        items.logged.push(crate::model::LoggedModel { experiment, ..model });
                        true
                    }
                    number => number.is_some(),
                },
                None => false,
            },
            Stage::Traces => match shelf::trace(item, &mut note) {
                Some((experiment, trace)) => match inner.experiments.number(&experiment) {
                    Some(experiment) if is_new(&format!("trace {}", trace.id)) => {
                        items.traces.push(crate::model::Trace { experiment, ..trace });
                        true
                    }
                    number => number.is_some(),
                },
                None => false,
            },
        };
        match is_taken {
            true => found += 1,
            false => strangers += 1,
        }
    }
    if strangers > 0 {
        let message = format!(
            "{strangers} of {} without an id, or of an experiment that was not asked for, were left out.",
            at.stage.list()
        );
        report.note(Reason::ServerAnswer, "", None, message);
    }
    // Pages of things that came already are no progress.
    Ok(found.min(items.registered.len() + items.logged.len() + items.traces.len()))
}

fn with_versions(model: RegisteredModel, versions: &Versions) -> RegisteredModel {
    let mut all = model.versions;
    all.extend(versions.get(&model.name).into_iter().flatten().cloned());
    // Of two of one number the last one, from the list of versions, says more.
    all.reverse();
    all.sort_by_key(|version| version.version);
    all.dedup_by_key(|version| version.version);
    RegisteredModel { versions: all, ..model }
}

/// All versions of all models: a search for models gives the latest ones alone.
async fn versions(inner: &Inner, report: &mut Report) -> Result<Rc<Versions>, Fault> {
    if let Some(versions) = &*inner.shelves.versions.borrow() {
        return Ok(versions.clone());
    }
    let mut all = Versions::default();
    for filter in ["", PROMPTS] {
        let (mut token, mut guard) = (String::new(), Guard::default());
        for page in 0..PAGES {
            let mut call = Call::get(Place::Api("model-versions/search"), &[]);
            call.query = query(VERSIONS, filter, &token);
            let answer = match inner.client.json(&call).await {
                Ok(answer) => answer,
                Err(refused) if refused.status.is_some_and(|status| (400..=501).contains(&status) && status != 429) => {
                    break;
                }
                Err(refused) => return Err(refused.into()),
            };
            let mut found = 0;
            for item in answer.get("model_versions").and_then(Value::as_array).into_iter().flatten() {
                let mut note =
                    |message: String| report.note(Reason::ServerAnswer, "", None, inner.client.shown(&message));
                if let Some((name, version)) = shelf::model_version(item, &mut note) {
                    all.entry(name).or_default().push(version);
                    found += 1;
                }
            }
            match next_page_token(&answer) {
                None => break,
                Some(next) if page + 1 < PAGES && guard.goes_on(&token, &next, found) => token = next,
                Some(_) => {
                    report.note(
                        Reason::ServerPages,
                        "",
                        None,
                        "There are more versions of models than can be put together.",
                    );
                    break;
                }
            }
        }
    }
    let all = Rc::new(all);
    *inner.shelves.versions.borrow_mut() = Some(all.clone());
    Ok(all)
}

/// What a store tells of its shelf; what can not be asked counts as nothing.
pub async fn count(inner: &Inner) -> Counts {
    let mut counts = Counts::default();
    // each question would be waited for as long as the one before
    let is_silent = || inner.client.is_silent();
    let (mut token, mut guard) = (String::new(), Guard::default());
    *inner.shelves.versions.borrow_mut() = None;
    for _ in 0..PAGES {
        if is_silent() {
            return counts;
        }
        let Ok(answer) = models(inner, "", &token).await else { break };
        let Ok(versions) = versions(inner, &mut Report::default()).await else { break };
        let before = counts.registered_models.len();
        for item in answer.get("registered_models").and_then(Value::as_array).into_iter().flatten() {
            let model = shelf::registered_model(item, &mut |_| {}).filter(|model| !model.is_prompt());
            let model =
                model.filter(|model| guard.is_new(&token, &model.name)).map(|model| with_versions(model, &versions));
            counts.registered_models.extend(model.map(|model| (model.name, model.versions.len() as u64)));
        }
        match next_page_token(&answer) {
            Some(next) if guard.goes_on(&token, &next, counts.registered_models.len() - before) => token = next,
            _ => break,
        }
    }
    if let Some((logged_models, traces)) = inner.shelves.counted.get() {
        return Counts { logged_models, traces, ..counts };
    }
    let length = |answer: Result<Option<Value>, Refused>, list: &str| match answer {
        Ok(Some(answer)) => answer.get(list).and_then(Value::as_array).map_or(0, |list| list.len() as u64),
        _ => 0,
    };
    if is_silent() {
        return counts;
    }
    counts.logged_models = length(ask(inner, &At { stage: Stage::Logged, ..START }).await, Stage::Logged.list());
    if is_silent() {
        return counts;
    }
    counts.traces = length(ask(inner, &At { stage: Stage::Traces, ..START }).await, Stage::Traces.list());
    counts
}

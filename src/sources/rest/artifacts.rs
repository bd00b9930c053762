//! THE ARTIFACTS OF A RUN as a folder: listed folder by folder, read by whichever way the server has. The models that a run of
//! MLflow 3 logged lie elsewhere; here they are in its folder `models`, each under its id.
//!
//! It must not know what is in a file. Credentials go to the server alone, never to a store that it names.

use super::address::{encoded, encoded_path};
use super::answers::{self, filled, first_of, next_page_token, pairs};
use super::call::{Call, Place, Refused};
use super::listing::Guard;
use super::tracking::Inner;
use crate::model::{Reason, Report};
use crate::sources::{Async, Entry, Fault, FaultKind, Folder, ReadAsk, WHOLE_LIMIT, path};
use futures_util::future::{join_all, try_join_all};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// States of a server in which a file may be had later; MLflow answers 500 and 503 to what it will never give.
const PASSING: &[u16] = &[429, 502, 504];
/// Pages of one folder.
const PAGES: usize = 1_000;
/// The folder of the models.
const MODELS: &str = "models";

/// How this server gives files.
#[derive(Debug, Default)]
pub struct Ways {
    found: Cell<Option<Way>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// `/get-artifact`, which MLflow's own pages use.
    Page,
    /// `mlflow-artifacts`, the proxy, for runs whose artifacts lie there.
    Proxy,
    /// `artifacts/get` of FastTrackML.
    Api,
    /// Databricks: an address of the store itself, signed for a while.
    Signed,
}

const WAYS: [Way; 4] = [Way::Page, Way::Proxy, Way::Api, Way::Signed];

/// The folder of one run.
pub struct RunArtifacts {
    inner: Rc<Inner>,
    run: String,
    /// Where the server keeps them, as it told with a list.
    root: RefCell<Option<String>>,
    /// Ids of the models that it logged, once they were asked for.
    models: RefCell<Option<Rc<Vec<String>>>>,
    report: RefCell<Report>,
}

impl RunArtifacts {
    /// Nothing is asked yet.
    pub(super) fn new(inner: Rc<Inner>, run: String) -> RunArtifacts {
        RunArtifacts { inner, run, root: RefCell::default(), models: RefCell::default(), report: RefCell::default() }
    }

    /// Those of the run; none where there is no such thing.
    async fn models(&self) -> Result<Rc<Vec<String>>, Fault> {
        if let Some(models) = &*self.models.borrow() {
            return Ok(models.clone());
        }
        let mut models = Vec::new();
        if self.inner.identity().await.has_logged_models() {
            let call = Call::get(Place::Api("runs/get"), &[("run_id", &self.run)]);
            match self.inner.client.json(&call).await {
                Ok(answer) => models = answers::outputs(answer.pointer("/run/outputs")),
                // What is wrong with the run, its own list tells.
                Err(refused) if refused.status.is_some() => {}
                Err(refused) => return Err(refused.into()),
            }
            models.retain(|id| !id.contains(['/', '\0']) && id != "." && id != "..");
            models.dedup();
        }
        let models = Rc::new(models);
        *self.models.borrow_mut() = Some(models.clone());
        Ok(models)
    }

    /// The model in whose folder a path lies, and the path there.
    async fn in_model<'a>(&self, path: &'a str) -> Result<Option<(&'a str, &'a str)>, Fault> {
        let Some(below) = path.strip_prefix(MODELS).and_then(|rest| rest.strip_prefix('/')) else { return Ok(None) };
        let (id, rest) = below.split_once('/').unwrap_or((below, ""));
        let is_one = id.starts_with("m-") && self.models().await?.iter().any(|own| own == id);
        Ok(is_one.then_some((id, rest)))
    }

    async fn entries(&self, dir: &str) -> Result<Vec<Entry>, Fault> {
        if let Some((id, below)) = self.in_model(dir).await? {
            let place = format!("logged-models/{}/artifacts/directories", encoded(id));
            return self.listed(Call::get(Place::Api(&place), &[]), "artifact_directory_path", below).await;
        }
        let call = Call::get(Place::Api("artifacts/list"), &[("run_id", &self.run)]);
        let mut entries = self.listed(call, "path", dir).await?;
        let folder = |name: &str| Entry { name: name.to_owned(), is_folder: true, size: None };
        match dir {
            "" if !self.models().await?.is_empty() => entries.push(folder(MODELS)),
            MODELS => entries.extend(self.models().await?.iter().map(|id| folder(id))),
            _ => return Ok(entries),
        }
        entries.sort();
        entries.dedup_by(|a, b| a.name == b.name);
        Ok(entries)
    }

    /// A folder by one question, in pages; `key` is what names it there.
    async fn listed(&self, call: Call<'_>, key: &str, dir: &str) -> Result<Vec<Entry>, Fault> {
        let (mut entries, mut token, mut guard) = (Vec::new(), String::new(), Guard::default());
        for _ in 0..PAGES {
            let mut call = Call { query: call.query.clone(), ..Call::get(call.place, &[]) };
            if !dir.is_empty() {
                call.query.push((key, dir.to_owned()));
            }
            if !token.is_empty() {
                call.query.push(("page_token", token.clone()));
            }
            let answer = match self.inner.client.json(&call).await {
                Ok(answer) => answer,
                // A folder that is not there is empty.
                Err(refused) if refused.status == Some(404) && !dir.is_empty() => break,
                Err(refused) => return Err(refused.into()),
            };
            if let Some(root) = first_of(&answer, &["root_uri"]).filter(|_| key == "path") {
                *self.root.borrow_mut() = Some(root);
            }
            let before = entries.len();
            for file in answer.get("files").and_then(Value::as_array).into_iter().flatten() {
                entries.extend(self.entry(dir, file).filter(|entry| guard.is_new(&token, &entry.name)));
            }
            match next_page_token(&answer) {
                Some(next) if guard.goes_on(&token, &next, entries.len() - before) => token = next,
                Some(_) => {
                    self.note(Reason::ServerPages, dir, "The pages of a folder repeat themselves.");
                    break;
                }
                None => break,
            }
        }
        entries.sort();
        entries.dedup_by(|a, b| a.name == b.name);
        Ok(entries)
    }

    fn entry(&self, dir: &str, file: &Value) -> Option<Entry> {
        let stated = first_of(file, &["path"]).unwrap_or_default();
        let below = match dir {
            "" => Some(stated.as_str()),
            dir => stated.strip_prefix(dir).and_then(|rest| rest.strip_prefix('/')),
        };
        let name = below
            .map(|name| name.trim_end_matches('/'))
            .filter(|name| !name.is_empty() && *name != "." && *name != ".." && !name.contains(['/', '\0']));
        let Some(name) = name else {
            self.note(Reason::ServerAnswer, dir, "A file that is not in the folder was left out.");
            return None;
        };
        let is_folder = file.get("is_dir").and_then(Value::as_bool).unwrap_or(false);
        let size = file.get("file_size").and_then(filled).and_then(|size| size.parse().ok()).filter(|_| !is_folder);
        Some(Entry { name: name.to_owned(), is_folder, size })
    }

    fn note(&self, reason: Reason, dir: &str, message: &str) {
        self.report.borrow_mut().note(reason, self.inner.client.shown(dir), None, message);
    }

    async fn bytes(&self, ask: &ReadAsk) -> Result<Vec<u8>, Fault> {
        if ask.range.is_empty() {
            return Ok(Vec::new());
        }
        if ask.path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(Fault::new(
                FaultKind::NotFound,
                format!("There is no `{}`.", self.inner.client.shown(&ask.path)),
            ));
        }
        if let Some((id, below)) = self.in_model(&ask.path).await? {
            let place = format!("logged-models/{}/artifacts/files", encoded(id));
            let call = Call::get(Place::Ajax(&place), &[("artifact_file_path", below)]);
            return self.read(call, ask).await.map_err(|refused| self.not_given(ask, refused));
        }
        let known = self.inner.ways.found.get();
        if let Some(way) = known {
            match self.by(way, ask).await {
                Some(Ok(bytes)) => return Ok(bytes),
                Some(Err(refused)) if refused.is_too_large() || refused.status.is_none() => return Err(refused.into()),
                Some(Err(refused)) if way == Way::Page && !refused.is_missing() => {
                    // A file of another store than the last one.
                    return match self.by(Way::Proxy, ask).await {
                        Some(Ok(bytes)) => Ok(bytes),
                        _ => Err(self.not_given(ask, refused)),
                    };
                }
                Some(Err(refused)) => return Err(self.not_given(ask, refused)),
                None => {}
            }
        }
        let mut told: Option<Refused> = None;
        for way in WAYS.into_iter().filter(|way| Some(*way) != known) {
            match self.by(way, ask).await {
                None => {}
                Some(Ok(bytes)) => {
                    self.inner.ways.found.set(Some(way));
                    return Ok(bytes);
                }
                Some(Err(refused)) if refused.is_missing() || refused.is_too_large() || refused.status.is_none() => {
                    return Err(self.not_given(ask, refused));
                }
                // Of several ways that are not there the first that says more counts.
                Some(Err(refused)) => match &told {
                    Some(before) if !before.is_absent() || refused.is_absent() => {}
                    _ => told = Some(refused),
                },
            }
        }
        Err(told.map_or_else(
            || Fault::new(FaultKind::NotFound, "The server gives no artifacts."),
            |refused| self.not_given(ask, refused),
        ))
    }

    fn not_given(&self, ask: &ReadAsk, refused: Refused) -> Fault {
        let file = self.inner.client.shown(&ask.path);
        match refused.status {
            // MLflow before 3.0 fails where it does not find a file.
            Some(404 | 405 | 500 | 501) => Fault::new(
                FaultKind::NotFound,
                format!("The server does not give `{file}`: it is not there, or the server can not reach its store."),
            ),
            _ if refused.is_too_large() => Fault::new(
                FaultKind::OverBudget,
                format!("`{file}` is larger than the {} MB that can be held at once.", WHOLE_LIMIT >> 20),
            ),
            _ => refused.fault,
        }
    }

    /// By one way; `None` where it is none for this file.
    async fn by(&self, way: Way, ask: &ReadAsk) -> Option<Result<Vec<u8>, Refused>> {
        let run = self.run.as_str();
        let root = self.root.borrow().clone();
        let proxied = root.as_deref().and_then(|root| proxy_path(root, &ask.path));
        let call = match way {
            Way::Page => Call::get(Place::Base("get-artifact"), &[("path", &ask.path), ("run_uuid", run)]),
            Way::Proxy => Call::get(Place::Base(proxied.as_deref()?), &[]),
            Way::Api => Call::get(Place::Api("artifacts/get"), &[("path", &ask.path), ("run_uuid", run)]),
            Way::Signed => return Some(self.signed(ask).await),
        };
        Some(self.read(call, ask).await)
    }

    async fn signed(&self, ask: &ReadAsk) -> Result<Vec<u8>, Refused> {
        let question = json!({ "run_id": self.run, "path": [ask.path] });
        let answer =
            self.inner.client.json(&Call::post(Place::Api("artifacts/credentials-for-read"), question)).await?;
        let info = answer.pointer("/credential_infos/0").unwrap_or(&Value::Null);
        let url = first_of(info, &["signed_uri"]).filter(|url| url.starts_with("https://"));
        let url = url.ok_or_else(|| self.inner.client.bad("it names no place of the file"))?;
        let named =
            |header: &Value| Some((first_of(header, &["name"])?, first_of(header, &["value"]).unwrap_or_default()));
        let headers = match info.get("headers") {
            Some(Value::Array(list)) => list.iter().filter_map(named).collect(),
            other => pairs(other),
        };
        self.read(Call { headers, ..Call::get(Place::Elsewhere(&url), &[]) }, ask).await
    }

    async fn read(&self, call: Call<'_>, ask: &ReadAsk) -> Result<Vec<u8>, Refused> {
        let range = &ask.range;
        let mut call = Call { passing: PASSING, most_bytes: WHOLE_LIMIT + 1, ..call };
        if range.end < u64::MAX || range.start > 0 {
            let last = if range.end == u64::MAX { String::new() } else { (range.end - 1).to_string() };
            call.headers.push(("Range".to_owned(), format!("bytes={}-{last}", range.start)));
        }
        let response = match self.inner.client.call(&call).await {
            Ok(response) => response,
            // Behind the end of the file, or the file is empty.
            Err(refused) if refused.status == Some(416) => return Ok(Vec::new()),
            Err(refused) => return Err(refused),
        };
        let is_page = response.header("content-type").is_some_and(|kind| kind.contains("html"));
        if is_page && !ask.path.ends_with(".html") && !ask.path.ends_with(".htm") {
            // What answers every address with its own page does not have this one.
            return Err(Refused { status: Some(404), ..self.inner.client.bad("a page came in place of a file") });
        }
        let size = range.end.saturating_sub(range.start);
        let mut bytes = response.body;
        if response.status != 206 {
            let start = usize::try_from(range.start).unwrap_or(usize::MAX).min(bytes.len());
            bytes.drain(..start);
        }
        bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        Ok(bytes)
    }
}

/// Where a file lies below the proxy: what follows `mlflow-artifacts:/`, with or without a host.
fn proxy_path(root: &str, file: &str) -> Option<String> {
    let rest = root.strip_prefix("mlflow-artifacts:")?;
    let inside = match rest.strip_prefix("//") {
        Some(rest) => rest.split_once('/').map_or("", |(_, inside)| inside),
        None => rest.trim_start_matches('/'),
    };
    Some(format!(
        "api/2.0/mlflow-artifacts/artifacts/{}",
        encoded_path(&path::join(inside.trim_end_matches('/'), file))
    ))
}

impl Folder for RunArtifacts {
    fn list<'a>(&'a self, dirs: &'a [String], _with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        Box::pin(async move { try_join_all(dirs.iter().map(|dir| self.entries(dir))).await })
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        Box::pin(async move {
            // The first of them finds the way.
            let Some((first, rest)) = asks.split_first() else { return Ok(Vec::new()) };
            let mut read = vec![self.bytes(first).await];
            read.extend(join_all(rest.iter().map(|ask| self.bytes(ask))).await);
            Ok(read)
        })
    }

    fn take_report(&self) -> Report {
        self.report.take()
    }
}

#[cfg(test)]
mod tests {
    use super::proxy_path;

    #[test]
    fn places_below_the_proxy() {
        for (root, file, expected) in [
            (
                "mlflow-artifacts:/6/r/artifacts",
                "d/a b.txt",
                Some("api/2.0/mlflow-artifacts/artifacts/6/r/artifacts/d/a%20b.txt"),
            ),
            ("mlflow-artifacts://host:5000/6/r", "a", Some("api/2.0/mlflow-artifacts/artifacts/6/r/a")),
            ("mlflow-artifacts:/", "a", Some("api/2.0/mlflow-artifacts/artifacts/a")),
            ("s3://bucket/6", "a", None),
        ] {
            assert_eq!(proxy_path(root, file).as_deref(), expected, "{root}");
        }
    }
}

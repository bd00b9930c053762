//! WHAT A SERVER IS: its name, version, kind of store and workspaces, as far as it tells.
//!
//! It must not fail: a server that tells nothing of itself is one all the same.

use super::answers::{filled, first_of};
use super::call::{Call, Place};
use super::client::Client;
use crate::model::Server;
use crate::sources::text;
use serde_json::Value;

/// How long a server may think about itself, milliseconds.
const SILENCE_MS: u32 = 15_000;
/// Workspaces that are kept.
const WORKSPACES: usize = 1_000;

/// What was found out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    /// What is shown.
    pub server: Server,
    /// `SqlStore` or `FileStore`, which 3.9 and later tell.
    pub store_type: Option<String>,
}

impl Identity {
    /// Asks, and tells whether there was an answer at all: if not, it is worth asking again.
    pub async fn of(client: &Client) -> (Identity, bool) {
        let brief = |place| Call { silence_ms: SILENCE_MS, is_patient: false, ..Call::get(place, &[]) };
        let answer = client.call(&brief(Place::Base("version"))).await;
        let has_answered = answer.as_ref().map_or_else(|refused| refused.status.is_some(), |_| true);
        let version = answer.ok().and_then(|answer| version(&answer.body));
        if let Some(version) = &version {
            client.learn_version(version);
        }
        let info = match version.as_deref().and_then(numbers).is_some_and(|version| version < (3, 0)) {
            true => Value::Null,
            false => client.json(&brief(Place::Api3("server-info"))).await.unwrap_or(Value::Null),
        };
        let has_workspaces = info.get("workspaces_enabled") == Some(&Value::Bool(true));
        let workspaces = match has_workspaces {
            true => client
                .json(&brief(Place::Api3("workspaces")))
                .await
                .map(|answer| workspaces(&answer))
                .unwrap_or_default(),
            false => Vec::new(),
        };
        let server = Server {
            name: name(&client.address().host(), &client.address().base(), version.as_deref()).to_owned(),
            version,
            workspace: client.workspace().map(str::to_owned),
            workspaces,
        };
        let store_type = first_of(&info, &["store_type"]).map(|kind| text::visible(&kind, 60));
        (Identity { server, store_type }, has_answered || !info.is_null())
    }

    /// Whether a sampled history holds at most so many points of each run as were asked for (SQL stores since 3.15), and not
    /// those of so many steps of all runs together.
    pub fn samples_by_run(&self) -> bool {
        let is_new = self.server.version.as_deref().and_then(numbers).is_some_and(|version| version >= (3, 15));
        is_new && self.store_type.as_deref() == Some("SqlStore")
    }

    /// Whether runs have logged models of their own: MLflow 3.
    pub fn has_logged_models(&self) -> bool {
        self.server.version.as_deref().and_then(numbers).is_some_and(|version| version >= (3, 0))
    }
}

/// Major and minor.
pub(super) fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// A body that is a version and nothing else.
pub(super) fn version(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body.get(..60).unwrap_or(body)).ok()?.trim();
    let is_version = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-'));
    (is_version && text.len() < 40).then(|| text.to_owned())
}

fn workspaces(answer: &Value) -> Vec<String> {
    let list = answer.get("workspaces").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| first_of(item, &["name"]).or_else(|| filled(item))).take(WORKSPACES).collect()
}

fn name(host: &str, base: &str, version: Option<&str>) -> &'static str {
    let host = host.split(':').next().unwrap_or_default();
    let is_of = |domains: &[&str]| domains.iter().any(|domain| host.ends_with(domain));
    match () {
        () if is_of(&[".databricks.com", ".azuredatabricks.net", ".databricks.azure.cn"]) => "Databricks",
        () if is_of(&[".azureml.ms"]) => "Azure Machine Learning",
        () if base.ends_with("/ml/mlflow") => "GitLab",
        () if is_of(&["dagshub.com"]) => "DagsHub",
        // MLflow has told its version since 2.0, FastTrackML has not come to 1.0.
        () if version.is_some_and(|version| version.starts_with("0.")) => "FastTrackML",
        () => "MLflow",
    }
}

#[cfg(test)]
mod tests {
    use super::{name, version};

    #[test]
    fn versions_and_names() {
        for (body, expected) in [
            ("3.17.2", Some("3.17.2")),
            ("3.6.0.dev0\n", Some("3.6.0.dev0")),
            ("<html>", None),
            ("", None),
            ("OK", None),
            ("3 secrets", None),
            ("1111111111111111111111111111111111111111111111", None),
        ] {
            assert_eq!(version(body.as_bytes()).as_deref(), expected, "{body}");
        }
        for (host, base, version, expected) in [
            ("localhost:5000", "http://localhost:5000", Some("3.17.2"), "MLflow"),
            ("localhost:5000", "http://localhost:5000", None, "MLflow"),
            ("localhost", "http://localhost/x", Some("0.6.0"), "FastTrackML"),
            ("adb-1.2.azuredatabricks.net", "", None, "Databricks"),
            ("gitlab.com", "https://gitlab.com/api/v4/projects/7/ml/mlflow", None, "GitLab"),
            ("eastus.api.azureml.ms", "", None, "Azure Machine Learning"),
        ] {
            assert_eq!(name(host, base, version), expected, "{host}");
        }
    }
}

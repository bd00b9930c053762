"""Asks MLflow 3.17's own client what is in each fixture, and writes it beside the fixture as `NAME.oracle.json`.

    ENV/bin/python tests/oracle/record.py [NAME ...]      (ENV as in tests/fixtures/requirements-3.17.txt)

The shape is that of `runglass inspect`, without notices and with one list more: `refused`, what lies in the store and MLflow will not
give, with its words. A run is asked for by a search of its experiment first, and by its id where the search fails or leaves it out.
The store is a copy in which every run has its `metrics`, `params` and `artifacts` again: git and zips keep no empty folders, and
MLflow refuses a run without them.
"""

import json
import logging
import math
import os
import re
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import ViewType  # noqa: E402

logging.getLogger("mlflow").setLevel(logging.CRITICAL)
FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
#: Folders of an experiment that are no runs.
RESERVED = {"tags", "datasets", "traces", "models"}

#: Fixture: what is opened, and the stores in it (`.` is what is opened, or the only folder in a zip).
STORES = {
    "mlruns-0.8.2": ("mlruns-0.8.2/mlruns", ["."]),
    "mlruns-1.30.1": ("mlruns-1.30.1/mlruns", ["."]),
    "mlruns-2.22.0": ("mlruns-2.22.0/mlruns", ["."]),
    "mlruns-3.17.2": ("mlruns-3.17.2/mlruns", ["."]),
    "mlruns-odd-metrics": ("mlruns-odd-metrics/mlruns", ["."]),
    "mlruns-hostile-names": ("mlruns-hostile-names/mlruns.zip", ["mlruns"]),
    "hostile": ("hostile/tree", ["mlruns", "deeper/down/here"]),
    "sample": ("sample/sample.zip", ["mlruns"]),
}
#: Fixtures that are a database; the answer lies in them.
DATABASES = ["sqlite-1.0.0", "sqlite-1.10.0", "sqlite-1.20.2", "sqlite-1.27.0", "sqlite-1.30.1", "sqlite-2.22.0", "sqlite-3.17.2", "sqlite-wal"]


def number(value):
    """A JSON number, or the word for what JSON has none for."""
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"


def words(error, root):
    """The first line of an error, without this machine's paths."""
    line = (str(error).strip().splitlines() or [""])[0].replace(f"file://{root}", "").replace(str(root), "")
    return re.sub(r"\s+", " ", f"{type(error).__name__}: {line}")[:160]


def restore_empty_folders(root):
    """Puts back what git and zips drop, for every folder that holds a run's meta."""
    experiments = [path for path in [*root.glob("*"), *root.glob(".trash/*")] if path.is_dir() and path.name not in (".trash", "models")]
    for experiment in experiments:
        for run in (path for path in experiment.glob("*") if path.name not in RESERVED and (path / "meta.yaml").is_file()):
            for name in ("metrics", "params", "artifacts"):
                (run / name).mkdir(exist_ok=True)
    (root / ".trash").mkdir(exist_ok=True)


def all_pages(ask):
    found, token = [], None
    while True:
        page = ask(token)
        found.extend(page)
        token = page.token
        if not token:
            return found


class Oracle:
    """One store, as MLflow sees it."""

    def __init__(self, root, store):
        self.root, self.store, self.refused = root, store, []
        mlflow.set_tracking_uri(root.as_uri())
        mlflow.set_registry_uri(root.as_uri())
        self.client = MlflowClient(tracking_uri=root.as_uri(), registry_uri=root.as_uri())

    def refuse(self, folder, error):
        self.refused.append({"path": f"{self.store}/{folder.relative_to(self.root).as_posix()}".removeprefix("./"), "says": words(error, self.root)})

    def metric(self, run_id, latest):
        history = self.client.get_metric_history(run_id, latest.key)
        return {"count": len(history), "last": number(latest.value), "step": latest.step, "timestamp": latest.timestamp}

    def run(self, run):
        info, data = run.info, run.data
        inputs = run.inputs.dataset_inputs if run.inputs else []
        outputs = run.outputs.model_outputs if run.outputs else []
        datasets = [
            {
                "name": each.dataset.name,
                "digest": each.dataset.digest,
                "context": next((tag.value for tag in each.tags if tag.key == "mlflow.data.context"), None),
            }
            for each in inputs
        ]
        return {
            "id": info.run_id,
            "name": info.run_name or None,
            "status": info.status,
            "start_time": info.start_time,
            "end_time": info.end_time,
            "lifecycle": info.lifecycle_stage,
            "parent": data.tags.get("mlflow.parentRunId"),
            "params": dict(sorted(data.params.items())),
            "tags": dict(sorted(data.tags.items())),
            "metrics": {metric.key: self.metric(info.run_id, metric) for metric in sorted(data._metric_objs, key=lambda m: m.key)},
            "datasets": sorted(datasets, key=lambda each: (each["name"], each["digest"], each["context"] or "")),
            "outputs": sorted(output.model_id for output in outputs),
        }

    def runs(self, experiment_id, folder):
        found = {}
        try:
            ask = lambda token: self.client.search_runs([experiment_id], run_view_type=ViewType.ALL, max_results=1000, page_token=token)  # noqa: E731
            listed = all_pages(ask)
        except Exception as error:
            self.refuse(folder, error)
            listed = []
        for run in listed:
            found[run.info.run_id] = self.run(run)
        for path in sorted(path for path in folder.iterdir() if path.is_dir() and path.name not in RESERVED):
            if path.name in found:
                continue
            try:
                run = self.run(self.client.get_run(path.name))
                found[run["id"]] = run
            except Exception as error:
                self.refuse(path, error)
        return [found[run_id] for run_id in sorted(found)]

    def experiments(self):
        try:
            listed = all_pages(lambda token: self.client.search_experiments(ViewType.ALL, max_results=1000, page_token=token))
        except Exception as error:
            self.refuse(self.root, error)
            listed = []
        at_root = [path for path in self.root.iterdir() if path.is_dir() and path.name not in (".trash", "models")]
        in_trash = [path for path in (self.root / ".trash").iterdir() if path.is_dir()]
        known = {experiment.experiment_id for experiment in listed}
        for path in sorted(at_root + in_trash):
            if path.name not in known:
                try:
                    listed.append(self.client.get_experiment(path.name))
                except Exception as error:
                    self.refuse(path, error)
        lines = []
        for experiment in listed:
            folder = self.root / experiment.experiment_id
            if not folder.is_dir() or (experiment.lifecycle_stage == "deleted" and (self.root / ".trash" / experiment.experiment_id).is_dir()):
                folder = self.root / ".trash" / experiment.experiment_id
            runs = self.runs(experiment.experiment_id, folder) if folder.is_dir() else []
            lines.append(
                {
                    "store": self.store,
                    "id": experiment.experiment_id,
                    "name": experiment.name,
                    "lifecycle": experiment.lifecycle_stage,
                    "tags": dict(sorted(experiment.tags.items())),
                    "runs": runs,
                }
            )
        return sorted(lines, key=lambda line: (line["id"], line["lifecycle"]))

    def registered_models(self):
        lines = []
        try:
            models = all_pages(lambda token: self.client.search_registered_models(max_results=1000, page_token=token))
        except Exception as error:
            self.refuse(self.root / "models", error)
            models = []
        for model in models:
            versions = self.client.search_model_versions(f"name='{model.name}'")
            lines.append({"name": model.name, "versions": len(versions)})
        return sorted(lines, key=lambda line: line["name"])

    def count(self, what, experiment_ids):
        """Logged models or traces of all experiments; what fails is refused."""
        total = 0
        for experiment_id in experiment_ids:
            try:
                if what == "models":
                    total += len(all_pages(lambda token: self.client.search_logged_models([experiment_id], page_token=token)))
                else:
                    total += len(all_pages(lambda token: self.client.search_traces(locations=[experiment_id], include_spans=False, page_token=token)))
            except Exception as error:
                self.refuse(self.root / experiment_id / what, error)
        return total


class DatabaseOracle(Oracle):
    """A database, which is upgraded first: MLflow reads no other version than its own."""

    def __init__(self, database):
        from mlflow.store.db.utils import _upgrade_db, create_sqlalchemy_engine

        uri = f"sqlite:///{database}"
        _upgrade_db(create_sqlalchemy_engine(uri))
        self.root, self.store, self.refused = database.parent, ".", []
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        self.client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def experiments(self):
        listed = all_pages(lambda token: self.client.search_experiments(ViewType.ALL, max_results=1000, page_token=token))
        lines = []
        for experiment in listed:
            runs = all_pages(lambda token: self.client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=1000, page_token=token))
            line = {"store": ".", "id": experiment.experiment_id, "name": experiment.name, "lifecycle": experiment.lifecycle_stage}
            lines.append({**line, "tags": dict(sorted(experiment.tags.items())), "runs": sorted((self.run(run) for run in runs), key=lambda run: run["id"])})
        return sorted(lines, key=lambda line: (line["id"], line["lifecycle"]))


def record_database(name):
    """Of a folder with `mlflow.db`, beside which the answer is put."""
    with tempfile.TemporaryDirectory(prefix="runglass-oracle-") as work:
        copy = Path(work).resolve() / name
        shutil.copytree(FIXTURES / name, copy)
        oracle = DatabaseOracle(copy / "mlflow.db")
        experiments = oracle.experiments()
        ids = sorted({experiment["id"] for experiment in experiments})
        document = {
            "mlflow": mlflow.__version__,
            "opened": f"{name}/mlflow.db",
            "stores": [{"path": ".", "format": "sqlite"}],
            "experiments": experiments,
            "registered_models": oracle.registered_models(),
            "logged_models": oracle.count("models", ids),
            "traces": oracle.count("traces", ids),
            "refused": oracle.refused,
        }
    (FIXTURES / name / "oracle.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    print(f"{name}: {len(experiments)} experiments, {sum(len(experiment['runs']) for experiment in experiments)} runs, {len(oracle.refused)} refused")


def unpack(opened, target):
    if opened.suffix != ".zip":
        shutil.copytree(opened, target)
        return
    with zipfile.ZipFile(opened) as archive:
        archive.extractall(target)


def record(name):
    opened, stores = STORES[name]
    document = {"mlflow": mlflow.__version__, "opened": opened, "stores": [], "experiments": [], "registered_models": [], "logged_models": 0, "traces": 0, "refused": []}
    with tempfile.TemporaryDirectory(prefix="runglass-oracle-") as work:
        tree = Path(work).resolve() / "opened"
        unpack(FIXTURES / opened, tree)
        for store in stores:
            root = tree / store
            restore_empty_folders(root)
            oracle = Oracle(root, store)
            experiments = oracle.experiments()
            ids = sorted({experiment["id"] for experiment in experiments})
            document["stores"].append({"path": store, "format": "mlruns"})
            document["experiments"] += experiments
            document["registered_models"] += oracle.registered_models()
            document["logged_models"] += oracle.count("models", ids)
            document["traces"] += oracle.count("traces", ids)
            document["refused"] += sorted(oracle.refused, key=lambda line: line["path"])
    document["stores"].sort(key=lambda line: line["path"])
    target = FIXTURES / f"{name}.oracle.json"
    target.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    runs = sum(len(experiment["runs"]) for experiment in document["experiments"])
    print(f"{name}: {len(document['experiments'])} experiments, {runs} runs, {len(document['refused'])} refused")


if __name__ == "__main__":
    for name in sys.argv[1:] or [*STORES, *DATABASES]:
        (record_database if name in DATABASES else record)(name)

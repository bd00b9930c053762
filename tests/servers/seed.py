"""Logs the same data into whichever server it is given: `ENV/bin/python seed.py URL [--fasttrackml]`, with MLflow 1.30 or newer.

What it covers: three experiments, one of them deleted; 31 runs, of which some failed, were killed, are running, are deleted, or have a parent;
odd keys and texts; histories of 1 to 300 points with NaN, infinities, negative steps and steps twice, and one of 12,000; artifacts; and
as far as client and server have them, datasets, registered models, logged models and a trace. Ids are the server's, all else is fixed.
"""

import json
import math
import os
import struct
import sys
import tempfile
import zlib
from pathlib import Path

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
os.environ["GIT_PYTHON_REFRESH"] = "quiet"

import mlflow  # noqa: E402
from mlflow.entities import Metric, Param, RunTag  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

VERSION = tuple(int(part) for part in mlflow.__version__.split(".")[:2])
#: 2023-11-14 22:13:20 UTC
T0_MS = 1_700_000_000_000
RUNS = 28
LONG_POINTS = 12_000
#: A server takes as many metrics at once.
MOST_METRICS = 1000


def red_png():
    """A red square of 4 x 4 pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + bytes([255, 0, 0] * 4) for _ in range(4))
    header = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Seed:
    def __init__(self, url, is_fasttrackml):
        mlflow.set_tracking_uri(url)
        self.client = MlflowClient(tracking_uri=url)
        self.is_fasttrackml = is_fasttrackml

    def has(self, major, minor):
        """Whether both sides know what came with this version."""
        return VERSION >= (major, minor) and not self.is_fasttrackml

    def run(self, experiment, name, number, status="FINISHED", tags=(), params=(), metrics=()):
        """`number` sets when it started; `metrics` are (key, value, step)."""
        start_ms = T0_MS + number * 60_000
        by = {"mlflow.user": "alice" if number % 3 else "bob", "mlflow.source.name": "train.py"}
        run = self.client.create_run(experiment, start_ms, {**by, **dict(tags)}, run_name=name)
        run_id = run.info.run_id
        points = [Metric(key, value, start_ms + count, step) for count, (key, value, step) in enumerate(metrics)]
        self.client.log_batch(run_id, points[:MOST_METRICS - 100], [Param(*param) for param in params], [])
        for start in range(MOST_METRICS - 100, len(points), MOST_METRICS):
            self.client.log_batch(run_id, points[start : start + MOST_METRICS])
        if status != "RUNNING":
            self.client.set_terminated(run_id, status, end_time=start_ms + 1000 * (number + 1))
        return run_id

    def main_runs(self, experiment):
        ids = []
        for number in range(RUNS):
            status = {3: "FAILED", 5: "KILLED", 6: "RUNNING"}.get(number % 9, "FINISHED")
            count = 1 + number * 11
            metrics = [("loss", 1 / (1 + step) + number / 100, step) for step in range(count)]
            metrics.append(("val/acc", 0.5 + number / 100, count))
            metrics += {
                1: [("odd", math.nan, 0)],
                2: [("odd", math.inf, 0), ("odd", 1.0, -1)],
                4: [("odd", -math.inf, 3)],
                7: [("odd", 0.0, 0), ("odd", math.nan, 1), ("odd", 2.5, 2), ("odd", 2.0, 2)],
                8: [("odd", float(step), step) for step in range(-5, 5)],
                10: [("odd", 0.0, 0)],
            }.get(number, [])
            params = [("lr", ["0.1", "0.01", "1e-3", "10"][number % 4]), ("opt", ["adam", "Adam", "sgd"][number % 3])]
            params.append(("batch size", str(2 ** (number % 6))))
            tags = {"team": ["vision", "Vision", "ünï"][number % 3]} if number % 4 else {}
            ids.append(self.run(experiment, f"run-{number:02}", number, status, tags, params, metrics))
        for number in (11, 12):
            self.client.set_tag(ids[number], "mlflow.parentRunId", ids[10])
        for number in (20, 21):
            self.client.delete_run(ids[number])
        return ids

    def odd_run(self, experiment):
        tags = {
            "release candidate": "yes",
            "note": "it's \"100%\" \\ done",
            "lines": "line 1\nline 2",
            "größe/日本": "42",
            "turned": "abc\u202edef\u2066 \u0007",
            "mlflow.note.content": "# A note\n\nwith *Markdown* and <b>no HTML</b>",
        }
        params = [("layers/0/units", "64"), ("model.type", "ResNet"), ("dash-key", "d"), ("größe", "日本"), ("long", "x" * 400)]
        metrics = [("f1 score", 0.5, 0), ("m.dot", 1e-300, 0), ("größe", 1e300, 2**53 + 1)]
        return self.run(experiment, "odd ünï-日本 'n' \"q\"", 100, tags=tags, params=params, metrics=metrics)

    def artifacts(self, run_id):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            for path, content in {
                "notes.txt": "Grüße\n".encode(),
                "config/deep/cfg.json": json.dumps({"lr": 0.1, "none": None}).encode(),
                "config/table.csv": b"a,b\n1,2\n3,4\n",
                "images/red square.png": red_png(),
                "large.bin": bytes(3_000_000),
            }.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
            self.client.log_artifacts(run_id, str(folder))

    def datasets(self, run_ids):
        from mlflow.entities import Dataset, DatasetInput, InputTag

        for run_id, context in zip(run_ids, ["training", "eval", None]):
            tags = [InputTag("mlflow.data.context", context)] if context else []
            dataset = Dataset("iris", "abc123", "local", '{"uri": "iris.csv"}', '{"columns": []}', '{"num_rows": 150}')
            self.client.log_inputs(run_id, [DatasetInput(dataset, tags)])

    def models(self, run_id):
        model = self.client.create_registered_model("classifier", tags={"task": "vision"}, description="A *model*")
        source = f"{self.client.get_run(run_id).info.artifact_uri}/config"
        first = self.client.create_model_version(model.name, source, run_id)
        self.client.create_model_version(model.name, source, run_id, tags={"checked": "yes"})
        if self.has(2, 3):
            self.client.set_registered_model_alias(model.name, "champion", first.version)
        else:
            self.client.transition_model_version_stage(model.name, first.version, "Production")

    def logged_model(self, experiment, run_id):
        from mlflow.entities import LoggedModelOutput

        model = self.client.create_logged_model(experiment, "net", source_run_id=run_id, params={"depth": "3"}, tags={"kind": "cnn"})
        self.client.log_metric(run_id, "model_acc", 0.9, T0_MS, 1, model_id=model.model_id)
        self.client.finalize_logged_model(model.model_id, "READY")
        self.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 1)])

    def trace(self, experiment):
        mlflow.set_experiment(experiment_id=experiment)
        with mlflow.start_span("answer") as span:
            span.set_inputs({"question": "How many?"})
            with mlflow.start_span("look up"):
                pass
            span.set_outputs({"answer": 42})

    def all(self):
        main = self.client.create_experiment("main", tags={"owner": "alice"})
        ids = self.main_runs(main)
        odd = self.odd_run(main)
        self.artifacts(ids[0])
        second = self.client.create_experiment("second/ünï")
        points = [("loss", math.exp(-step / 4000) + (step * 7919 % 100) / 1000, step) for step in range(LONG_POINTS)]
        self.run(second, "long", 200, metrics=points)
        gone = self.client.create_experiment("gone")
        self.run(gone, "in a deleted experiment", 300)
        self.client.delete_experiment(gone)
        if self.has(2, 4):
            self.datasets(ids[1:4])
        if not self.is_fasttrackml:
            self.models(ids[0])
        if self.has(3, 0):
            self.logged_model(main, odd)
            self.trace(main)
        else:
            self.client.log_metric(odd, "model_acc", 0.9, T0_MS, 1)


if __name__ == "__main__":
    Seed(sys.argv[1], "--fasttrackml" in sys.argv).all()

"""The data of the benchmark of tracking servers: written straight into the database that MLflow 3.17 itself made, since logging it takes hours.

usage: python3 benches/servers.py make DATABASE RUNS
           30 params, 20 metrics and 5 tags a run; 20 points of each metric in the newest 100 runs, one in the others
       python3 benches/servers.py empty DATABASE
           its tables alone
       python3 benches/servers.py facts DATABASE
           prints what is to be found in it, as JSON: the experiment and its number of runs, the ids of the newest 100, and, of all
           runs, of a filter and of an order by a metric, the names of the first three
"""

import json
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "servers"))
import environments  # noqa: E402
import serve  # noqa: E402

VERSION = "3.17"
START_MS = 1_700_000_000_000
EXPERIMENT, NAME = 1, "bench"
PARAMS, METRICS = 30, 20
LONG_RUNS, POINTS = 100, 20
#: Values of the param that the filter asks for: a few hundred of 10,000 runs have one of them.
KINDS = 25
ROWS = 3


def empty(out):
    program = environments.place(VERSION) / "bin" / "mlflow"
    Path(out).unlink(missing_ok=True)
    # What is left of it goes with the program.
    subprocess.run([program, "db", "upgrade", f"sqlite:///{out}"], env=serve.environment(VERSION), check=True, capture_output=True)


def make(out, runs):
    empty(out)
    rng = random.Random(7)
    database = sqlite3.connect(out)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA cache_size = -500000")
    put(database, "experiments", "experiment_id name artifact_location lifecycle_stage creation_time last_update_time",
        [(EXPERIMENT, NAME, f"mlflow-artifacts:/{EXPERIMENT}", "active", START_MS, START_MS)])  # fmt: skip
    for start in range(0, runs, 1000):
        batch(database, rng, range(start, min(start + 1000, runs)), runs)
    database.commit()


def batch(database, rng, numbers, runs):
    tables = {name: [] for name in ("runs", "params", "tags", "metrics", "latest_metrics")}
    for n in numbers:
        run, start = f"{rng.getrandbits(128):032x}", START_MS + n * 60_000
        uri = f"mlflow-artifacts:/{EXPERIMENT}/{run}/artifacts"
        tables["runs"].append((run, f"bench-{n}", "UNKNOWN", "", "", "bench", "FINISHED", start, start + 30_000, "", "active", EXPERIMENT, uri))
        params = {"kind": f"k{rng.randrange(KINDS)}", "lr": repr(rng.random())} | {f"option_{i}": str(rng.randrange(100)) for i in range(2, PARAMS)}
        tables["params"] += [(key, value, run) for key, value in params.items()]
        tags = {"mlflow.runName": f"bench-{n}", "mlflow.user": "bench", "mlflow.source.name": "train.py", "mlflow.source.type": "LOCAL", "note": f"value {n % 7}"}
        tables["tags"] += [(key, value, run) for key, value in tags.items()]
        points = POINTS if n >= runs - LONG_RUNS else 1
        for i in range(METRICS):
            rows = [(f"m{i}", rng.random() + (points - step) / 10, start + step * 100, run, step, 0) for step in range(points)]
            tables["metrics"] += rows
            tables["latest_metrics"].append(rows[-1])
    put(database, "runs", "run_uuid name source_type source_name entry_point_name user_id status start_time end_time source_version lifecycle_stage experiment_id artifact_uri", tables["runs"])
    for name in ("params", "tags"):
        put(database, name, "key value run_uuid", tables[name])
    for name in ("metrics", "latest_metrics"):
        put(database, name, "key value timestamp run_uuid step is_nan", tables[name])


def put(database, table, columns, rows):
    names = columns.split()
    database.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", rows)


def facts(path):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def column(sql):
        return [row[0] for row in database.execute(sql)]

    matching = "FROM runs JOIN params USING (run_uuid) WHERE key = 'kind' AND params.value = 'k3'"
    found = {
        "experiment": str(EXPERIMENT),
        "name": NAME,
        "runs": column("SELECT count(*) FROM runs")[0],
        "newest": column(f"SELECT run_uuid FROM runs ORDER BY start_time DESC LIMIT {LONG_RUNS}"),
        "points": POINTS,
        "first": column(f"SELECT name FROM runs ORDER BY start_time DESC LIMIT {ROWS}"),
        "filter": {
            "text": "params.kind = 'k3'",
            "matching": column(f"SELECT count(*) {matching}")[0],
            "first": column(f"SELECT name {matching} ORDER BY start_time DESC LIMIT {ROWS}"),
        },
        "sort": {
            "metric": "m0",
            "first": column(f"SELECT name FROM runs JOIN latest_metrics USING (run_uuid) WHERE key = 'm0' ORDER BY value DESC LIMIT {ROWS}"),
        },
    }
    print(json.dumps(found))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", out, runs]:
            make(out, int(runs))
        case ["empty", out]:
            empty(out)
        case ["facts", database]:
            facts(database)
        case _:
            sys.exit(__doc__)

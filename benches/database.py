"""Writes the benchmark's database, as MLflow 3 lays its tables out, the same rows every time; or reads one with Python's sqlite3.

usage: python3 benches/database.py make OUT RUNS POINTS [LONG]
           POINTS of each of 10 metrics a run, beside 20 params and 7 tags; with LONG, each hundredth run has so many instead
       python3 benches/database.py read DATABASE             prints the milliseconds that its tables of runs take, the least of 3
       python3 benches/database.py first DATABASE            the same of the newest 25 runs with all that is theirs
       python3 benches/database.py history DATABASE          the same of one metric of one run
       python3 benches/database.py id DATABASE NAME          prints the id of the run of that name
       python3 benches/database.py copy DATABASE INTO        puts the rows into the tables that MLflow has made in another database
"""

import random
import sqlite3
import sys
import time

START_MS = 1_700_000_000_000
# Which runs are long: the last of so many.
EVERY = 100
TABLES = """
CREATE TABLE experiments (experiment_id INTEGER NOT NULL, name VARCHAR(256) NOT NULL, artifact_location VARCHAR(256),
    lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT, CONSTRAINT experiment_pk PRIMARY KEY (experiment_id));
CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL, name VARCHAR(250), source_type VARCHAR(20), source_name VARCHAR(500),
    entry_point_name VARCHAR(50), user_id VARCHAR(256), status VARCHAR(9), start_time BIGINT, end_time BIGINT, source_version VARCHAR(50),
    lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200), experiment_id INTEGER, deleted_time BIGINT, CONSTRAINT run_pk PRIMARY KEY (run_uuid));
CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL, run_uuid VARCHAR(32) NOT NULL,
    CONSTRAINT param_pk PRIMARY KEY (key, run_uuid));
CREATE TABLE tags (key VARCHAR(250) NOT NULL, value VARCHAR(8000), run_uuid VARCHAR(32) NOT NULL, CONSTRAINT tag_pk PRIMARY KEY (key, run_uuid));
CREATE TABLE latest_metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT, step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL,
    run_uuid VARCHAR(32) NOT NULL, CONSTRAINT latest_metric_pk PRIMARY KEY (key, run_uuid));
CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL,
    step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL,
    CONSTRAINT metric_pk PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
CREATE INDEX index_params_run_uuid ON params (run_uuid);
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
CREATE INDEX index_latest_metrics_run_uuid ON latest_metrics (run_uuid);
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, key, step);
INSERT INTO experiments VALUES (1, 'bench', '/data/mlruns/1', 'active', 1700000000000, 1700000000000);
"""


def make(out, runs, points, long):
    rng = random.Random(7)
    database = sqlite3.connect(out)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA cache_size = -1000000")
    database.executescript(TABLES)
    for n in range(runs):
        run, start = f"{rng.getrandbits(128):032x}", START_MS + n * 60_000
        uri = f"/data/mlruns/1/{run}/artifacts"
        row = (run, f"bench-{n}", "UNKNOWN", "", "", "bench", "FINISHED", start, start + 30_000, "", "active", uri, 1, None)
        database.execute(f"INSERT INTO runs VALUES ({', '.join('?' * 14)})", row)
        params = [(f"option_{i}", str(rng.randrange(100)) if i % 2 else repr(rng.random()), run) for i in range(20)]
        database.executemany("INSERT INTO params VALUES (?, ?, ?)", params)
        tags = {"mlflow.runName": f"bench-{n}", "mlflow.user": "bench", "mlflow.source.name": "/home/bench/train.py",
                "mlflow.source.type": "LOCAL", "mlflow.source.git.commit": f"{n // 50:040x}", "model": "forest", "note": f"value {n % 7}"}
        database.executemany("INSERT INTO tags VALUES (?, ?, ?)", [(key, value, run) for key, value in tags.items()])
        for step in range(long if n % EVERY == EVERY - 1 else points):
            rows = [(f"metric_{i}", rng.random(), start + step * 100, run, step, 0) for i in range(10)]
            database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
        latest = [(key, value, at, step, is_nan, run) for key, value, at, _, step, is_nan in rows]
        database.executemany("INSERT INTO latest_metrics VALUES (?, ?, ?, ?, ?, ?)", latest)
    database.commit()


def least(act):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


def read(database):
    def act():
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        for table in ("runs", "params", "tags", "latest_metrics"):
            for _row in connection.execute(f"SELECT * FROM {table}"):
                pass

    print(f"{least(act):.1f}")


def first(database):
    def act():
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        runs = connection.execute("SELECT * FROM runs ORDER BY rowid DESC LIMIT 25").fetchall()
        for table in ("params", "tags", "latest_metrics"):
            for run in runs:
                connection.execute(f"SELECT * FROM {table} WHERE run_uuid = ?", run[:1]).fetchall()

    print(f"{least(act):.2f}")


def history(database):
    def act():
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        (run,) = connection.execute("SELECT run_uuid FROM runs ORDER BY rowid DESC LIMIT 1").fetchone()
        connection.execute("SELECT step, timestamp, value, is_nan FROM metrics WHERE run_uuid = ? AND key = 'metric_3'", (run,)).fetchall()

    print(f"{least(act):.2f}")


def copy(database, into):
    connection = sqlite3.connect(into)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -1000000")
    connection.execute("ATTACH ? AS made", (str(database),))
    for table in ("experiments", "runs", "params", "tags", "latest_metrics", "metrics"):
        columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA made.table_info({table})"))
        connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM made.{table} ORDER BY rowid")
    connection.commit()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", out, runs, points, *long] if len(long) < 2:
            make(out, int(runs), int(points), int((long or [points])[0]))
        case ["read", database]:
            read(database)
        case ["first", database]:
            first(database)
        case ["history", database]:
            history(database)
        case ["id", database, name]:
            connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
            print(*connection.execute("SELECT run_uuid FROM runs WHERE name = ?", (name,)).fetchone())
        case ["copy", database, into]:
            copy(database, into)
        case _:
            sys.exit(__doc__)

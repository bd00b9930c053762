"""Writes the benchmark's data: a file store as MLflow 2 writes it, as a zip or as a folder, the same bytes every time.

usage: python3 benches/data.py OUT RUNS      OUT ends in .zip, or is a directory to be made

Each run is 35 files: meta.yaml, 10 params, 14 metrics (12 with one point, two curves of 200) and 10 tags.
"""

import pathlib
import random
import sys
import zipfile

START_MS = 1_700_000_000_000
EXPERIMENT = "123456789012345678"
MODELS = ("logistic", "forest", "boosting", "ridge", "mlp")


def files(runs):
    """Paths below `mlruns`, and their text."""
    rng = random.Random(7)
    root = "mlruns/" + EXPERIMENT
    yield f"{root}/meta.yaml", meta(
        artifact_location=f"file:///data/{root}", creation_time=START_MS, experiment_id=f"'{EXPERIMENT}'",
        last_update_time=START_MS, lifecycle_stage="active", name="bench",
    )
    for n in range(runs):
        yield from run_files(root, n, rng)


def run_files(root, n, rng):
    run = f"{rng.getrandbits(128):032x}"
    start = START_MS + n * 60_000
    yield f"{root}/{run}/meta.yaml", meta(
        artifact_uri=f"file:///data/{root}/{run}/artifacts", end_time=start + 30_000, entry_point_name="''",
        experiment_id=f"'{EXPERIMENT}'", lifecycle_stage="active", run_id=run, run_name=f"bench-{n}", run_uuid=run,
        source_name="''", source_type=4, source_version="''", start_time=start, status=3, tags="[]", user_id="bench",
    )
    model = MODELS[n % len(MODELS)]
    params = {"model": model, "seed": n % 5, "lr": rng.choice((0.1, 0.03, 0.01)), "depth": n % 12, "penalty": "l2"}
    params |= {f"option_{i}": rng.randrange(100) for i in range(5)}
    tags = {"mlflow.runName": f"bench-{n}", "mlflow.user": "bench", "mlflow.source.name": "train.py",
            "mlflow.source.type": "LOCAL", "mlflow.source.git.commit": f"{rng.getrandbits(160):040x}", "model": model}
    tags |= {f"note_{i}": f"value {n % 7}" for i in range(4)}
    for key, value in params.items():
        yield f"{root}/{run}/params/{key}", str(value)
    for key, value in tags.items():
        yield f"{root}/{run}/tags/{key}", str(value)
    for i in range(12):
        yield f"{root}/{run}/metrics/score_{i}", f"{start + i} {rng.random()!r} 0\n"
    for key in ("loss", "val_loss"):
        points = (f"{start + step * 100} {rng.random() + 10 / (step + 1)!r} {step}\n" for step in range(200))
        yield f"{root}/{run}/metrics/{key}", "".join(points)


def meta(**fields):
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def main(out, runs):
    out, runs = pathlib.Path(out), int(runs)
    if out.suffix == ".zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, text in files(runs):
                info = zipfile.ZipInfo(path)
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, text)
    else:
        for path, text in files(runs):
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

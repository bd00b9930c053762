"""Logs into a server as a training does: `PYTHON live.py URL EXPERIMENT STEPS PAUSE_S`, with the `python` that `serve.py` names.

It starts a run, prints its id, logs `loss` once a step with a pause behind it, and ends the run when all steps are logged or, without
ending it, when its standard input closes.
"""

import os
import select
import sys
import time

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["GIT_PYTHON_REFRESH"] = "quiet"

from mlflow.entities import Metric  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

url, experiment, steps, pause_s = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
client = MlflowClient(tracking_uri=url)
run = client.create_run(experiment, run_name="live", tags={"mlflow.user": "alice"})
print(run.info.run_id, flush=True)
for step in range(steps):
    client.log_batch(run.info.run_id, [Metric("loss", 1 / (1 + step), int(time.time() * 1000), step)])
    # Readable without a line on it: closed.
    if select.select([sys.stdin], [], [], pause_s)[0] and not sys.stdin.read(1):
        sys.exit()
client.set_terminated(run.info.run_id)

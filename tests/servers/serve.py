"""Starts one real tracking server with the data of `seed.py`, says where, and serves until its standard input closes.

    python3 serve.py --version 3.17 --data DIR [--as-it-is] [--scratch] [--port N] [--auth] [--static-prefix /x] [--cors ORIGIN] [--workspaces] [--workers N]
                     [--allowed-hosts LIST] [--nginx] [--base /x] [--demand 'NAME: VALUE']

It prints one line of JSON: `url` to open, `origin` of the server itself, `database` (its file, or the folder in its place), `python` (of the client that seeded it), and
`user` and `password` with `--auth`. Whatever ends it takes the server along. The environments are those of `environments.py`.
"""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import environments
import front

HERE = Path(__file__).resolve().parent
#: What can be served: one of each environment, and 3.17 on a folder of files.
SERVERS = [*environments.VERSIONS, "3.17-files"]
USER, PASSWORD = "admin", "correct horse battery"
READY_WITHIN_S = 180
#: Kills a process group, and removes what it leaves, as soon as its own standard input closes: no way of dying leaves a server
#: behind.
WATCH = """
import os, shutil, signal, sys
sys.stdin.read()
try:
    os.killpg(int(sys.argv[1]), signal.SIGKILL)
except ProcessLookupError:
    pass
for folder in sys.argv[2:]:
    shutil.rmtree(folder, ignore_errors=True)
"""
# Nothing here leaves this machine.
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", required=True, choices=SERVERS)
    parser.add_argument("--data", required=True, type=Path, help="made on first use: database, artifacts, log")
    parser.add_argument("--as-it-is", action="store_true", help="serve what lies in DATA; nothing is logged")
    parser.add_argument("--scratch", action="store_true", help="serve a copy that goes when the server does, for tests that write")
    parser.add_argument("--port", type=int, default=0, help="of what is opened; without, a free one")
    parser.add_argument("--auth", action="store_true", help="basic-auth")
    parser.add_argument("--static-prefix", default="", help="the server's own")
    parser.add_argument("--cors", help="an origin that pages may come from, or *: told to MLflow 3, to nginx before the others")
    parser.add_argument("--allowed-hosts", help="names under which MLflow 3 may be asked, in place of its own list")
    parser.add_argument("--workspaces", action="store_true", help="with a second one, `team-b`")
    parser.add_argument("--workers", type=int, default=1, help="processes that answer; MLflow's own choice is four")
    parser.add_argument("--nginx", action="store_true", help="nginx in front")
    parser.add_argument("--base", default="", help="the path under which nginx serves it")
    parser.add_argument("--demand", help="a header without which nginx answers 401")
    args = parser.parse_args()
    args.nginx = args.nginx or bool(args.base or args.demand)
    is_modern = args.version.startswith("3.")
    if args.cors and not (is_modern or args.nginx):
        parser.error("--cors needs --nginx before this server")
    if args.workspaces and args.auth:
        parser.error("of --workspaces and --auth one")
    if (args.workspaces or args.allowed_hosts) and not is_modern or args.auth and args.version not in ("3.17", "2.22"):
        parser.error(f"{args.version} can not do that")
    return args


def of(version):
    """The environments of the server and of the client that logs its data: FastTrackML brings none of its own."""
    server = version.removesuffix("-files")
    return server, "2.22" if server == "fasttrackml" else server


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Group:
    """A process with all that it starts, and the folder that goes with it."""

    def __init__(self, command, log, env=None, cwd=None, leaves=None):
        self.log = log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=cwd, start_new_session=True,
            )  # fmt: skip
        # Its input is a pipe that this process alone holds open.
        watch = [sys.executable, "-c", WATCH, str(self.process.pid), *([str(leaves)] if leaves else [])]
        self.watcher = subprocess.Popen(watch, stdin=subprocess.PIPE, start_new_session=True)

    def wait_for(self, url):
        started = time.monotonic()
        while time.monotonic() - started < READY_WITHIN_S:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:
                    if answer.status == 200:
                        return
            except urllib.error.HTTPError:
                return
            except OSError:
                pass
            time.sleep(0.1)
        tail = Path(self.log).read_text(errors="replace")[-3000:]
        raise SystemExit(f"{tail}\nthe server did not come up at {url}; its whole log is {self.log}")

    def end(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        self.watcher.stdin.close()
        self.watcher.wait()
        self.process.wait()


def environment(version):
    """Of a process that runs with the environment of `version`: no job runner, its own `bin` first, nothing of the user's."""
    place = environments.place(version)
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHON"))}
    return keep | {
        "PATH": f"{place / 'bin'}:{os.environ.get('PATH', '')}",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GIT_PYTHON_REFRESH": "quiet",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def store_of(version, data):
    """The file of its database, or its folder."""
    return data / {"fasttrackml": "fml.db", "3.17-files": "mlruns"}.get(version, "mlflow.db")


def start(version, data, port, auth=False, prefix="", cors=None, hosts=None, workspaces=False, leaves=None, workers=1):
    """The server itself, on loopback, ready."""
    place, env = environments.place(of(version)[0]), environment(of(version)[0])
    store = store_of(version, data)
    if version == "fasttrackml":
        command = [place / "bin" / "fml", "server", "--listen-address", f"127.0.0.1:{port}"]
        command += ["--database-uri", f"sqlite://{store}", "--default-artifact-root", data / "artifacts"]
    else:
        command = [place / "bin" / "mlflow", "server", "--host", "127.0.0.1", "--port", port, "--workers", workers]
        command += ["--backend-store-uri", store.as_uri() if version.endswith("-files") else f"sqlite:///{store}"]
        # Versions before 2 keep artifacts at the server only when told.
        command += ["--serve-artifacts", "--artifacts-destination", data / "artifacts"]
        if version == "1.30":
            command += ["--default-artifact-root", "mlflow-artifacts:/"]
        if prefix:
            command += ["--static-prefix", prefix]
        if cors:
            command += ["--cors-allowed-origins", cors]
        if hosts:
            command += ["--allowed-hosts", hosts]
        if workspaces:
            command += ["--enable-workspaces"]
        if auth:
            command += ["--app-name", "basic-auth"]
            settings = data / "basic_auth.ini"
            settings.write_text(
                f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{data}/auth.db\n"
                f"admin_username = {USER}\nadmin_password = {PASSWORD}\n"
                "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
            )
            env |= {"MLFLOW_AUTH_CONFIG_PATH": str(settings), "MLFLOW_FLASK_SERVER_SECRET_KEY": "of the tests"}
    group = Group(command, data / "server.log", env, data, leaves)
    try:
        group.wait_for(f"http://127.0.0.1:{port}{prefix}/health")
    except BaseException:
        group.end()
        raise
    return group


def seed(version, data):
    """Fills DATA once; a second process waits for the first."""
    data.mkdir(parents=True, exist_ok=True)
    with open(data / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        script = hashlib.sha256((HERE / "seed.py").read_bytes()).hexdigest()
        by = f"{script} {environments.place(of(version)[0]).name}"
        done = data / "seeded"
        # Seeded by another script or another server, it is made anew.
        if done.is_file() and done.read_text() == by:
            return
        for name in os.listdir(data):
            if name != "lock":
                path = data / name
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        port = free_port()
        server = start(version, data, port)
        client = of(version)[1]
        try:
            python = environments.place(client) / "bin" / "python"
            flags = ["--fasttrackml"] if version == "fasttrackml" else []
            command = [python, HERE / "seed.py", f"http://127.0.0.1:{port}", *flags]
            with open(data / "seed.log", "wb") as out:
                code = subprocess.run(command, env=environment(client), cwd=data, stdout=out, stderr=out).returncode
            if code:
                raise SystemExit(f"{(data / 'seed.log').read_text()[-3000:]}\nthe data could not be logged")
        finally:
            server.end()
        done.write_text(by)


def second_workspace(url):
    """`team-b`, with one experiment."""

    def post(path, body, headers=()):
        headers = {"Content-Type": "application/json", **dict(headers)}
        urllib.request.urlopen(urllib.request.Request(f"{url}{path}", json.dumps(body).encode(), headers), timeout=30).close()

    post("/api/3.0/mlflow/workspaces", {"name": "team-b", "description": "A second one"})
    post("/api/2.0/mlflow/experiments/create", {"name": "of team b"}, {"X-MLFLOW-WORKSPACE": "team-b"})


def main():
    args = parse()
    for version in of(args.version):
        if not environments.is_there(version):
            sys.exit(f"the environment of {version} is missing: python3 {HERE}/environments.py {version}")
    data = args.data.resolve()
    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(0))
    groups, scratch = [], None
    try:
        if not args.as_it_is:
            seed(args.version, data)
        if args.scratch or args.workspaces or args.auth:
            scratch = Path(tempfile.mkdtemp(prefix="runglass-server-"))
            shutil.copytree(data, scratch, dirs_exist_ok=True)
            data = scratch
        port = free_port() if args.nginx else args.port or free_port()
        cors = None if args.nginx else args.cors
        groups.append(start(args.version, data, port, args.auth, args.static_prefix, cors, args.allowed_hosts, args.workspaces, scratch, args.workers))
        origin = f"http://127.0.0.1:{port}"
        url = f"{origin}{args.static_prefix}"
        if args.workspaces:
            second_workspace(url)
        if args.nginx:
            outside = args.port or free_port()
            folder = Path(tempfile.mkdtemp(prefix="runglass-nginx-"))
            conf = front.write(folder, outside, port, args.base, args.cors, args.demand)
            groups.append(Group([front.program(), "-c", conf, "-p", folder], folder / "nginx.log", leaves=folder))
            url = f"http://127.0.0.1:{outside}{args.base}{args.static_prefix}"
            groups[-1].wait_for(f"{url}/health")
        said = {
            "url": url,
            "origin": origin,
            "version": args.version,
            "database": str(store_of(args.version, data)),
            "python": str(environments.place(of(args.version)[1]) / "bin" / "python"),
        }
        if args.auth:
            said |= {"user": USER, "password": PASSWORD}
        print(json.dumps(said), flush=True)
        sys.stdin.read()
    finally:
        for group in reversed(groups):
            group.end()


if __name__ == "__main__":
    main()

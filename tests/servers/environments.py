"""The Python environments of the servers that tests run against: `python3 environments.py` installs those that are missing.

Each lies outside the checkout, under a name with the hash of its lock file, so that it is installed once: in `$RUNGLASS_SERVERS`, or else
`~/.cache/runglass/servers`. Afterwards no network is needed. It knows nothing of what servers do; see `serve.py`.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSIONS = ["3.17", "2.22", "1.30", "fasttrackml"]
PYTHONS = ((3, 11), (3, 13))


def home():
    if chosen := os.environ.get("RUNGLASS_SERVERS"):
        return Path(chosen).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "runglass" / "servers"


def lock_of(version):
    return HERE / f"requirements-{version}.txt"


def place(version):
    """Where the environment is, or would be."""
    python = f"py{sys.version_info[0]}{sys.version_info[1]}"
    return home() / f"{version}-{python}-{hashlib.sha256(lock_of(version).read_bytes()).hexdigest()[:12]}"


def is_there(version):
    return (place(version) / "installed").is_file()


def size_mb(folder):
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) // 1_000_000


def install(version):
    """Makes it if it is not there; another process that does the same is waited for. Environments of older locks stay."""
    folder = place(version)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_there(version):
            return
        started = time.monotonic()
        # What was left by an installation that broke off.
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        # Bytecode is written when a module is first imported, which most never are.
        pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile"]
        subprocess.run([*pip, "--no-deps", "--require-hashes", "--prefer-binary", "-r", lock_of(version)], check=True)
        (folder / "installed").touch()
        print(f"Installed {version} in {time.monotonic() - started:.0f} s: {size_mb(folder)} MB in {folder}", flush=True)


def main():
    oldest, newest = PYTHONS
    if not oldest <= sys.version_info[:2] <= newest:
        sys.exit(f"the servers of the tests need Python {oldest[0]}.{oldest[1]} to {newest[0]}.{newest[1]}, this is {sys.version.split()[0]}")
    for version in sys.argv[1:] or VERSIONS:
        install(version)


if __name__ == "__main__":
    main()

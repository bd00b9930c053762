"""Runs a program and prints its milliseconds, those of the processor, and the most MB that it was resident with, as JSON.

usage: python3 benches/child.py PROGRAM [ARGUMENT...]
"""

import json
import resource
import subprocess
import sys
import time

start = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
ms = (time.perf_counter() - start) * 1e3
used = resource.getrusage(resource.RUSAGE_CHILDREN)
per_mb = 1 << (20 if sys.platform == "darwin" else 10)
print(json.dumps([ms, (used.ru_utime + used.ru_stime) * 1e3, used.ru_maxrss / per_mb]))

"""Makes the `requirements-*.txt` of this folder anew, from the locks of the fixtures: `python3 lock.py`.

The versions and hashes are those that wrote the fixtures. What MLflow's package asks for and its server never imports (scipy,
pyarrow, matplotlib and their kin) is left out: it is two thirds of an environment. So these locks are installed with
`--no-deps`, and `pip check` would complain. Python 3.11 to 3.13.
"""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"

NEVER_IMPORTED = """contourpy cycler fonttools joblib kiwisolver matplotlib narwhals pillow prettytable pyarrow
    scikit-learn scipy skops threadpoolctl wcwidth""".split()
#: 3.17 scores traces by the help of these two; its server starts with them alone.
NUMBERS = ["numpy", "pandas", "tzdata"]

#: What basic-auth wants beside.
AUTH = """flask-wtf==1.3.0 \\
    --hash=sha256:61d5dabc50c3df885c297dcbd80810443a5d632106c8a69cab8ce740f0cdd7cc \\
    --hash=sha256:dc5e3a4ce97f75c47bf6c1c72ad2c3b7bdf579a2ed13aebcc5d3d81fe2571160
wtforms==3.3.2 \\
    --hash=sha256:2fac992f39102d6268b06e05cdbdf37a7e9b9a4e103916d2dff1d09a080b531d \\
    --hash=sha256:49bb51d10b7832d497e758736da4d56f7d129a015db24756f36f28992f175404
"""

LOCKS = {
    "3.17": (NEVER_IMPORTED, AUTH),
    "2.22": (NEVER_IMPORTED + NUMBERS, AUTH),
    "1.30": (NEVER_IMPORTED + NUMBERS, ""),
}


def main():
    for version, (left_out, more) in LOCKS.items():
        text = (FIXTURES / f"requirements-{version}.txt").read_text()
        # A package with its hashes; without the comments behind it.
        packages = re.findall(r"^(([\w.-]+)==.*(?:\n    --hash.*)*\n)", text, re.MULTILINE)
        kept = [text.replace("\r", "") for text, name in packages if name not in left_out]
        head = f"# Made by lock.py from ../fixtures/requirements-{version}.txt; installed with --no-deps.\n"
        (HERE / f"requirements-{version}.txt").write_text(head + "".join(kept) + more)


if __name__ == "__main__":
    main()

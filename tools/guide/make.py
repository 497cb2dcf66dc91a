"""Makes the Guide from nothing: checks the text, trains, exports to assets/guide, and asks the held-out questions.

    python tools/guide/make.py

Arguments are handed to train.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run(script: str, *args: str) -> None:
    print("==", script, *args, flush=True)
    subprocess.run([sys.executable, str(HERE / script), *args], check=True)


def main() -> None:
    run("corpus.py")
    # A tokenizer left over from another text would not fit.
    (HERE / "out" / "tokenizer.json").unlink(missing_ok=True)
    run("train.py", *sys.argv[1:])
    run("export.py")
    run("evaluate.py", "--quiet", "--same-as", str(HERE / "out" / "guide.pt"))


if __name__ == "__main__":
    main()

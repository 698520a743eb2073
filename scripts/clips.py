"""Run every clip of a folder through ``jiexun run`` and print a table: ``python -m scripts.clips FOLDER HOME``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SUFFIXES = frozenset({".mp4", ".avi", ".gif", ".mkv", ".mov", ".ts"})


def main(folder: Path, home: Path) -> int:
    """Exit code 0 when every clip worked and the seals verify."""
    failed = 0
    print("| clip | frames | looks | detections | candidates | seconds |\n|---|---|---|---|---|---|")
    jiexun = Path(sys.executable).parent / "jiexun"
    for clip in sorted(p for p in folder.iterdir() if p.suffix in SUFFIXES):
        command = [jiexun, "run", clip, "--device", "demo-cam", "--home", home, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            failed += 1
            print(f"| {clip.name} | failed: {done.stderr.strip()} | | | | |")
            continue
        r = json.loads(done.stdout)
        print(
            "|",
            clip.name,
            *(f"| {r[k]}" for k in ("frames", "looks", "detections", "candidates", "seconds")),
            "|",
        )
    return min(failed, 1) or subprocess.run([jiexun, "verify", "--home", home], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))

"""Every line of the host core was run: `gcov` over the coverage build, failing on any line that was not."""

import json
import subprocess
import sys
from pathlib import Path

build = Path(sys.argv[1]).resolve()
notes = [str(path) for path in build.rglob("*.gcda")]
assert notes, "the coverage build was never run"
run = subprocess.run(
    ["gcov", "--json-format", "--stdout", *notes], capture_output=True, text=True, check=True
)
counts: dict[tuple[str, int], int] = {}
for text in run.stdout.splitlines():
    for file in json.loads(text)["files"]:
        name = Path(file["file"]).name
        if "kernels" not in file["file"]:
            continue
        for line in file["lines"]:
            key = name, line["line_number"]
            counts[key] = counts.get(key, 0) + line["count"]
missed = sorted(key for key, count in counts.items() if not count)
print(f"core: {len(counts) - len(missed)} of {len(counts)} lines run")
for name, line in missed:
    print(f"  not run: {name}:{line}")
sys.exit(bool(missed))

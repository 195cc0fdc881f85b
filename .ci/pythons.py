"""Prints the path of the oldest and of the newest Python that this machine has of those that gridgrad supports."""

import os
import re
import subprocess
import sys
from pathlib import Path

FACTS = """
import sys, sysconfig, ensurepip
v = sys.version_info
usable = v >= (3, 11) and v.releaselevel == "final" and not sysconfig.get_config_var("Py_GIL_DISABLED")
print(*(v[:3] if usable else ()), sys.executable)
"""


def candidates():
    """What is called python3 or python3.N in the folders of PATH and of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders = [*map(Path, os.get_exec_path()), *pyenv.glob("versions/*/bin")]
    paths = [path for folder in folders for path in folder.glob("python3*")]
    return [p for p in paths if re.fullmatch(r"python3(\.\d+)?", p.name) and os.access(p, os.X_OK)]


def found():
    """(minor, micro, path) of those that run and can make environments."""
    for path in candidates():
        done = subprocess.run([path, "-c", FACTS], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode == 0 and len(done.stdout.split()) == 4:
            _, minor, micro, executable = done.stdout.split()
            yield int(minor), int(micro), executable


def main():
    """Of several of one minor release the latest counts."""
    latest = {minor: path for minor, _, path in sorted(found())}
    if not latest:
        sys.exit("no Python >= 3.11 was found")
    print(latest[min(latest)], latest[max(latest)])


main()

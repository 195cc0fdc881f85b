"""Scripts in fresh interpreters, and the systems that some tests need."""

import platform
import subprocess
import sys

import pytest

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX processes")
x86_64 = pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() != "x86_64", reason="reads MXCSR with glibc"
)


def python(code, *flags, folder=None, env=None, timeout=60):
    """Run a script in a fresh interpreter; its output, or a failure that shows its errors."""
    if folder is None:
        command = [sys.executable, *flags, "-c", code]
    else:
        (folder / "script.py").write_text(code)
        command = [sys.executable, *flags, str(folder / "script.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout

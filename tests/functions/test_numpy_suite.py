"""NumPy's own tests of `numpy.gradient`, run against ours."""

import os
import subprocess
import sys

PLUGIN = """
import atexit, numpy, gridgrad

calls = 0

def gradient(*arguments, **keywords):
    global calls
    calls += 1
    result = gridgrad.gradient(*arguments, **keywords)
    {change}
    return result

numpy.gradient = numpy.lib._function_base_impl.gradient = gradient

def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"gradient was called {{calls}} times")
"""


def run_numpys_tests(folder, change):
    (folder / "replaced_gradient.py").write_text(PLUGIN.format(change=change))
    (folder / "pytest.ini").write_text("[pytest]\n")
    path = os.pathsep.join([str(folder), *sys.path])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "replaced_gradient", "-p", "no:cacheprovider", "--tb=no", "--maxfail=16",
               "-c", str(folder / "pytest.ini"), "--rootdir", str(folder), "-W", "ignore::pytest.PytestConfigWarning",
               "--pyargs", "numpy.lib.tests.test_function_base", "-k", "TestGradient"]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def counted(text, word):
    """The number before a word, 0 if the word is not there."""
    words = text.replace(",", " ").split()
    return int(words[words.index(word) - 1]) if word in words else 0


def test_numpys_own_gradient_tests_pass(tmp_path):
    said = run_numpys_tests(tmp_path, "pass")
    assert counted(said, "passed") == 28, said
    assert counted(said, "failed") == 0, said
    assert int(said.split("gradient was called ")[1].split()[0]) > 50, said


def test_they_fail_for_a_wrong_gradient(tmp_path):
    wrong = "result = tuple(r * 1.5 for r in result) if isinstance(result, tuple) else result * 1.5"
    assert counted(run_numpys_tests(tmp_path, wrong), "failed") > 15

"""The process around a call: forks, signals, threads, memory, floating-point state, interpreter flags."""

import gc
import os
import shutil
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from processes import linux, posix, python, x86_64
from samples import noise, same_bits

import gridgrad as gg


@posix
def test_a_forked_child_answers_at_once_after_threads_were_used():
    said = python("""
import os, time, warnings
import numpy as np, gridgrad as gg
warnings.simplefilter("ignore")
f = np.arange(400_000.0) ** 1.5
expected = gg.gradient(f, workers=2)
slowest = 0
for repeat in range(100):
    gg.gradient(f, workers=2)
    start = time.monotonic()
    child = os.fork()
    if not child:
        os._exit(0 if np.array_equal(gg.gradient(f, workers=2), expected) else 1)
    while time.monotonic() - start < 10:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.001)
    else:
        os.kill(child, 9)
        raise SystemExit(f"child {repeat} hangs")
    assert status == 0, status
    slowest = max(slowest, time.monotonic() - start)
assert slowest < 2, slowest
print("ok")
""")
    assert said == "ok\n"


@posix
@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_pools_of_every_start_method(method, tmp_path):
    said = python(
        f"""
import multiprocessing, warnings
import numpy as np, gridgrad as gg

def work(k):
    return gg.gradient(np.arange(9.0) ** k, edge_order=2)

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        results = pool.map(work, range(4))
    assert all(np.array_equal(work(k), r) for k, r in enumerate(results))
    print("ok")
""",
        folder=tmp_path,
    )
    assert said == "ok\n"


@linux
@pytest.mark.alone
@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_ends_a_long_call_within_half_a_second(workers):
    said = python(f"""
import os, signal, threading, time
import numpy as np, gridgrad as gg

signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background of a shell inherit "ignore"
n = 1 << 14
f = np.broadcast_to(np.arange(float(n)), (n, n))
out = np.empty((n, n))  # 2 GiB that are touched only as far as the call gets
sent = []

def interrupt():
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)

threading.Timer(0.05, interrupt).start()
try:
    gg.gradient(f, axis=1, out=out, workers={workers})
    raise SystemExit("the call was not interrupted")
except KeyboardInterrupt:
    delay = time.monotonic() - sent[0]
assert delay < 0.5, delay
assert out[0, 0] == 1 and out[-1, -1] == 0  # begun, not finished
assert np.array_equal(gg.gradient(np.arange(5.0) ** 2, edge_order=2), [0, 2, 4, 6, 8])
print("ok")
""")
    assert said == "ok\n"


def test_eight_threads_may_share_one_array(rng):
    f = noise(rng, (200, 300))
    expected = gg.gradient(f, 0.1)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: gg.gradient(f, 0.1, workers=2), range(200)))
    assert all(same_bits(a, b) for got in results for a, b in zip(got, expected, strict=True))


def test_eight_threads_with_arrays_of_their_own(rng):
    fields = [noise(rng, (50 + k, 40), np.float32) for k in range(8)]
    outs = [np.empty((2, *f.shape), np.float32) for f in fields]

    def work(k):
        for _ in range(50):
            gg.gradient(fields[k], 0.5, np.arange(40.0) + k, out=outs[k])
        return outs[k]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    for k, got in enumerate(results):
        assert all(
            same_bits(a, b)
            for a, b in zip(got, gg.gradient(fields[k], 0.5, np.arange(40.0) + k), strict=True)
        )


def test_eight_threads_import_it_at_once():
    said = python("""
import threading, numpy as np
barrier, results = threading.Barrier(8), []
def work():
    barrier.wait()
    import gridgrad as gg
    results.append(gg.gradient(np.arange(4.0) ** 2).tolist())
threads = [threading.Thread(target=work) for _ in range(8)]
[t.start() for t in threads], [t.join() for t in threads]
print(results == [[1, 2, 4, 5]] * 8)
""")
    assert said == "True\n"


def test_warnings_and_errstate_are_not_touched(rng):
    before = np.geterr()
    with np.errstate(all="raise"):
        gg.gradient(np.array([1e308, -1e308, 1e308]))
        gg.gradient(np.array([np.inf, np.nan, 1]), 1e-310)
        gg.gradient(noise(rng, 5), [0, 1e-308, 2e-308, 3e-308, 1e-300])
    assert np.geterr() == before


@linux
def test_memory_does_not_grow_over_many_calls():
    said = python("""
import resource, numpy as np, gridgrad as gg

line, plane = np.arange(50.0), np.ones((20, 30), np.float32)
x, bad = np.arange(50.0) ** 1.1, np.zeros(50)
out = np.empty((2, 20, 30), np.float32)
wide = np.ones((2, 9, 9), np.longdouble)

def refused(*arguments, **keywords):
    try:
        gg.gradient(*arguments, **keywords)
    except (ValueError, TypeError):
        return
    raise SystemExit("not refused")

def mixed(rounds):
    for k in range(rounds):
        gg.gradient(line)
        gg.gradient(line, x, edge_order=2)
        gg.gradient(plane, 0.5, out=out)
        gg.gradient(plane, axis=1, workers=1)
        gg.gradient(line[::-1], periodic=True)
        gg.gradient(line, float(k % 1000 + 1))
        refused(line, bad)
        refused(plane, edge_order=3)
        refused(line, out=out)
        if k % 10 == 0:
            gg.gradient(wide, 2.0)

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

mixed(2500)
before = resident()
mixed(11200)
print(resident() - before)
""")
    assert int(said) < 1 << 20


MEMORY = """
import resource, numpy as np, gridgrad as gg

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

gg.gradient(np.ones((8, 8, 8)), workers=2)
f = np.random.default_rng(0).random((200, 200, 100))
x = [np.cumsum(np.random.default_rng(1).random(n)) for n in f.shape]
outs = np.ones((3, *f.shape))
before = peak()
for spacing in ((), x):
    {call}
print(peak() - before)
"""


@linux
@pytest.mark.parametrize("workers", [1, 2])
def test_a_call_with_out_needs_no_memory(workers):
    assert int(python(MEMORY.format(call=f"gg.gradient(f, *spacing, out=outs, workers={workers})"))) < 1 << 20


@linux
def test_a_call_without_out_needs_its_results_only():
    results = 3 * 200 * 200 * 100 * 8
    assert int(python(MEMORY.format(call="gg.gradient(f, *spacing); del spacing"))) < results + (1 << 20)


@linux
def test_without_memory_the_error_is_a_memory_error_and_the_process_goes_on():
    said = python("""
import resource, numpy as np, gridgrad as gg
f = np.ones(1 << 22)
out = np.empty_like(f)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (6 << 20), -1))
try:
    gg.gradient(f)
    raise SystemExit("no error")
except MemoryError as error:
    assert "32.0 MiB" in str(error), error
gg.gradient(f, out=out, workers=16)  # no room for a thread's stack: its share is done here
assert not out.any()
print("ok")
""")
    assert said == "ok\n"


@linux
def test_rows_beside_gaps_are_made_here_where_no_thread_can_start():
    said = python("""
import resource, numpy as np, gridgrad as gg
f = np.arange(3.0 * (1 << 15))
inside = np.arange(f.size) % 8 > 1
operator = gg.Grid((f.size, 1.0)).with_mask(inside).derivative(0)
two = np.stack([f, f])
bands, rows = (f, np.empty_like(f)), (two, np.empty_like(two))  # batches are not swept in bands
for field, out in (bands, rows):
    operator(field, out=out, workers=1)
    out[:] = 0
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (6 << 20), -1))
for field, out in (bands, rows):
    operator(field, out=out, workers=16)
    assert (out == inside).all()
print("ok")
""")
    assert said == "ok\n"


@x86_64
def test_rounding_mode_and_flush_to_zero_are_left_alone():
    said = python("""
import ctypes, numpy as np
libm = ctypes.CDLL("libm.so.6")
class Environment(ctypes.Structure):
    _fields_ = [("x87", ctypes.c_uint32 * 7), ("mxcsr", ctypes.c_uint32)]
FLAGS, FLUSH, UPWARD = 0x3F, 0x8040, 0x800

def state():
    environment = Environment()
    libm.fegetenv(ctypes.byref(environment))
    return environment.mxcsr & ~FLAGS, libm.fegetround()

before = state()
import gridgrad as gg
assert state() == before
tiny = np.array([0.0, 4e-320, 0.0, -4e-320, 0.0])
f, x = np.arange(500_000.0), np.arange(500_000.0) ** 1.5
expected = gg.gradient(f, x)
assert gg.gradient(tiny).any()
gg.gradient(f, x, workers=2)
assert state() == before
libm.fesetround(UPWARD)
gg.gradient(f, x, workers=2), gg.gradient(f.astype("f2"))
assert libm.fegetround() == UPWARD
libm.fesetround(0)
environment = Environment()
libm.fegetenv(ctypes.byref(environment))
environment.mxcsr |= FLUSH
libm.fesetenv(ctypes.byref(environment))
flushed = state()
assert flushed[0] & FLUSH == FLUSH
assert np.array_equal(gg.gradient(f, x), expected)
half = np.array([0, 1, 3, 7, 1023, 1024, 5], np.uint16).view(np.float16)
got = gg.gradient(half)
assert state() == flushed
environment.mxcsr &= ~FLUSH
libm.fesetenv(ctypes.byref(environment))
assert np.array_equal(got, gg.gradient(half))  # binary16 subnormals are no float32 subnormals
print("ok")
""")
    assert said == "ok\n"


SMALL = "import numpy as np, gridgrad as gg; print(gg.gradient(np.arange(4.0) ** 2, [0, .5, 1.5, 2], edge_order=2).tolist())"


@pytest.mark.parametrize(
    "flags", [(), ("-O",), ("-OO",), ("-W", "error"), ("-X", "dev"), ("-I",)], ids=" ".join
)
def test_interpreter_flags_change_nothing(flags):
    path = f"import sys; sys.path[:0] = {[p for p in sys.path if p]}; "
    said = python(path + SMALL, *flags)
    assert said == python(path + SMALL)
    assert said.startswith("[")


COMMA_LOCALE = """LC_NUMERIC
decimal_point ","
thousands_sep ""
grouping -1
END LC_NUMERIC
"""
ASCII = "\n".join(
    ["<escape_char> /", "<code_set_name> ASCII", "CHARMAP", *(f"<U{c:04X}> /x{c:02x}" for c in range(128)), "END CHARMAP\n"]
)  # fmt: skip


@pytest.fixture
def comma_locale(tmp_path):
    """A locale whose decimal sign is a comma, made here: no machine need have one installed."""
    (tmp_path / "numbers").write_text(COMMA_LOCALE)
    (tmp_path / "ascii").write_text(ASCII)
    command = ["localedef", "-c", "-f", tmp_path / "ascii", "-i", tmp_path / "numbers", tmp_path / "comma"]
    subprocess.run(command, capture_output=True, check=False)  # warns about the categories that are not there
    assert (tmp_path / "comma" / "LC_NUMERIC").is_file()
    return os.environ | {"LOCPATH": str(tmp_path)}


@pytest.mark.skipif(shutil.which("localedef") is None, reason="no localedef of the GNU C library")
def test_a_locale_with_decimal_commas_changes_nothing(comma_locale):
    code = """
import ctypes, locale
locale.setlocale(locale.LC_NUMERIC, "comma")
said = ctypes.create_string_buffer(9)
ctypes.CDLL(None).snprintf(said, 9, b"%.1f", ctypes.c_double(0.5))
assert said.value == b"0,5", said.value
"""
    assert python(code + SMALL, env=comma_locale) == python(SMALL)


def test_importing_it_imports_no_other_array_library():
    said = python("""
import sys, numpy
before = set(sys.modules)
import gridgrad
roots = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(roots & {"cupy", "torch", "jax", "jaxlib", "dask", "xarray", "pandas", "scipy", "numba", "sympy", "matplotlib"}))
""")
    assert said == "[]\n"


def test_importing_it_loads_few_modules():
    """What an import costs, as a count: a bound on the time would depend on the machine."""
    said = python("""
import numpy, sys
before = set(sys.modules)
import gridgrad
print(len([name for name in set(sys.modules) - before if not name.startswith("gridgrad")]))
""")
    assert int(said) < 60


def test_no_array_outlives_its_call(rng):
    f = np.array(noise(rng, (30, 30)))
    seen = weakref.ref(f)
    results = gg.gradient(f)
    dead = [weakref.ref(r) for r in results]
    del f, results
    gc.collect()
    assert seen() is None
    assert all(ref() is None for ref in dead)

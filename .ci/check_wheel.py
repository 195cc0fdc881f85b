"""The wheel is tagged for every Python of one platform and holds the core and the kernels' sources."""

import sys
import zipfile

path = sys.argv[1]
names = set(zipfile.ZipFile(path).namelist())
assert "-py3-none-" in path, f"{path} is tied to one Python"
assert any(name.startswith("gridgrad/libgridgrad_core") for name in names), "no compiled core in the wheel"
for needed in (
    "apply.cu",
    "variant.h",
    "vectors.h",
    "general.h",
    "stencil.h",
    "descriptor.h",
    "portable.h",
    "half.h",
):
    assert f"gridgrad/kernels/{needed}" in names, f"{needed} is not in the wheel"
assert "gridgrad/py.typed" in names, "py.typed is not in the wheel"
stray = [name for name in names if name.startswith(("tests/", "benchmarks/", "examples/", ".ci/"))]
assert not stray, f"the wheel holds {stray}"
print(f"{path}: {len(names)} files, core and kernels present")

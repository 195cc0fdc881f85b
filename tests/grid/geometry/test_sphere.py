"""Operators on a sphere and in polar coordinates, against spherical harmonics and exact fields."""

import pickle

import numpy as np
import pytest
from libraries import check_as_numpy
from optional import optional

import gridgrad as gg

R = 6_371_229.0
RNG = np.random.default_rng(12)


def globe(n, kind="half", **words):
    """n latitudes, half a step or a whole one from the poles or as of Gauss, and twice as many longitudes from anywhere."""
    lat = {
        "half": -90 + (np.arange(n) + 0.5) * 180 / n,
        "whole": np.linspace(-90, 90, n + 1)[1:-1],
        "gauss": np.rad2deg(np.arcsin(np.polynomial.legendre.leggauss(n)[0])),
        "pole": np.linspace(90, -90, n + 1),
    }[kind]
    lon = 3.0 + np.arange(2 * n) * 180 / n
    return gg.Grid(lat, lon, geometry="sphere", **words)


def angles(grid):
    lat, lon = (np.deg2rad(a) for a in grid.mesh())
    return lat, lon


def wind(lat, lon):
    """Solid rotation and a wave across the poles: u, v, their vorticity and divergence (in units of 10 m/s over R)."""
    u, v = np.cos(lat), np.cos(2 * lon) * np.cos(lat)
    return u, v, (2 * np.sin(lat) - 2 * np.sin(2 * lon)) / R, -2 * np.sin(lat) * np.cos(2 * lon) / R


def wind_of_plane_waves(lat, lon):
    """That of a stream function x + x z and a potential y z + (x^2 - y^2) z / 4, smooth in the poles too; with both laplacians."""
    x, y, z = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)

    def slopes(dx, dy, dz):
        north = -dx * z * np.cos(lon) - dy * z * np.sin(lon) + dz * np.cos(lat)
        return dy * np.cos(lon) - dx * np.sin(lon), north

    (east, north), (away_east, away_north) = (
        slopes(1 + z, 0, x),
        slopes(x * z / 2, z - y * z / 2, y + (x**2 - y**2) / 4),
    )
    turning, spreading = -2 * x - 6 * x * z, -6 * y * z - 3 * (x**2 - y**2) * z
    return away_east - north, east + away_north, turning / R, spreading / R


def harmonic(lat, lon):
    """Of degree 3 and order 2."""
    return np.sin(lat) * np.cos(lat) ** 2 * np.cos(2 * lon)


def errors(grid, accuracy, beyond=0):
    """The largest errors of all points, or of those beyond a latitude, the rows beside the poles among them, relative to the largest value."""
    lat, lon = angles(grid)
    u, v, vorticity, divergence = wind_of_plane_waves(lat, lon)
    slopes = (np.cos(lat) - np.sin(lat) * np.cos(lon)) / R, -np.sin(lon) / R
    harmonics = [harmonic(lat, lon), 3 * np.sin(lat) ** 2 - 1, np.cos(lat) * np.cos(lon)]
    bent = -(12 * harmonics[0] + 6 * harmonics[1] + 2 * harmonics[2]) / R**2
    with_ = {"accuracy": accuracy}
    found = {
        "curl": (grid.curl.with_(**with_)((v, u)), vorticity),
        "divergence": (grid.divergence.with_(**with_)((v, u)), divergence),
        "gradient": (np.stack(grid.gradient.with_(**with_)(np.sin(lat) + np.cos(lat) * np.cos(lon))), np.stack(slopes)),
        "advect": (grid.advect((v, u)).with_(**with_)(np.sin(lat) + np.cos(lat) * np.cos(lon)), v * slopes[0] + u * slopes[1]),
        "laplacian": (grid.laplacian.with_(**with_)(sum(harmonics)), bent),
    }  # fmt: skip
    if not np.any(np.cos(lat) < 1e-9):  # in a pole that flow has no divergence
        u, v, vorticity, divergence = wind(lat, lon)
        found["curl of a rough flow"] = grid.curl.with_(**with_)((v, u)), vorticity
        found["divergence of a rough flow"] = grid.divergence.with_(**with_)((v, u)), divergence
    rows = np.abs(grid.coordinates[0]) >= beyond
    return {
        name: np.abs(got - exact)[..., rows, :].max() / np.abs(exact).max()
        for name, (got, exact) in found.items()
    }


@pytest.mark.parametrize("kind", ["half", "whole", "gauss", "pole"])
@pytest.mark.parametrize(("accuracy", "laplacian"), [(None, 1.95), (4, 3.9), (6, 5.8)])
def test_orders_in_every_row(kind, accuracy, laplacian):
    """All keep their order up to the poles, and in them."""
    coarse, fine = (errors(globe(n, kind), accuracy) for n in (45, 90))
    for name in coarse:
        order = np.log2(coarse[name] / fine[name])
        assert order > (laplacian if name == "laplacian" else (accuracy or 2) - 0.12), (name, order)
    far = fine.pop("divergence")  # at 30 degrees, of waves of 120: what three points miss of them
    assert far < {None: 1.4e-3, 4: 4e-6, 6: 1e-8}[accuracy]
    assert max(fine.values()) < {None: 1e-3, 4: 4e-6, 6: 2e-8}[accuracy], fine  # at 2 degrees


@pytest.mark.parametrize("kind", ["half", "whole", "gauss", "pole"])
@pytest.mark.parametrize("accuracy", [None, 4, 6])
def test_errors_at_two_degrees_are_no_larger_beside_the_poles(kind, accuracy):
    """In all rows within 50 degrees of one, the seam among their columns."""
    for name, own in errors(globe(90, kind), accuracy, beyond=40).items():
        assert own < {None: 7e-4, 4: 3e-6, 6: 1.5e-8}[accuracy], name


@pytest.mark.parametrize("kind", ["half", "whole"])
@pytest.mark.parametrize("accuracy", [None, 4, 6])
@pytest.mark.parametrize("way", [1, -1])
def test_orders_of_a_region_that_ends_beside_a_pole(kind, accuracy, way):
    """Rows along circles are exact for waves there as well, also the one-sided ones."""

    def region(n):
        lat = 90 - (np.arange(n)[::-1] + (0.5 if kind == "half" else 1)) * 60 / n
        return gg.Grid(lat, -20 + way * np.arange(n + 1) * 100 / n, geometry="sphere")

    coarse, fine = (errors(region(n), accuracy) for n in (24, 48))
    for name in coarse:
        assert np.log2(coarse[name] / fine[name]) > (accuracy or 2) - 0.35, name
    assert max(fine.values()) < 1.6e-3


@pytest.mark.parametrize("kind", ["half", "whole", "gauss", "pole"])
def test_no_field_grows_by_the_laplacian(kind):
    """Its eigenvalues are none of growth, though beside the poles it is not symmetric."""
    grid = globe(12, kind, radius=1.0)
    assert np.linalg.eigvals(grid.laplacian.to_sparse().toarray()).real.max() < 1e-10


def test_the_laplacian_of_a_plane_in_space_is_exact_beside_the_poles():
    """Whose parts along a meridian and a circle cancel there."""
    grid = globe(30, radius=1.0)
    lat, lon = angles(grid)
    plane = np.cos(lat) * np.cos(lon)
    for form in ("compact", "conservative"):
        np.testing.assert_allclose(grid.laplacian.with_(form=form)(plane)[0], -2 * plane[0], atol=2e-4)


@pytest.mark.parametrize("kind", ["half", "whole", "gauss", "pole"])
def test_solutions_by_fluxes_are_of_order_2_in_every_row(kind):
    """Though what fluxes give in the rows beside the poles falls by the step, or, where cells have their points off their middle, not at all."""
    missed, off = [], []
    for n in (16, 32):
        grid = globe(n, kind, radius=1.0)
        lat, lon = angles(grid)
        f = harmonic(lat, lon) + np.cos(lat) * np.cos(lon)
        bent = -12 * harmonic(lat, lon) - 2 * np.cos(lat) * np.cos(lon)
        L = grid.laplacian.with_(form="conservative")
        missed.append(abs(L(f) - bent).max())
        off.append(abs((grid.identity - L).solve(f - bent) - f).max())
    assert np.log2(off[0] / off[1]) > 1.85
    assert np.log2(missed[0] / missed[1]) > (0.8 if kind in ("half", "pole") else 0)


@pytest.mark.parametrize("kind", ["half", "whole", "gauss"])
def test_solutions_with_a_diffusivity_of_its_own_at_each_point_are_of_order_2(kind):
    """In every row: f with f - div(k grad f) that is known, k = 1 + z / 2."""
    missed = []
    for n in (16, 32):
        grid = globe(n, kind, radius=1.0)
        lat, lon = angles(grid)
        z, x = np.sin(lat), np.cos(lat) * np.cos(lon)
        f = x * z + z
        bent = (1 + z / 2) * (-6 * x * z - 2 * z) + (
            x + 1 - z * (2 * x * z + z)
        ) / 2  # k laplacian(f) + grad k . grad f
        A = grid.identity - grid.diffuse(1 + z / 2)
        missed.append(np.abs(A.solve(f - bent) - f).max())
    assert np.log2(missed[0] / missed[1]) > 1.85


def test_scalars_on_a_pole_are_one_for_all_longitudes():
    grid = globe(24, "pole")
    lat, lon = angles(grid)
    u, v, *_ = wind_of_plane_waves(lat, lon)
    f = np.cos(lat) * np.sin(lon) * (2 + np.sin(lat))
    for made in (grid.laplacian(f), grid.curl((v, u)), grid.divergence((v, u))):
        assert np.ptp(made[[0, -1]], axis=1).max() < 1e-9 * np.abs(made).max()


def test_the_order_of_axes_decides_components_but_not_the_sense_of_rotation():
    grid = globe(20)
    lat, lon = grid.coordinates
    other = gg.Grid(lon, lat, geometry=("lon", "lat"), axes=[-1, -2])
    u, v = RNG.standard_normal((2, *grid.shape))
    np.testing.assert_allclose(grid.curl((v, u)), other.curl((u, v)), rtol=1e-12, atol=1e-18)
    np.testing.assert_allclose(grid.divergence((v, u)), other.divergence((u, v)), rtol=1e-12, atol=1e-18)
    assert np.array_equal(grid.gradient(u)[0], other.gradient(u)[1])


def test_latitudes_may_run_down_and_angles_be_radians():
    grid = globe(16)
    lat, lon = grid.coordinates
    down = gg.Grid(lat[::-1], lon, geometry="sphere")
    inner = gg.Grid(np.deg2rad(lat), np.deg2rad(lon), geometry="sphere", angle="radians", radius=1.0)
    u, v = RNG.standard_normal((2, *grid.shape))
    for got, turned, scaled in (
        (grid.laplacian(u), down.laplacian(u[::-1]), inner.laplacian(u) / R**2),
        (grid.curl((v, u)), down.curl((v[::-1], u[::-1])), inner.curl((v, u)) / R),
    ):
        scale = np.abs(got).max()
        np.testing.assert_allclose(turned[::-1] / scale, got / scale, atol=1e-12)
        np.testing.assert_allclose(scaled / scale, got / scale, atol=1e-12)


@pytest.mark.parametrize("kind", ["half", "pole"])
def test_totals(kind):
    """The measure is the area, and what flows through faces is lost nowhere."""
    grid = globe(24, kind)
    assert np.isclose(grid.measure.sum(), 4 * np.pi * R**2, rtol=1e-13)
    f, k = RNG.standard_normal((2, *grid.shape))
    spread = grid.diffuse(np.abs(k) if kind == "half" else 2.0)
    for A in (grid.laplacian, grid.laplacian.with_(form="conservative"), spread, grid.diffuse(3.0)):
        changed = grid.measure * A(f)
        assert abs(changed.sum()) < 1e-13 * np.abs(changed).sum()


@pytest.mark.parametrize("kind", ["half", "pole"])
def test_forms_of_an_operator_agree(kind):
    grid = globe(8, kind)
    f, u, v, k = RNG.standard_normal((4, *grid.shape))
    for A in (grid.laplacian, grid.diffuse(k if kind == "half" else 2.0), grid.advect((v, u)), grid.advect((2.0, u)), grid.laplacian.with_(accuracy=4),
              2 * grid.laplacian + grid.advect((v, u)), grid.derivative(1)):  # fmt: skip
        whole = A(f)
        scale = np.abs(whole).max()
        np.testing.assert_allclose(
            (A.to_sparse() @ f.ravel()).reshape(grid.shape) / scale, whole / scale, atol=1e-14
        )
        assert np.isclose(np.vdot(whole, v), np.vdot(f, A.T(v)), rtol=1e-9)
        back = A.adjoint(v, weight="quadrature")
        assert np.isclose(np.vdot(grid.measure * whole, v), np.vdot(grid.measure * f, back), rtol=1e-9)
        adjoint = A.adjoint_operator()
        matrix = adjoint.to_sparse()
        np.testing.assert_array_equal(matrix.toarray(), A.T.to_sparse().toarray())
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(A))(f), whole)
    slopes = grid.gradient(f)
    np.testing.assert_allclose(grid.gradient_norm(f), np.hypot(*slopes), rtol=1e-14)
    np.testing.assert_allclose(grid.gradient_squared(f), np.hypot(*slopes) ** 2, rtol=1e-14)
    np.testing.assert_allclose(grid.advect((v, u))(f), v * slopes[0] + u * slopes[1], rtol=1e-9, atol=1e-18)
    step = grid.identity - 1e12 * grid.laplacian
    np.testing.assert_allclose(step(step.solve(f)), f, atol=1e-12)


def test_batches_and_dtypes_keep_their_kind():
    grid = globe(9)
    f = RNG.standard_normal((3, *grid.shape)).astype(np.float32)
    made = grid.laplacian(f)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made[1], grid.laplacian(f[1]))
    np.testing.assert_allclose(made, grid.laplacian(f.astype(float)), rtol=0, atol=1e-4 * np.abs(made).max())
    wave = grid.gradient(f[0] + 1j * f[1])[1]
    np.testing.assert_allclose(wave.imag, grid.gradient(f[1])[1], atol=1e-12)


@pytest.mark.parametrize("kind", ["half", "pole"])
@pytest.mark.parametrize("name", [optional("torch"), optional("jax")])
def test_other_libraries(name, kind):
    grid = globe(10, kind)
    check_as_numpy(name, grid.laplacian, RNG.standard_normal(grid.shape).astype(np.float32))


@pytest.mark.parametrize("kind", ["half", "pole"])
@pytest.mark.parametrize("first", [False, True])
def test_a_compiler_sees_the_metric(first, kind):
    """Whether the operator was called before, or not."""
    torch = pytest.importorskip("torch")
    grid = globe(10, kind)
    f = torch.tensor(RNG.standard_normal(grid.shape))
    if first:
        grid.laplacian(f)
    compiled = torch.compile(lambda f: grid.laplacian(f), backend="eager", fullgraph=True)
    np.testing.assert_array_equal(compiled(f).numpy(), grid.laplacian(f.numpy()))


def test_quantities_are_refused():
    """Per metre of what has no unit would be a wrong unit."""
    pint = pytest.importorskip("pint")
    field = pint.UnitRegistry().Quantity(np.ones(globe(6).shape), "K")
    with pytest.raises(TypeError, match="lengths on a grid with geometry= have no unit"):
        globe(6).laplacian(field)


@pytest.mark.parametrize("kind", ["half", "pole"])
def test_chunks_of_a_sphere(kind):
    """Lazily, with the bits of the whole."""
    array = pytest.importorskip("dask.array")
    grid = globe(10, kind)
    f = RNG.standard_normal(grid.shape)
    chunked = array.from_array(f, chunks=(4, 5))
    for operator in (grid.laplacian, grid.gradient, grid.laplacian.with_(accuracy=4), grid.laplacian.T):
        made = operator(chunked)
        np.testing.assert_array_equal(array.stack(made) if isinstance(made, tuple) else made, operator(f))


def test_too_few_longitudes_for_a_wave_are_taken_as_they_are():
    for lon in ([0.0, 180.0, 360.0], [0.0, 100.0, 200.0], [0.0, 1.0]):
        grid = gg.Grid(
            [60.0, 70.0, 80.0], lon, geometry="sphere", boundary="one-sided", edge_order=1, radius=1.0
        )
        slope = grid.gradient(np.broadcast_to(np.deg2rad(lon), grid.shape))[1]
        np.testing.assert_allclose(slope, 1 / np.cos(np.deg2rad(grid.mesh()[0])))


@pytest.mark.parametrize("accuracy", [None, 2, 4])
def test_a_region_has_open_ends(accuracy):
    """Of the order of all other rows."""
    found = []
    for n in (30, 60):
        grid = gg.Grid(np.linspace(30, 60, n), np.linspace(-20, 40, 2 * n), geometry="sphere", radius=1.0)
        lat, lon = angles(grid)
        f = harmonic(lat, lon)
        found.append(np.abs(grid.laplacian.with_(accuracy=accuracy)(f) + 12 * f).max())
        assert grid.boundary[1] == ("one-sided", "one-sided")
    assert np.log2(found[0] / found[1]) > (accuracy or 2) - 0.2


def test_polar_and_cylindrical_coordinates_know_their_centre():
    worst = []
    for n in (20, 40):
        h = 1 / n
        grid = gg.Grid((n, h, h / 2), (4 * n, np.pi / (2 * n)), geometry="polar")
        r, theta = grid.mesh()
        x, y = r * np.cos(theta), r * np.sin(theta)
        f, exact = x**2 * y + x, 2 * y  # of a polynomial: no pole in it
        worst.append(np.abs(grid.laplacian.with_(accuracy=4)(f) - exact)[:-1].max())
        pipe = gg.Grid((n, h, h / 2), (n, h), geometry="cylindrical")
        r, z = pipe.mesh()
        np.testing.assert_allclose(pipe.laplacian(r**2 + z**2)[:-1], 6, atol=1e-9)
        np.testing.assert_allclose(pipe.divergence((r, z)), 3, atol=1e-9)
        assert np.isclose(grid.measure.sum(), np.pi * (1 - h / 2) ** 2, rtol=1e-12)
    assert np.log2(worst[0] / worst[1]) > 2.5


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: gg.Grid([70, 80, 90.0], [0, 120, 240], geometry="sphere"), "divisible by 4, or leave that row out"),
        (lambda: gg.Grid([70, 80, 90.0], [0, 90, 180, 270], geometry="sphere").diffuse(np.ones((3, 4))), "not offered on a grid with a row on a pole"),
        (lambda: gg.Grid([80, 95.0, 99], [0, 90, 180, 270], geometry="sphere"), "95 at index 1; latitudes are from -90 to 90"),
        (lambda: gg.Grid([10, 20, 30.0], [0, 1, 2.0], geometry="sphere", angle="radians"), "give degrees"),
        (lambda: gg.Grid([0, 1.0, 2], [0, 1, 2.0], geometry="polar"), "goes all round"),
        (lambda: gg.Grid([1, 2.0], [0, 1, 2.0], geometry="torus"), "allowed are \"sphere\""),
        (lambda: gg.Grid([1, 2.0], [0, 1, 2.0], geometry=("lat", "r")), "none that is known"),
        (lambda: gg.Grid([1, 2.0], geometry="sphere"), "2 axes"),
        (lambda: gg.Grid([1, 2.0], [0, 1.0], radius=3.0), "belong to geometry"),
        (lambda: gg.Grid([1, 2.0], [0, 1, 2.0], geometry="sphere", radius=-1), "positive"),
        (lambda: gg.Grid([1, 2, 3.0], (8, 10.0), geometry="sphere", boundary=["one-sided", "periodic"]), "8 steps of 10 are not 360"),
        (lambda: gg.Grid([1, 2, 3.0], [0, 1, 2.0], geometry="sphere", boundary=["periodic", "one-sided"], period=9), 'it ends at a "pole"'),
        (lambda: globe(6).hessian, "not offered with geometry="),
        (lambda: globe(6).jacobian, "divergence, curl"),
        (lambda: globe(6).mixed_derivative(0, 1), "not offered"),
    ],
)  # fmt: skip
def test_refusals(make, words):
    with pytest.raises((ValueError, TypeError)) as caught:
        make()
    assert words in str(caught.value)


@pytest.mark.parametrize("kind", ["half", "pole"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128"])
def test_the_order_of_axes_and_their_direction_change_no_value(kind, dtype):
    """Means all round a pole lie along the rows of memory in one order, across them in the other."""
    grid = globe(12, kind, radius=1.0)
    lat, lon = (grid.coordinates[k] for k in (0, 1))
    turned = gg.Grid(lon, lat, geometry=("lon", "lat"), radius=1.0)
    westwards = gg.Grid(lat, lon[::-1], geometry="sphere", radius=1.0)
    f, u, v = (RNG.standard_normal((3, *grid.shape)) * (1 + 1j if dtype[0] == "c" else 1)).astype(dtype)
    f_turned, u_turned, v_turned = (np.ascontiguousarray(a.T) for a in (f, u, v))
    near = {"rtol": 0, "atol": 2e-3 if dtype == "float32" else 1e-10}
    for L, M in ((grid.laplacian, turned.laplacian), (grid.diffuse(2.0), turned.diffuse(2.0))):
        np.testing.assert_allclose(M(f_turned).T, L(f), **near)
    np.testing.assert_allclose(turned.divergence((u_turned, v_turned)).T, grid.divergence((v, u)), **near)
    np.testing.assert_allclose(turned.curl((u_turned, v_turned)).T, grid.curl((v, u)), **near)
    np.testing.assert_allclose(westwards.gradient(f[:, ::-1]), np.stack(grid.gradient(f))[..., ::-1], **near)
    np.testing.assert_allclose(westwards.curl((v[:, ::-1], u[:, ::-1])), grid.curl((v, u))[:, ::-1], **near)
    np.testing.assert_allclose(westwards.laplacian(f[:, ::-1]), grid.laplacian(f)[:, ::-1], **near)


@pytest.mark.parametrize("angle", ["degrees", "radians"])
def test_a_latitude_on_a_pole_but_for_its_rounding_is_on_it(angle):
    pole = 90.0 if angle == "degrees" else np.pi / 2
    lat, lon = np.linspace(-pole, pole, 13), np.arange(24) * pole / 6
    exact = gg.Grid(lat, lon, geometry="sphere", angle=angle, radius=1.0)
    for other in (lat.astype("float32"), lat * (1 - 1e-13), lat * (1 + 1e-13)):
        near = gg.Grid(other, lon, geometry="sphere", angle=angle, radius=1.0)
        f = np.cos(exact.mesh()[0] * np.pi / 2 / pole) * np.cos(exact.mesh()[1] * np.pi / 2 / pole)
        np.testing.assert_allclose(
            near.laplacian(f), exact.laplacian(f), atol=1e-4 if other.dtype == "float32" else 1e-10
        )
        np.testing.assert_allclose(near.measure.sum(), 4 * np.pi, rtol=1e-5)

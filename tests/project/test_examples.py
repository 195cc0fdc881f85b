"""The examples at a small size: they run, their own checks pass, and their physics is right."""

import numpy as np
import pytest
from optional import optional

pytest.importorskip("matplotlib")


def test_terrain(example, tmp_path):
    facts = example("examples", "terrain").main(["--size", "80", "--out", str(tmp_path)])
    for name in ("jacksboro", "topobathy"):
        assert facts[name]["plane_error"] < 1e-12
        assert facts[name]["figure"].stat().st_size > 10_000
        slope, aspect = facts[name]["slope"], facts[name]["aspect"]
        assert 0 < np.median(slope) < slope.max() < 2
        assert np.array_equal(np.isnan(aspect), slope == 0)
        assert np.nanmin(aspect) >= 0
        assert np.nanmax(aspect) < 360


def test_terrain_knows_north(example):
    """Ground that rises northwards descends to the south, whichever way the rows run; one that rises eastwards, to the west."""
    terrain = example("examples", "terrain")
    for latitude in (np.linspace(36.0, 36.2, 9), np.linspace(36.2, 36.0, 9)):
        height = 1000 * np.broadcast_to(latitude[:, None], (9, 7))
        hill = terrain.Terrain("hill", height, latitude, np.linspace(-84, -83.9, 7))
        assert np.allclose(terrain.slope_and_aspect(*terrain.slopes(hill))[1], 180, atol=1e-9)
        east = hill._replace(height=np.broadcast_to(np.arange(7.0), (9, 7)))
        assert np.allclose(terrain.slope_and_aspect(*terrain.slopes(east))[1], 270, atol=1e-9)


def test_fault_rows_run_southwards(example):
    terrain = example("examples", "terrain")
    fault = terrain.fault()
    assert fault.latitude[0] > fault.latitude[-1]
    assert np.all(np.diff(fault.longitude) > 0)
    # Pine Mountain, the straight ridge in the north-east of the map, runs from south-west to north-east.
    slope = np.hypot(*terrain.slopes(fault))
    rows = np.arange(45, 150, 15)
    steepest = fault.longitude[200 + slope[rows, 200:].argmax(axis=1)]
    assert np.corrcoef(fault.latitude[rows], steepest)[0, 1] > 0.9


def test_heat_is_second_order(example, tmp_path):
    facts = example("examples", "heat_stretched").main(["--size", "49", "--out", str(tmp_path)])
    stretched = facts["errors"]["stretched"]
    assert stretched[0] > stretched[1] > stretched[2]
    assert 1.65 < facts["order"] < 2.35
    assert stretched[-1] < facts["errors"]["uniform"][-1]
    assert facts["figure"].stat().st_size > 10_000


@pytest.fixture
def jax_types(backend):
    """Examples with JAX turn its 64-bit types on; turned back."""
    jax = pytest.importorskip("jax") if backend == "jax" else None
    before = jax and jax.config.jax_enable_x64
    yield
    if jax:
        jax.config.update("jax_enable_x64", before)


def test_heat_waves_are_second_order_by_both_methods(example, tmp_path):
    facts = example("examples", "heat_boundary_layer").main(["--size", "32", "--out", str(tmp_path)])
    for name in ("explicit", "implicit"):
        assert 1.8 < facts["orders"][name] < 2.2
        assert facts["errors"][name][-1] < 3e-3
    assert facts["figure"].stat().st_size > 10_000


def test_implicit_heat_is_of_second_order_and_kept(example):
    facts = example("examples", "heat_implicit").main(["--size", "32"])
    assert abs(facts["order"] - 2) < 0.1
    assert facts["lost"] < 1e-13


def test_light_is_of_second_order_and_keeps_its_energy(example):
    facts = example("examples", "maxwell").main(["--size", "65"])
    assert abs(facts["order"] - 2) < 0.2
    assert max(facts["apart"], facts["drift"]) < 1e-12


def test_poisson_with_mixed_conditions_is_of_second_order(example):
    facts = example("examples", "poisson_mixed").main(["--size", "65"])
    assert abs(facts["order"] - 2) < 0.2
    assert facts["errors"][-1] < 1e-3


def test_kuramoto_sivashinsky_between_walls_is_as_numpy_pads_it(example, tmp_path):
    facts = example("examples", "kuramoto_sivashinsky").main(["--size", "32", "--out", str(tmp_path)])
    assert facts["apart"] < 2 * np.finfo(float).eps
    assert abs(facts["lost"]) < 1e-13
    assert np.ptp(facts["u"]) > 1  # cells, of what began within 1


def test_brusselator_in_a_box_is_as_numpy_pads_it(example, tmp_path):
    facts = example("examples", "brusselator").main(["--size", "24", "--out", str(tmp_path)])
    np.testing.assert_allclose(facts["ours"], facts["other"], rtol=1e-9)
    assert (facts["ours"] > 0).all()


def test_gray_scott_makes_patterns_but_no_matter(example, tmp_path):
    facts = example("examples", "gray_scott").main(["--size", "48", "--out", str(tmp_path)])
    assert facts["v"].dtype == np.float32
    assert facts["made"] < 5 * np.finfo(np.float32).eps
    assert np.all(facts["v"].std(axis=(1, 2)) > 0.02)  # no recipe has died out or become even
    assert facts["figure"].stat().st_size > 10_000


@pytest.mark.parametrize("backend", [optional("torch"), optional("jax")])
def test_gray_scott_is_the_same_in_every_library(example, backend):
    """After 20 steps: each rounds a few numbers below 1, and none grows much by then."""
    module, helpers = example("examples", "gray_scott"), example("examples", "helpers")
    results = []
    for name in ("numpy", backend):
        library = helpers.Backend(name, double=False)
        reaction = module.Reaction(32, library)
        step, (u, v) = library.compiled(reaction.step), reaction.start
        for _ in range(20):
            u, v = step(u, v)
        results.append(np.stack([library.host(u), library.host(v)]))
    assert np.abs(results[0] - results[1]).max() <= 20 * 10 * np.finfo(np.float32).eps


def test_taylor_green_is_the_exact_solution_of_the_differences(example, tmp_path):
    facts = example("examples", "taylor_green").main(["--size", "64", "--out", str(tmp_path)])
    assert abs(facts["order"] - 2) < 0.1
    assert facts["apart"] < 3e-6  # of the time steps alone; the error itself is 1e-2
    assert abs(facts["rate"] / 0.1 - 1) < (2 * np.pi / 64) ** 2 / 12
    assert facts["figure"].stat().st_size > 10_000


@pytest.mark.parametrize("backend", [optional("torch"), optional("jax")])
def test_taylor_green_on_other_libraries(example, backend, jax_types):
    module, helpers = example("examples", "taylor_green"), example("examples", "helpers")
    (_, ours, *_), (_, other, *_) = (module.simulate(16, helpers.Backend(n)) for n in ("numpy", backend))
    assert np.abs(ours - other).max() < 1e-12


def test_shallow_water_keeps_mass_and_energy(example, tmp_path):
    facts = example("examples", "shallow_water").main(["--size", "60", "--out", str(tmp_path)])
    assert facts["mass_drift"] < 1e-13
    assert facts["figure"].stat().st_size > 10_000


def test_only_the_time_step_changes_the_energy_of_shallow_water(example):
    """Half the step: Runge-Kutta's drift falls by 2^5, or 2^4 at least; any other would stay."""
    module, helpers = example("examples", "shallow_water"), example("examples", "helpers")
    drifts = []
    for courant in (0.8, 0.4):
        _, _, (_, volume, *parts) = module.simulate(30, helpers.Backend("numpy"), courant)
        energy = sum(parts)
        drifts.append(np.abs(energy / energy[0] - 1).max())
        assert np.abs(volume / volume[0] - 1).max() < 1e-13
        assert parts[2][-1] > 0.05 * energy[0]  # heat: without it, the sum would have fallen by that
    assert drifts[0] / drifts[1] > 16


def test_schroedinger_keeps_its_norm_and_tunnels_as_known(example, tmp_path):
    facts = example("examples", "schroedinger").main(["--size", "1201", "--out", str(tmp_path)])
    assert facts["drift"] < 1e-12
    assert abs(facts["order"] - 2) < 0.3
    assert abs(facts["passed"] - facts["known"]) < 0.002
    assert facts["figure"].stat().st_size > 10_000


def test_burgers_has_the_orders_of_its_rows(example, tmp_path):
    facts = example("examples", "burgers").main(["--size", "128", "--out", str(tmp_path)])
    for accuracy, order in facts["orders"].items():
        assert 0.85 * accuracy < order < 1.15 * accuracy
    even, crowded = (facts["errors"][name] for name in ("accuracy 4", "accuracy 4, crowded"))
    assert crowded[40] < even[40] / 10  # at t = 0.8
    assert facts["figure"].stat().st_size > 10_000


def test_characteristics_of_burgers(example):
    """Newton's result satisfies the equation that it solves, up to the shock."""
    exact = example("examples", "burgers").exact
    x = np.linspace(0, 2 * np.pi, 101)
    for t in (0.0, 0.5, 0.99):
        u = exact(x, t)
        assert np.abs(np.sin(x - u * t) - u).max() < 1e-13


def test_cavity_is_that_of_ghia(example, tmp_path):
    """The table errs by up to 0.009 itself; the distance from Marchi's value falls as h^2."""
    facts = example("examples", "lid_driven_cavity").main(["--size", "49", "--out", str(tmp_path)])
    assert facts["apart"] < 0.01
    assert abs(facts["order"] - 2) < 0.2
    assert np.all(facts["u"][1:-1, -1] == 1)
    assert np.all(facts["u"][:, 0] == 0)
    assert facts["figure"].stat().st_size > 10_000


def test_staggered_cavity_is_that_of_ghia(example, tmp_path):
    """Nothing leaks out of a cell; the table errs by up to 0.009 itself."""
    facts = example("examples", "mac_cavity").main(["--size", "32", "--out", str(tmp_path)])
    assert facts["apart"] < 0.01
    assert facts["leak"] < 1e-12
    assert facts["figure"].stat().st_size > 10_000


def test_jet_on_a_c_grid_keeps_mass_and_energy(example, tmp_path):
    facts = example("examples", "shallow_water_cgrid").main(["--size", "64", "--out", str(tmp_path)])
    assert facts["mass_drift"] < 1e-14
    assert facts["energy_drift"] < 1e-6
    assert np.abs(facts["v"]).max() > 1  # the jet has become unstable
    assert facts["figure"].stat().st_size > 10_000


def test_jet_around_an_island_keeps_mass_and_energy(example, tmp_path):
    given = ["--size", "64", "--island", "200", "--out", str(tmp_path)]
    facts = example("examples", "shallow_water_cgrid").main(given)
    assert facts["mass_drift"] < 1e-14
    assert facts["energy_drift"] < 1e-5
    assert np.abs(facts["v"]).max() > 1


@pytest.mark.parametrize("island", [0.0, 600e3])
def test_what_energy_drifts_on_a_c_grid_is_the_time_steps(example, rng, island):
    """The differences along x and y change it by nothing but rounding, whatever the state is; what stands on land is not read."""
    module = example("examples", "shallow_water_cgrid")
    channel = module.Channel(16, island)
    counts = channel.water, channel.x.open, channel.y.open
    h, u, v = (
        np.where(own, low + rng.random(own.shape), np.nan)
        for low, own in zip((100, 0, 0), counts, strict=True)
    )
    dh, du, dv = channel.rate((h, u, v))
    assert [np.count_nonzero(own) for own in (dh, du, dv)] == [np.count_nonzero(own) for own in counts]
    h, u, v = map(np.nan_to_num, (h, u, v))
    of_u, of_v = channel.x.mean_at_points, channel.y.mean_at_points
    parts = (module.GRAVITY * h + (of_u(u * u) + of_v(v * v)) / 2) * dh, h * of_u(u * du), h * of_v(v * dv)
    assert abs(sum(part.sum() for part in parts)) < 1e-12 * sum(abs(part).sum() for part in parts)


def test_passive_scalar_turns_and_spreads(example, tmp_path):
    facts = example("examples", "passive_scalar").main(["--size", "129", "--out", str(tmp_path)])
    assert abs(facts["order"] - 2) < 0.3
    assert facts["errors"][-1] < 0.08
    assert facts["figure"].stat().st_size > 10_000


def test_light_falls_on_what_faces_the_sun(example):
    """The sun stands 40 degrees high in the north-west: ground that falls to there by 50 degrees is hit squarely."""
    shape = example("examples", "terrain_shape")
    degrees = np.linspace(-0.01, 0.01, 9)
    y, x = np.meshgrid(
        np.radians(degrees) * shape.EARTH_RADIUS, np.radians(degrees) * shape.EARTH_RADIUS, indexing="ij"
    )
    for turn, light in ((1, 1.0), (-1, np.cos(np.radians(100)))):
        height = turn * np.tan(np.radians(50)) * (x - y) / np.sqrt(2)
        assert np.allclose(
            shape.shape(shape.Terrain("plane", height, degrees, degrees)).light, max(light, 0), atol=1e-7
        )


def test_terrain_shape(example, tmp_path):
    facts = example("examples", "terrain_shape").main(["--size", "80", "--out", str(tmp_path)])
    light, curvature, index = facts["shape"]
    assert 0 <= light.min() < light.max() <= 1
    assert abs(np.mean(curvature)) < np.std(curvature) / 10  # as much hollow as ridge
    assert -1 <= index.min() < -0.9
    assert 0.9 < index.max() <= 1
    assert facts["figure"].stat().st_size > 10_000


@pytest.mark.needs("xarray")
def test_labelled_terrain(example, tmp_path):
    facts = example("examples", "labelled_terrain").main(["--size", "80", "--out", str(tmp_path)])
    assert facts["slope"].units == "1"
    shallow, high = float(facts["median"][5]), float(facts["median"][-2])
    assert 0 < shallow < high / 5  # the shelf is flat, the mountains are not
    assert facts["figure"].stat().st_size > 10_000


@pytest.mark.needs("xarray", "netCDF4", "iris_sample_data")
def test_fronts_of_the_sea_are_strongest_in_autumn(example, tmp_path):
    facts = example("examples", "sea_fronts").main(["--out", str(tmp_path)])
    assert facts["year"].idxmax() in (8, 9, 10, 11)
    assert facts["year"].idxmin() in (2, 3, 4)
    assert facts["year"].max() > 1.4 * facts["year"].min()
    assert facts["figure"].stat().st_size > 10_000


@pytest.mark.needs("xarray", "netCDF4", "iris_sample_data")
def test_the_thermocline_rises_eastwards(example, tmp_path):
    facts = example("examples", "thermocline").main(["--size", "300", "--out", str(tmp_path)])
    depth = facts["depth"].mean("lat")
    assert depth[0] > 120 > 60 > depth[-1]
    assert (depth.diff("lon") < 0).all()
    assert facts["figure"].stat().st_size > 10_000


@pytest.mark.needs("xarray", "netCDF4", "iris_sample_data")
def test_what_goes_with_the_slope_of_levels_is_gone_at_constant_height(example, tmp_path):
    facts = example("examples", "air_over_hills").main(["--out", str(tmp_path)])
    along, level = (own.values for own in facts["ties"].values())
    assert (along[7:14] > 0.25).all()  # 260 to 740 m above the ground, where the air is stable
    assert (abs(level[7:14]) < 0.05).all()
    assert (facts["up"].mean(facts["up"].dims[1:])[7:14] > 0).all()
    assert facts["figure"].stat().st_size > 10_000


def test_benchmark_runs_and_prints_its_table(example, tmp_path, capsys):
    benchmark = example("benchmarks", "gradient")
    report = benchmark.main(["--quick", "--out", str(tmp_path)])
    assert all("np.gradient" in row and row["gridgrad"]["min"] > 0 for row in report["rows"].values())
    benchmark.main(["--table", "--out", str(tmp_path)])
    assert "| 1-D, 100 points, fresh |" in capsys.readouterr().out


def test_function_and_samples_differ_by_the_known_error(example, tmp_path):
    facts = example("examples", "function_and_samples").main(["--size", "40", "--out", str(tmp_path)])
    sine, _, cubic = facts["slopes"]
    step = 10 / 39
    inside = sine.error("sampled")[0][1:-1]
    assert 0.9 * step**2 / 6 < inside.max() <= step**2 / 6
    assert np.allclose(cubic.error("sampled")[0][1:-1], (4 / 9) ** 2, rtol=1e-12)
    assert max(error.max() for case in facts["slopes"] for error in case.error("exact")) < 1e-13
    for found in facts["orders"]:
        assert found.passed
        assert abs(found.order("inside") - 2) < 0.1
    assert facts["figure"].stat().st_size > 10_000


@pytest.mark.parametrize("backend", ["numpy", optional("torch")])
def test_diffusivity_is_recovered(example, tmp_path, backend):
    module = example("examples", "inverse_diffusivity")
    facts = module.main(["--size", "11", "--backend", backend, "--out", str(tmp_path)])
    misfits, errors = facts["course"].T
    assert misfits[-1] < misfits[0] / 5
    assert errors[-1] < errors[0] / 3
    high, low = (
        np.unravel_index(place, facts["k"].shape) for place in (facts["k"].argmax(), facts["k"].argmin())
    )
    assert np.abs(np.array(high) / 10 - (0.32, 0.36)).max() < 0.1
    assert np.abs(np.array(low) / 10 - (0.67, 0.66)).max() < 0.1
    assert facts["figure"].stat().st_size > 10_000


def test_autograd_and_multipliers_agree_on_the_slope_of_the_misfit(example):
    """Both are the derivative of the same steps: rounding of the carré du champ, eps/h^2, is what parts them."""
    torch = pytest.importorskip("torch")
    plates = example("examples", "inverse_diffusivity").Plates(9)
    k = 1 + 0.3 * np.random.default_rng(3).random(plates.grid.shape)
    tensor = torch.tensor(k, requires_grad=True)
    loss = plates.loss(tensor, torch.as_tensor)
    loss.backward()
    ours = plates.slope(k)
    assert float(loss.detach()) == pytest.approx(plates.loss(k), rel=1e-12)
    assert np.abs(ours - tensor.grad.numpy()).max() < 1e-10 * np.abs(ours).max()


def test_a_checkerboard_of_diffusivity_is_not_seen(example):
    module = example("examples", "inverse_diffusivity")
    plates = module.Plates(9)
    checkerboard = 0.3 * (-1.0) ** np.add.outer(np.arange(9), np.arange(9))
    assert plates.squares(plates.true + checkerboard) == pytest.approx(plates.squares(plates.true), rel=1e-10)
    along = float((plates.slope(plates.true) * checkerboard).sum())
    smooth = -module.SMOOTH * float((plates.cells * checkerboard * plates.lap(plates.true)).sum())
    assert along == pytest.approx(smooth, rel=1e-8)  # only what makes k smooth pushes against it


@pytest.mark.needs("torch")
def test_a_network_learns_poisson_by_both_residuals(example, tmp_path):
    facts = example("examples", "physics_loss").main(["--size", "9", "--out", str(tmp_path)])
    errors = facts["errors"]
    assert errors["by_function"] < errors["scheme"] / 2
    assert abs(errors["by_samples"] / errors["scheme"] - 1) < 0.2
    assert abs(facts["order"] - 2) < 0.2
    assert all(losses[-1] < losses[0] / 100 for losses in facts["losses"].values())
    assert facts["figure"].stat().st_size > 10_000


def test_residuals_reach_the_weights_of_the_network(example):
    """The exact one as torch's own double reverse, that of samples as a product with the rows of the laplacian."""
    torch = pytest.importorskip("torch")
    module = example("examples", "physics_loss")
    problem, u = module.Poisson(6), module.Trial()
    x, y = (c.clone().requires_grad_() for c in problem.mesh)
    slopes = torch.autograd.grad(u(x, y).sum(), (x, y), create_graph=True)
    seconds = [
        torch.autograd.grad(s.sum(), c, create_graph=True)[0] for s, c in zip(slopes, (x, y), strict=True)
    ]
    rows = torch.as_tensor(problem.grid.laplacian.to_sparse().toarray())
    known = {"by_function": sum(seconds), "by_samples": (rows @ u(x, y).ravel()).reshape(6, 6)}
    for name, laplacian in known.items():
        residual = laplacian[1:-1, 1:-1] - problem.source
        found = getattr(problem, name)(u)
        assert torch.allclose(found, residual, rtol=0, atol=1e-11)
        weights = list(u.network.parameters())
        ours, theirs = (
            torch.autograd.grad((r**2).mean(), weights, retain_graph=True) for r in (found, residual)
        )
        assert all(torch.allclose(a, b, rtol=1e-9, atol=1e-9) for a, b in zip(ours, theirs, strict=True))

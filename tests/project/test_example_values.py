"""Examples beside numbers that are known from elsewhere."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")


def test_options_have_their_price_and_its_slopes(example, tmp_path):
    module = example("examples", "black_scholes")
    facts = module.main(["--size", "160", "--out", str(tmp_path)])
    assert all(abs(order - 2) < 0.15 for order in facts["orders"])
    assert facts["errors"][-1][0] < 1e-3
    assert facts["figure"].stat().st_size > 10_000
    price, delta, gamma = module.exact(np.array([100.0]))  # as tables have them
    assert np.allclose([price[0], delta[0], gamma[0]], [10.4506, 0.6368, 0.01876], atol=5e-5)

"""An option by the Black-Scholes equation on a stretched grid, beside the closed formula: its price, delta and gamma.

dV/dt = (sigma S)^2 / 2 d2V/dS2 + r S dV/dS - r V, with t the time to expiry. A call is worth nothing at S = 0. At the far
end it is S - K exp(-r t), so that S dV/dS - V = K exp(-r t): a Robin condition whose right-hand side changes at each step,
given at the call by its name, while the factors of the implicit step stay as they are. Steps are Crank and Nicolson's,
after two whose halves are Euler's (Rannacher), as the payoff has a kink.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from figures import COLOURS, page, plain, save
from helpers import check, observed_order, parse
from scipy.special import ndtr

import gridgrad as gg

STRIKE, RATE, VOLATILITY, EXPIRY, FAR = 100.0, 0.05, 0.2, 1.0, 400.0


def prices(points: int) -> gg.Grid:
    """Prices of the share, dense beside the strike, which lies midway between two of them."""
    width = STRIKE / 5
    low, high = np.arcsinh(-STRIKE / width), np.arcsinh((FAR - STRIKE) / width)
    step = (high - low) / points
    below = np.round(-low / step - 0.5) + 0.5  # steps from 0 to the strike
    xi = np.linspace(-below, points - below, points + 1) * -low / below
    S = STRIKE + width * np.sinh(xi)
    S[0] = 0.0
    far = gg.robin(-1.0, float(S[-1]), 0.0, name="discounted")
    return gg.Grid(S, boundary=(gg.value(0.0), far))


def owed(t: float) -> float:
    """The strike, discounted."""
    return STRIKE * np.exp(-RATE * t)


def valued(grid: gg.Grid, steps: int) -> np.ndarray:
    """The price of a call at `EXPIRY` before it expires."""
    S, half = grid.coordinates[0], EXPIRY / steps / 2
    drift = RATE * S * grid.derivative(0) - RATE * grid.identity
    A = (VOLATILITY * S) ** 2 / 2 * grid.derivative(0, order=2) + drift
    ahead, back = grid.identity + half * A, (grid.identity - half * A).solver()
    V = np.maximum(S - STRIKE, 0)
    for k in range(1, 5):
        V = back(V, discounted=owed(k * half))
    for k in range(4, 2 * steps, 2):
        V = back(ahead(V, discounted=owed(k * half)), discounted=owed((k + 2) * half))
    return V


def exact(S: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Price, delta and gamma by Black and Scholes (1973)."""
    spread = VOLATILITY * np.sqrt(EXPIRY)
    with np.errstate(divide="ignore"):
        d = (np.log(S / STRIKE) + (RATE + VOLATILITY**2 / 2) * EXPIRY) / spread
    density = np.exp(-(d**2) / 2) / np.sqrt(2 * np.pi)
    gamma = np.divide(density, S * spread, out=np.zeros_like(S), where=S > 0)
    return S * ndtr(d) - STRIKE * np.exp(-RATE * EXPIRY) * ndtr(d - spread), ndtr(d), gamma


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """The order of price, delta and gamma over three refinements; a figure."""
    arguments = parse("An option by the Black-Scholes equation", argv, 200, "steps between prices")
    sizes, errors = [arguments.size // part for part in (4, 2, 1)], []
    for points in sizes:
        grid = prices(points)
        V, S = valued(grid, points // 2), grid.coordinates[0]
        slopes = (grid.derivative(0, order=n)(V, discounted=owed(EXPIRY)) for n in (1, 2))
        found, wanted = (V, *slopes), exact(S)
        errors.append([float(abs(a - b)[1:].max()) for a, b in zip(found, wanted, strict=True)])
    orders = [observed_order(sizes, own) for own in zip(*errors, strict=True)]
    for name, order in zip(("price", "delta", "gamma"), orders, strict=True):
        check(f"distance of the order of the {name} from 2", abs(order - 2), 0.2)
    return {"errors": errors, "orders": orders, "figure": draw(S, found, wanted, arguments.out)}


def draw(S: np.ndarray, found: Sequence[np.ndarray], wanted: Sequence[np.ndarray], folder: Path) -> Path:
    """Price, delta and gamma, and points of the closed formula."""
    note = f"strike {STRIKE:.0f}, rate {RATE:.0%}, volatility {VOLATILITY:.0%}, a year to expiry"
    figure, axes = page("A call option on a stretched grid", note, 3)
    names = ("price", "delta, dV/dS", "gamma, d²V/dS²")
    for ax, name, own, closed in zip(axes[0], names, found, wanted, strict=True):
        ax.plot(S, own, color=COLOURS[0], label=f"{len(S)} prices")
        ax.plot(S[1::8], closed[1::8], ".", color=COLOURS[1], label="closed formula")
        ax.set_xlim(40, 180)
        plain(ax, name, "price of the share", "")
    axes[0, 0].set_ylim(-2, 85)
    return save(figure, folder, "black_scholes")


if __name__ == "__main__":
    main()

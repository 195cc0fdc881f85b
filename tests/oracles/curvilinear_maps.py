"""Smooth maps from indices to positions."""

import numpy as np


def polar(s, t):
    return (1 + s) * np.cos(2 * t), (1 + s) * np.sin(2 * t)


def sheared(s, t):
    return s + 0.5 * t, t + 0.2 * s


def sinusoidal(s, t):
    return s + 0.1 * np.sin(3 * t + s), t + 0.1 * np.sin(4 * s) * np.cos(t)


MAPS = {"polar": polar, "sheared": sheared, "sinusoidal": sinusoidal}


def positions(name, n, m=None):
    return MAPS[name](*np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, m or n + 1), indexing="ij"))


def solid(n):
    a, b, c = np.meshgrid(*(np.linspace(0, 1, n + k) for k in range(3)), indexing="ij")
    return a + 0.1 * np.sin(b + 2 * c), b + 0.1 * np.sin(2 * a) * c, c + 0.1 * np.cos(a * b)


def channel(n=24):
    s, t = np.meshgrid(np.arange(n) / n, np.linspace(0, 1, n + 1), indexing="ij")
    x, y = s + 0.05 * np.sin(2 * np.pi * s) * t, t + 0.1 * np.sin(2 * np.pi * s)
    return x, y, {"periodic": [True, False], "period": [1.0, None]}


def joined(f):
    return f if isinstance(f, np.ndarray) else np.stack([joined(part) for part in f])

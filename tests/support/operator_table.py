"""Operators on a grid of two axes, by name: what tests of prescribed values apply to fields that hold these."""

NORMS = ("size", "square")  # which are not linear


def operators_of(v, k):
    """With a velocity and a factor, fields of the grid."""
    return {
        "gradient": lambda g: g.gradient,
        "laplacian": lambda g: g.laplacian,
        "conservative": lambda g: g.laplacian.with_(form="conservative"),
        "wide": lambda g: g.laplacian.with_(form="wide"),
        "accuracy 4": lambda g: g.laplacian.with_(accuracy=4),
        "third": lambda g: g.derivative(1, order=3),
        "left": lambda g: g.derivative(0, side="left"),
        "advect": lambda g: g.advect((2.0, v)),
        "upwind": lambda g: g.advect((-1.0, v), upwind=2),
        "diffuse": lambda g: g.diffuse(k),
        "size": lambda g: g.gradient_norm,
        "square": lambda g: g.gradient_squared,
        "divergence": lambda g: g.divergence,
        "curl": lambda g: g.curl,
        "jacobian": lambda g: g.jacobian,
        "vector laplacian": lambda g: g.vector_laplacian,
        "identity": lambda g: g.identity,
        "multiply": lambda g: g.multiply(k),
        "number": lambda g: g.multiply(3.0),
        "step": lambda g: g.identity - 0.1 * g.laplacian,
        "vector step": lambda g: g.identity - 0.1 * g.vector_laplacian,
        "reaction": lambda g: k * g.laplacian - g.multiply(v) + g.derivative(0),
        "of a field": lambda g: g.laplacian @ g.multiply(k),
        "products": lambda g: g.identity - 0.1 * g.laplacian @ g.laplacian,
    }

"""Balls: the set of values that a correct implementation of a given precision may return.

The reference, run on balls instead of arrays, gives for every element a midpoint (the true value, in float64) and a
radius: how far an implementation may be from it that works at unit roundoff u, in any order of summation, fused or
not, with elementary functions accurate to a stated number of units. At a kink the radius covers the subdifferential.

    local errors, in units of u |result| unless said otherwise
    product, sum of two: 1 (0 where exact)          product + addend: 1, and 1 of each operand (folded, fused forms)
    sum of n: (n - 1) sum |terms|                   matmul: n sum |products|, n counting non-zero products
    sum + sum: one sum of all the terms             mean: (n + 1) sum |terms| / n + 1, never exact
    quotient 2, sqrt 2                              exp, expm1, log, log1p 8; tanh 10; erf 16 absolute
    exact terms on a common grid g with sum |terms| <= 2^p g: 0

Two sources: N. J. Higham, Accuracy and Stability of Numerical Algorithms, chapters 2 and 3; R. E. Moore, Interval
Analysis. A mask travels beside the ball: `any` says that nothing is required of an element.
"""

import numpy as np

from ...refimpl.operator import DTYPES
from ..arithmetic import WIDE, Arithmetic
from . import elementwise, sums  # noqa: F401  (they bring the rules)
from .core import Ball, ball_of, either

__all__ = ["WIDE", "Arithmetic", "Ball", "around", "forward", "gradient", "lift"]


def lift(array, arithmetic):
    """A ball from an input; what holds no floating-point numbers stays as it is."""
    if array is None or isinstance(array, Ball) or array.dtype not in DTYPES.values():
        return array
    return Ball.exact(array, arithmetic)


def forward(operator, inputs, attributes, arithmetic):
    """The reference's results on these inputs (arrays or balls): a tuple of balls."""
    arithmetic = _aware(arithmetic, inputs)
    with np.errstate(all="ignore"):
        return _tuple(operator.run(tuple(lift(x, arithmetic) for x in inputs), attributes), arithmetic)


def gradient(operator, inputs, attributes, cotangents, arithmetic):
    """The reference's gradients: a ball for each input, None where it has none."""
    arithmetic = _aware(arithmetic, (*inputs, *cotangents))
    dy = tuple(lift(x, arithmetic) for x in cotangents)
    with np.errstate(all="ignore"):
        arrays = tuple(lift(x, arithmetic) for x in inputs)
        return _tuple(operator.gradient.run(dy if len(dy) > 1 else dy[0], arrays, attributes), arithmetic)


def around(values, expected):
    """What a candidate returned, with how far it may be from the truth; unknown where it may overflow or is not finite.

    Reckoned on from here in float64: laws relate answers of a candidate to each other.
    """
    a, y = expected.arithmetic, np.asarray(values).astype(np.float64)
    size = np.abs(expected.m)
    r = np.where(size < a.low, np.maximum(expected.r, a.low), expected.r)
    unknown = either(expected.any, ~(size + r <= a.high) | ~np.isfinite(y))
    return Ball(np.where(np.isfinite(y), y, 0.0), r, WIDE, unknown)


def _aware(arithmetic, arrays):
    given = (x.m if isinstance(x, Ball) else x for x in arrays if x is not None and x.dtype.kind not in "iu")
    return arithmetic if all(np.isfinite(x.astype(np.float64)).all() for x in given) else arithmetic.aware


def _tuple(values, arithmetic):
    values = values if isinstance(values, tuple) else (values,)
    return tuple(None if v is None else ball_of(v, arithmetic) for v in values)

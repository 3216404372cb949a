"""Values: the regimes in which an array is filled, by its role, in bulk from a drawn seed.

Each regime makes another kind of mistake visible: exact integers show structure bit for bit, `cancel` shows one-pass
variances, `far` the tails, `wide` absolute errors, `sharp` coarse products.
"""

import math

import ml_dtypes
import numpy as np

from ..refimpl.operator import DTYPES, Array


def _sparse(rng, shape):
    return rng.standard_normal(shape) * (rng.random(shape) < 0.3)


def _special(rng, shape):
    pick, values = rng.random(shape), rng.standard_normal(shape)
    values = np.where(pick < 0.04, np.inf, np.where(pick < 0.08, -np.inf, np.where(pick < 0.11, np.nan, values)))
    some = rng.permutation(values.size)[:2]
    values.flat[some] = rng.permutation([np.nan, rng.choice([np.inf, -np.inf])])[: some.size]
    return np.where(np.isnan(values), np.copysign(values, rng.standard_normal(shape)), values)


def _log_uniform(low, high):
    return lambda rng, shape: 10.0 ** rng.uniform(low, high, shape) * rng.choice((-1.0, 1.0), shape)


REGIMES = {
    "integers": lambda rng, shape: rng.integers(-4, 5, shape).astype(float),
    "ties": lambda rng, shape: rng.choice((0.0, 0.5), shape),
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "positive": lambda rng, shape: np.abs(rng.standard_normal(shape)),
    "small": lambda rng, shape: rng.standard_normal(shape) * 1e-3,
    "big": lambda rng, shape: rng.standard_normal(shape) * 1e3,
    "cancel": lambda rng, shape: rng.standard_normal(shape) + 1e3,
    "far": lambda rng, shape: rng.standard_normal(shape) * 30,
    "wide": _log_uniform(-6, 6),
    "sparse": _sparse,
    "zeros": lambda rng, shape: np.zeros(shape),
    "tiny": lambda rng, shape: rng.standard_normal(shape) * 1e-38,
    "huge": lambda rng, shape: rng.standard_normal(shape) * 1e12,
    "near_max": _log_uniform(30, 38),
    "special": _special,
    "sharp": None,
    "sharp_cotangent": None,
}


LINE = "line"  # of large cases of elementwise operators


PLAIN = ("normal", "integers", "sharp", "sharp_cotangent")  # of other large cases


EXACT = ("integers", "ties", "zeros", "sharp", "sharp_cotangent")


_UNSCALED = (*EXACT, "wide", "sparse")


def _line(rng, shape, dtype):
    """Finite numbers from end to end, evenly among all that the dtype has: each of them, where there is room."""
    dtype = DTYPES[dtype]
    integer = f"u{dtype.itemsize}"
    several = int(ml_dtypes.finfo(dtype).max.view(integer)) + 1
    half = math.prod(shape) // 2 + 1
    ranks = (np.arange(half) + rng.random()) * max(several / half, 1.0) % several
    magnitudes = np.minimum(ranks.astype(np.uint64), several - 1).astype(integer).view(dtype).astype(np.float64)
    return np.concatenate([magnitudes, -magnitudes])[: math.prod(shape)].reshape(shape)


def _odd(rng, shape, dtype):
    """Odd integers of just more significant bits than half the significand: a coarser product cannot hold them."""
    bits = {"float64": 27, "float32": 13, "float16": 6, "bfloat16": 5}[dtype]
    return (2.0 * rng.integers(2 ** (bits - 2), 2 ** (bits - 1), shape) + 1) * rng.choice((-1.0, 1.0), shape)


def _signs(rng, shape):
    """Few enough along every axis that a sum of so many odd integers stays exact."""
    signs = rng.integers(-1, 2, shape).astype(float)
    longest = max(shape, default=0)
    return signs * (rng.random(shape) < 1000 / longest) if longest > 1000 else signs


def fill(rng, spec, shape, sizes, regime, dtype, scale, *, cotangent=False):
    """Values for one array: by its role, in a regime."""
    if spec.role in ("label", "length"):
        low = spec.low
        return rng.integers(low, low + max(sizes[spec.below], 1), shape)
    if spec.role == "probability":
        soft = rng.random(shape)
        values = np.round(soft) if rng.random() < 0.5 else soft
    elif regime == LINE:
        values = _line(rng, shape, dtype)
    elif spec.role == "variance":
        values = np.abs(_signs(rng, shape) if REGIMES[regime] is None else REGIMES[regime](rng, shape))
    elif regime in ("sharp", "sharp_cotangent"):
        wide = cotangent if regime == "sharp_cotangent" else spec.role in ("data", "state") and not cotangent
        values = _odd(rng, shape, dtype) if wide else _signs(rng, shape)
    elif spec.role == "weight" and (scale is not None or regime not in _UNSCALED):
        reach = math.sqrt(3) if scale is None else scale
        values = rng.uniform(-reach, reach, shape) / math.sqrt(_fan_in(spec, shape, sizes))
    elif spec.role == "state" and (pick := rng.random()) < 0.4 and (pick < 0.25 or regime not in EXACT):
        values = np.zeros(shape) if pick < 0.25 else rng.uniform(-30, 30, shape)
    else:
        values = REGIMES[regime](rng, shape)
    with np.errstate(over="ignore"):
        return np.asarray(values, np.float64).astype(DTYPES[dtype])


def _fan_in(spec, shape, sizes):
    if not spec.fan_in:
        return max(shape[-1], 1) if len(shape) > 1 else 1
    named = (sizes.get(name, 1) for name in spec.fan_in.replace("*", " ").split())
    return max(math.prod(math.prod(n) if isinstance(n, tuple) else n for n in named), 1)


COTANGENTS = ("normal", "integers", "one", "sparse", "wide", "ones")


def fill_cotangent(rng, shape, kind, regime, dtype):
    """Values for a cotangent, of a kind; sharp in the sharp regimes."""
    if regime in ("sharp", "sharp_cotangent"):
        return fill(rng, Array("", "data"), shape, {}, regime, dtype, None, cotangent=True)
    if kind == "one":
        values = np.zeros(shape)
        if values.size:
            values.flat[rng.integers(values.size)] = 1.0
    elif kind == "ones":
        values = np.ones(shape)
    else:
        values = REGIMES[kind](rng, shape)
    return np.asarray(values).astype(DTYPES[dtype])

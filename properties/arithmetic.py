"""How an implementation computes: unit roundoff, range, and what it declares about products, sums and algorithms."""

import functools
from dataclasses import dataclass, replace

import ml_dtypes
import numpy as np

from ..refimpl.operator import DTYPES, HALF


@dataclass(frozen=True, eq=False)
class Arithmetic:
    """How an implementation computes: unit roundoff of results (u) and of sums (ua), range, and what it declares."""

    dtype: np.dtype
    u: float
    ua: float
    digits: int
    eta: float  # absolute error of an underflow
    low: float  # results below it are judged to within it
    high: float  # results above it may be infinite
    largest: float  # of a sum
    product_digits: int = 0  # significand bits of a product's operands, where coarser than the dtype
    fast: bool = False  # Winograd or FFT
    tiny: float = 0.0  # inputs below it may be flushed to zero
    special: bool = False  # some input is not finite
    mean_value: bool = True

    @classmethod
    @functools.cache
    def of(cls, dtype, precision="", algorithm="direct", flushes=False):
        """The arithmetic of a dtype, and of what a candidate declares about it."""
        dtype = DTYPES[dtype] if isinstance(dtype, str) else dtype
        info = ml_dtypes.finfo(dtype)
        half = dtype in HALF
        tiny, largest = float(info.smallest_normal), float(info.max)
        digits = info.nmant + 1
        sums = digits if precision == dtype.name else max(digits, 24)
        return cls(
            dtype=dtype,
            u=2.0**-digits + 2.0**-53,
            ua=2.0**-sums + 2.0**-53,
            digits=sums,
            eta=tiny if flushes else float(info.smallest_subnormal),
            low=tiny if half else tiny * 2.0**10,
            high=largest / 2 if half else largest * 2.0**-10,
            largest=largest if sums == digits else float(ml_dtypes.finfo(np.float32).max),
            product_digits={"tf32": 11, "bfloat16": 8, "float16": 11}.get(precision, 0) if not half else 0,
            fast=algorithm == "fast",
            tiny=tiny if flushes else 0.0,
        )

    @functools.cached_property
    def plainly(self):
        """The same, while a slope is evaluated: operators run their text instead of the mean value form."""
        return replace(self, mean_value=False)

    @functools.cached_property
    def aware(self):
        """The same, where padding must be told from zeros."""
        return replace(self, special=True)

    def holds(self, values):
        """Where rounding to the dtype changes nothing."""
        if self.dtype == np.float64:
            return np.isfinite(values)
        return values.astype(self.dtype).astype(np.float64) == values

    def rounding(self, values, radii=0.0):
        """The error of rounding once to the dtype what lies within these radii of the values."""
        return np.where(self.holds(values) & (radii == 0), 0.0, self.u * (np.abs(values) + radii))


WIDE = Arithmetic.of("float64")


def grid(values):
    """The largest power of two that divides a value: infinity for 0."""
    fraction, exponent = np.frexp(values)
    whole = np.where(np.isfinite(values), fraction * 2.0**53, 1.0).astype(np.int64)
    return np.where(values == 0, np.inf, np.ldexp((whole & -whole).astype(np.float64), exponent - 53))

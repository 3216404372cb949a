"""Shrinking: a failing case made small enough that a person can check it by hand.

First the same stream of cases again, which Hypothesis shrinks, with that law and that kind of failure only; then
attributes at their simplest and axes cut by half; then the values made simple.
"""

import contextlib
import itertools
import math
import time

import numpy as np
from hypothesis import Phase
from hypothesis.errors import Flaky

from ..properties.case import put
from ..refimpl.operator import Array
from .asked import Asked

SHRINK_EVALUATIONS, SHRINK_SECONDS = 300, 5.0


class Shrink:
    """Looks for a smaller case that fails the same law in the same way, within a budget for the whole group."""

    def __init__(self, group):
        self.group = group
        self.left = SHRINK_EVALUATIONS
        self.deadline = time.perf_counter() + group.plan.shrink

    def fails(self, law, case, kind):
        """The violation, if the case alone fails in this way and nobody expects it."""
        self.left -= 1
        violation = law.violation(Asked(self.group.candidate, case, self.group.plan.witness))
        if violation is None or violation.kind != kind:
            return None
        group = self.group
        known = group.plan.expectations.matching(group.operator.name, law.name, group.dtype, case, violation)
        return None if known else violation

    @property
    def spent(self):
        return self.left <= 0 or time.perf_counter() > self.deadline

    def run(self, law, case, violation):
        kind = violation.kind
        if not self.fails(law, case, kind):
            return None
        best = [case, violation]

        def test(candidate):
            if self.spent:
                raise Enough
            found = self.fails(law, candidate, kind)
            if found:
                best[:] = _better(best, [candidate, found])
                raise _Same

        # a candidate that answers differently each time makes Hypothesis give up: what was found so far stands
        with contextlib.suppress(Enough, _Same, Flaky, ExceptionGroup):
            self.group.stream(test, [Phase.generate, Phase.shrink])
        return self.simplify(law, *best)

    def cut(self, law, case, violation):
        """One attribute after the other at its simplest, half of an axis after the other taken away."""
        improved = True
        while improved and not self.spent:
            improved = False
            for smaller in smaller_calls(case):
                if self.spent:
                    break
                if found := self.fails(law, smaller, violation.kind):
                    case, violation, improved = smaller, found, True
                    break
        return case, violation

    def simplify(self, law, case, violation):
        """Values made legible: zeros, ones, signs, whole numbers, powers of two; then half of them after the other."""
        case, violation = self.cut(law, case, violation)
        improved = True
        while improved and not self.spent:
            improved = False
            for i, array in enumerate(case.arrays):
                for simpler in _simpler(array):
                    if self.spent:
                        break
                    trial = case.with_arrays(put(case.arrays, i, simpler))
                    trial = trial.contiguous if violation.kind == "value" else trial
                    if found := self.fails(law, trial, violation.kind):
                        case, violation, improved = trial, found, True
                        break
        laid = any(layout != "contiguous" for layout in case.layouts)
        if laid and (found := self.fails(law, case.contiguous, violation.kind)):
            case, violation = case.contiguous, found
        return case, violation


class Enough(BaseException):
    """Ends a stream of cases early."""


class _Same(Exception):
    """The failure that is being shrunk."""


def smaller_calls(case):
    """The case with one attribute at its simplest, or half of what one name stands for, where that may be called."""
    for arrays, attributes in _reductions(case):
        whole = case.with_arrays([None if a is None else a.copy() for a in arrays])
        if smaller := whole.varied(whole.inputs, {**case.attributes, **attributes}, np.resize):
            yield smaller


def _reductions(case):
    """Arrays and attributes of each."""
    operator = case.operator
    _, _, sizes = operator.admit(case.inputs, case.attributes)
    specs = [operator.declared(i).axes for i in range(len(case.inputs))]
    specs += [result.axes for result in operator.results.values()]
    arrays = {name: v for name, v in case.attributes.items() if isinstance(v, np.ndarray)}
    for name, spec in operator.attributes.items():
        plain = None if isinstance(spec, Array) else operator.defaults.get(name, spec.edges[0])
        if name in arrays or case.attributes[name] != plain:
            yield case.arrays, {name: plain}
    for name, size in sizes.items():
        for place, n in enumerate(size if isinstance(size, tuple) else (size,)):
            for half in (slice(0, n // 2), slice(n // 2, n)) if n > 1 else ():
                cut = [_cut(a, axes, sizes, name, place, half) for axes, a in zip(specs, case.arrays, strict=True)]
                of = {k: _cut(v, operator.attributes[k].axes, sizes, name, place, half) for k, v in arrays.items()}
                if any(a is not b for a, b in zip(cut, case.inputs, strict=False)):
                    yield cut, of


def _cut(array, axes, sizes, name, place, half):
    """The array with this half of a name's size: of `*name` along the axis at this place."""
    at = 0
    for axis in axes if array is not None else ():
        if axis.many:
            array = array[(slice(None),) * (at + place) + (half,)] if axis.many == name else array
        elif name in axis.factors and not axis.unknown(sizes):
            shape, factors = array.shape, [int(f) if f.isdigit() else sizes[f] for f in axis.factors]
            wide = array.reshape(*shape[:at], *factors, *shape[at + 1 :])
            wide = wide[(slice(None),) * (at + axis.factors.index(name)) + (half,)]
            array = wide.reshape(*shape[:at], shape[at] // sizes[name] * (half.stop - half.start), *shape[at + 1 :])
        at += array.ndim - len(axes) + 1 if axis.many else 1
    return array


def _size(case):
    return sum(a.size for a in case.arrays if a is not None)


def _better(old, new):
    """The smaller case; of equal ones the larger error, since shrunk floats tend to lie just above the bound."""
    ratio = [pair[1].worst.ratio if pair[1].worst else math.inf for pair in (old, new)]
    return new if (_size(new[0]), -ratio[1]) <= (_size(old[0]), -ratio[0]) else old


def _simpler(array):
    """Simpler arrays of the same shape, the simplest first; each differs from the array."""
    if array is None or not array.size or array.dtype.kind in "iu":
        return
    wide = array.astype(np.float64)
    finite = np.isfinite(wide)
    cost = _complexity(wide)
    whole = [np.zeros_like(wide), np.ones_like(wide), np.sign(wide), np.trunc(wide), _nearest_power(wide)]
    for values in itertools.chain(whole, _pieces(wide)):
        values = np.where(finite | (values == 0) | (values == 1), values, wide)
        with np.errstate(over="ignore"):
            simpler = values.astype(array.dtype)
        if _complexity(simpler.astype(np.float64)) < cost:
            yield simpler


def _pieces(values):
    """The values with one half of them zeros or ones, one quarter, and so on; a hundredth of many is fine enough."""
    length = values.size
    while length > max(1, values.size // 100):
        length = -(-length // 2)
        for start in range(0, values.size, length):
            for value in (0.0, 1.0):
                piece = values.copy()
                piece.reshape(-1)[start : start + length] = value
                yield piece


def _nearest_power(values):
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(values == 0, 0.0, np.sign(values) * 2.0 ** np.round(np.log2(np.abs(values))))


def _complexity(values):
    """How much there is to read: nothing for 0, little for 1, whole numbers and powers of two."""
    fraction, _ = np.frexp(values)
    score = np.select(
        [
            values == 0,
            values == 1,
            values == -1,
            (values == np.trunc(values)) & (np.abs(values) < 100),
            np.abs(fraction) == 0.5,
        ],
        [0.0, 1.0, 2.0, 3.0, 4.0],
        8.0,
    )
    return float(score.sum())

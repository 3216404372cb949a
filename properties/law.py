"""A law: a sentence that is true of every correct implementation, and the function that judges it on one case.

    @law(affine_in_some_array, needs="gradient")
    def adjoint(asked):
        \"\"\"<dy, f(x) - f(0)> = <f'(x)^T dy, x> where f is affine in x.\"\"\"

The function gets an `Asked`: the candidate seen through one case. It returns the `Worst` comparison that it made, None
where it has nothing to judge on this case, or raises `Violation`. It never mentions a tolerance: `agree` compares
with a ball, `identical` compares bits.
"""

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import ml_dtypes
import numpy as np

from ..refimpl.operator import DTYPES, Operator
from .ball import WIDE, Ball, around


@dataclass(frozen=True)
class Worst:
    """The element that came nearest to its bound."""

    error: float = 0.0
    bound: float = 0.0
    ratio: float = 0.0


EXACT = Worst()


class Violation(Exception):
    """A law fails on a case. `kind` is value, shape, dtype, type, exception, mutation, aliasing or acceptance."""

    def __init__(self, kind, message, *, place="", expected=None, got=None, worst=None, call=None, asked="", trace=""):
        super().__init__(message)
        self.kind, self.message, self.place = kind, message, place
        self.expected, self.got, self.worst = expected, got, worst
        self.call = call  # the call at fault, as a case, where it is not the case itself
        self.asked = asked  # forward or gradient, where the question at fault is not the one that the law needs
        self.trace = trace  # the candidate's own traceback

    def __reduce__(self):
        return Violation, (self.kind, self.message), self.__dict__


@dataclass(frozen=True)
class Law:
    """`own`: registered for named operators, not for all that a fact holds for. `compares`: with reference values."""

    name: str
    sentence: str
    judge: Callable[..., Any]
    applies: Callable[[Operator], bool]
    needs: str
    every: int
    own: bool
    compares: bool

    def concerns(self, operator):
        return self.applies(operator) and (self.needs != "gradient" or operator.gradient is not None)

    def violation(self, asked):
        """What breaks the law there; None where it is kept."""
        try:
            self.judge(asked)
        except Violation as violation:
            return violation
        return None


registry: dict[str, Law] = {}


def law(*targets, needs="forward", every=1, compares=False):
    """Register a law of some operators, or of all that a declared fact holds for.

    targets: operators, or one predicate on operators; none: every operator. `needs` is "forward" or "gradient": what
    the candidate must offer. `every`: it is judged on one case of so many, where it asks for many evaluations.
    `compares`: it holds the candidate against the reference's values, and is not one of the laws alone.
    """

    def register(function):
        own = bool(targets) and isinstance(targets[0], Operator)
        if own:
            applies = lambda operator: operator in targets  # noqa: E731
        else:
            applies = targets[0] if targets else lambda operator: True
        sentence = " ".join((function.__doc__ or "").split())
        if not sentence:
            raise TypeError(f"{function.__name__}: a law needs a sentence")
        known = registry.get(function.__name__)
        if known and known.judge.__module__ != function.__module__:
            raise TypeError(f"{function.__name__}: {known.judge.__module__} has a law of this name")
        registry[function.__name__] = Law(function.__name__, sentence, function, applies, needs, every, own, compares)
        return function

    return register


def agree(ball, value, name):
    """Every element lies within its ball; the worst one, or a Violation that shows it."""
    ratio, error, bound = ball.agreement(value)
    if ratio.size == 0:
        return EXACT
    score = np.where(np.isnan(ratio), np.inf, ratio)
    index = np.unravel_index(np.argmax(score), score.shape)
    worst = Worst(float(error[index]), float(bound[index]), float(score[index]))
    if worst.ratio > 1 + 1e-9:
        place, got, expected = _place(name, index), float(np.asarray(value)[index]), float(ball.m[index])
        message = f"{place} is {got!r}, expected {expected!r}"
        raise Violation("value", message, place=place, expected=expected, got=got, worst=worst)
    return worst


def meet(name, left, right):
    """Two balls have a point in common, in every element in which both are known; the worst, or a Violation."""
    apart = left - right
    return agree(Ball(np.zeros(apart.shape), apart.r, apart.arithmetic, apart.any), apart.m, name)


def call(asked, *inputs, operator=None, cotangents=(), **attributes):
    """The candidate on another call: other inputs in plain layouts, the case's attributes or others.

    `operator`: another one, which then has its default attributes and those given.
    """
    case = asked.case
    kept = case.attributes if operator is None else operator.defaults
    inputs, cotangents = (tuple(a if a is None else np.asarray(a) for a in part) for part in (inputs, cotangents))
    return asked.on(
        replace(
            case,
            operator=operator or case.operator,
            inputs=inputs,
            cotangents=cotangents,
            attributes={**kept, **attributes},
            layouts=("contiguous",) * (len(inputs) + len(cotangents)),
        )
    )


def same(name, asked, other, here=..., there=...):
    """Another call answers the same question, or a part of it: the two answers lie in one ball."""
    seen, value = asked.seen[0][here], other.forward[0][there]
    if asked.arithmetic.fast:  # there an error depends on the neighbours, which are others
        return meet(name, seen, other.seen[0][there])
    return meet(name, seen, around(value, asked.expected[0][here]))


def gives(name, asked, value, result=0):
    """A result is what the definition gives, within its radius, and a number wherever one must be."""
    expected = asked.expected[result]
    value = np.broadcast_to(np.asarray(value, np.float64), expected.shape)
    with blaming(asked):
        return agree(Ball(value, expected.r, expected.arithmetic, expected.any), asked.forward[result], name)


def gives_gradient(name, asked, value, which):
    """The gradient with regard to an input likewise; a value of NaN stands for a place that is not judged."""
    expected, value = asked.expected_gradient[which], np.asarray(value, np.float64)
    free = np.isnan(value) if expected.any is None else np.isnan(value) | expected.any
    return agree(Ball(value, expected.r, expected.arithmetic, free), asked.vjp[which], name)


@contextlib.contextmanager
def blaming(other, question="forward"):
    """What is found inside is the fault of this other call, and shown as that."""
    try:
        yield
    except Violation as fault:
        fault.call, fault.asked = other.case, question
        raise


def exact(array):
    """Given numbers, for reckoning on in float64."""
    return Ball.exact(array, WIDE)


def generator(asked):
    """The law's own random choices: the same for the same case."""
    return np.random.Generator(np.random.SFC64(asked.case.seed))


def small_power(asked):
    """A power of two, down to the cube root of the least normal number: products with it are exact."""
    least = math.frexp(float(ml_dtypes.finfo(DTYPES[asked.case.dtype]).smallest_normal))[1]
    return 2.0 ** int(generator(asked).integers(least // 3, 1))


def picked(asked, count):
    """Some of so many samples, at least one, in another order."""
    rng = generator(asked)
    return rng.permutation(count)[: 1 + rng.integers(count)]


def identical(name, a, b, message):
    """Two answers are the same bit for bit."""
    if a is None or b is None or a.shape != b.shape or a.dtype != b.dtype:
        if a is None and b is None:
            return EXACT
        raise Violation("shape", f"{name}: {message}", place=name, expected=_form(a), got=_form(b))
    differ = (_bits(a) != _bits(b)) & ~(np.isnan(a) & np.isnan(b)).reshape(-1)  # NaN has many bit patterns
    if differ.any():
        index = np.unravel_index(np.flatnonzero(differ)[0], a.shape)
        raise Violation("value", f"{(place := _place(name, index))}: {message}", place=place,
                        expected=float(a[index]), got=float(b[index]))  # fmt: skip
    return EXACT


def _form(array):
    return None if array is None else f"{array.dtype.name} array of shape {array.shape}"


def _bits(array):
    return np.ascontiguousarray(array).reshape(-1).view(f"u{array.dtype.itemsize}")


def _place(name, index):
    return name + (f"[{', '.join(str(int(i)) for i in index)}]" if index else "")


def worst(comparisons):
    """The one nearest to its bound; None where nothing was compared."""
    return max((c for c in comparisons if c is not None), key=lambda c: c.ratio, default=None)

"""The ball itself: midpoint, radius and masks, what computing one settles, and NumPy's structural functions on it."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ...refimpl.operator import Gradient, Operator
from ..arithmetic import grid

# the rule of each ufunc and function of NumPy, and of the vocabulary's own words, that has one
RULES: dict[Any, Callable[..., Any]] = {}


@dataclass(frozen=True)
class Terms:
    """A sum that may still grow: sum of |terms|, their number, the grid of all of them (0: none), propagated radius."""

    total: np.ndarray
    count: np.ndarray
    grid: np.ndarray
    radius: np.ndarray
    products: bool

    def each(self, function):
        return Terms(*(function(getattr(self, name)) for name in Terms.fields), self.products)

    fields = ("total", "count", "grid", "radius")


class Ball(NDArrayOperatorsMixin):
    """Midpoints m and radii r >= 0, float64 arrays of one shape, under an arithmetic.

    Masks, None where nowhere set: `any`, nothing is required of the element; `over`, computing it may have overflowed;
    `void`, it stands for padding. `terms` is there while the ball is a sum, `product` says that it came out of a
    multiplication or division.
    """

    __slots__ = ("any", "arithmetic", "m", "over", "product", "r", "terms", "void")

    def __init__(self, m, r, arithmetic, any=None, over=None, void=None, terms=None, product=False):
        self.m, self.r, self.arithmetic = m, r, arithmetic
        self.any, self.over, self.void, self.terms, self.product = any, over, void, terms, product

    @classmethod
    def exact(cls, array, arithmetic):
        """An input: exact, but for what the implementation may flush to zero."""
        m = np.asarray(array, np.float64)
        if not arithmetic.tiny:
            return cls(m, np.zeros(m.shape), arithmetic)
        return cls(m, np.where(np.abs(m) < arithmetic.tiny, np.abs(m), 0.0), arithmetic)

    shape = property(lambda self: self.m.shape)
    ndim = property(lambda self: self.m.ndim)
    size = property(lambda self: self.m.size)
    dtype = property(lambda self: self.m.dtype)
    T = property(lambda self: self.each(np.transpose))

    def __len__(self):
        return len(self.m)

    def __getitem__(self, place):
        return self.each(lambda part: part[place])

    def each(self, function):
        """The same structural function on every component."""
        masks = (None if mask is None else function(mask) for mask in (self.any, self.over, self.void))
        terms = self.terms and self.terms.each(function)
        return Ball(function(self.m), function(self.r), self.arithmetic, *masks, terms, self.product)

    def as_terms(self):
        """The terms of the sum that the ball is, or itself as the only one."""
        if self.terms is not None:
            return self.terms
        exact, total = self.r == 0, np.abs(self.m) + self.r
        step = np.where(exact, grid(self.m), 0.0) if exact.any() else np.zeros(self.shape)
        return Terms(total, (total > 0).astype(float), step, self.r, False)

    def __repr__(self):
        return f"Ball({self.m!r} +- {self.r!r})"

    def _refuse(self, *_, **__):
        raise TypeError("a ball is neither an array nor a number: the text left the vocabulary")

    __array__ = __bool__ = __float__ = __int__ = __index__ = _refuse

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        rule = RULES.get(ufunc)
        if rule is None or method != "__call__" or out is not None or options:
            raise TypeError(f"no rule for {ufunc.__name__} ({method}) on balls")
        return rule(*[x if type(x) is Ball else ball_of(x, self.arithmetic) for x in inputs])

    def __array_function__(self, function, types, arguments, options):
        if isinstance(function, Operator):
            ball = arguments[0]
            if function.elementwise and self.arithmetic.mean_value and np.any(ball.r):
                return _mean_value(function, ball, options)
            return function.run(arguments, options)
        if isinstance(function, Gradient):
            return function.run(arguments[0], arguments[1:], options)
        if function not in RULES:
            raise TypeError(f"no rule for {function.__name__} on balls")
        return RULES[function](*arguments, **options)

    def agreement(self, values):
        """|values - m| / r for each element, its numerator and its denominator; NaN or infinity where none may be."""
        y, a = np.asarray(values).astype(np.float64), self.arithmetic
        r = np.where(np.abs(self.m) < a.low, np.maximum(self.r, a.low), self.r)
        error = np.abs(y - self.m)
        if (error <= r).all():  # numbers all of them, as mostly
            ratio = error / np.where(r > 0, r, 1.0)
        else:
            error = np.where((y == self.m) | np.isnan(y) & np.isnan(self.m), 0.0, error)
            ratio = np.where(error == 0, 0.0, error / np.where(r > 0, r, 1.0) + np.where(r > 0, 0.0, np.inf))
            over = np.isinf(y) & (np.abs(self.m) + r > a.high)
            infinite = over & ((np.sign(y) == np.sign(self.m)) | (r >= np.abs(self.m)))
            missing = np.where(np.isnan(y), 0.0, np.inf)
            ratio = np.where(np.isnan(self.m), missing, np.where(np.isnan(y), np.inf, np.where(infinite, 0.0, ratio)))
        return ratio if self.any is None else np.where(self.any, 0.0, ratio), error, r


def ball_of(value, arithmetic):
    """A constant of the text: exact where it has few bits and the dtype holds it, else rounded once."""
    if isinstance(value, Ball):
        return value
    if type(value) in (int, float):
        return _number(value, arithmetic)
    return _constant(value, arithmetic)


@functools.lru_cache(1024)
def _number(value, arithmetic):
    return _constant(value, arithmetic)


def _constant(value, arithmetic):
    m = np.asarray(value, np.float64)
    short = m.astype(np.float32).astype(np.float64) == m
    r = np.where((short & arithmetic.holds(m)) | ~np.isfinite(m), 0.0, arithmetic.u * np.abs(m))
    return Ball(m, r, arithmetic)


def either(*masks):
    """Where any of the masks is set; None is nowhere."""
    found = None
    for mask in masks:
        if mask is not None:
            found = mask if found is None else found | mask
    return found


def unknown_of(*balls):
    """Where nothing is required of what is computed from these elements."""
    found = None
    for x in balls:
        if x.any is not None or x.over is not None:
            found = either(found, x.any, x.over)
    return found


def settled(m, r, arithmetic, unknown, nan, inf, **facts):
    """A computed ball. nan() and inf() say where the operands held NaN and infinities: what appears elsewhere, like
    what was unknown or has no bound, is required of nobody. At NaN and infinity the radius is 0.
    """
    size = np.abs(m) + r
    if size.shape != m.shape:
        r = np.broadcast_to(r, m.shape)
    if not (peak := np.maximum.reduce(size, axis=None, initial=0.0)) <= arithmetic.high:
        finite, bounded = np.isfinite(m), np.isfinite(r)
        if not peak < np.inf:
            created = np.isnan(m) & ~nan() | np.isinf(m) & ~inf() if not finite.all() else None
            unknown = either(unknown, created, finite & ~bounded)
            r = np.where(finite & bounded, r, 0.0)
        facts["over"] = finite & (np.abs(m) + r > arithmetic.high)
    if unknown is not None and unknown.shape != m.shape:
        unknown = np.broadcast_to(unknown, m.shape)
    return Ball(m, r, arithmetic, unknown, **facts)


def element(m, r, operands, unknown=None, **facts):
    """The result of an elementwise operation on balls."""
    return settled(
        m,
        r,
        operands[0].arithmetic,
        either(unknown, unknown_of(*operands)),
        lambda: functools.reduce(np.logical_or, [np.isnan(x.m) for x in operands]),
        lambda: functools.reduce(np.logical_or, [~np.isfinite(x.m) for x in operands]),
        **facts,
    )


def _zeros_like(x, shape=None):
    m = np.zeros(x.shape if shape is None else shape)
    return Ball(m, m, x.arithmetic)


def _where(condition, a, b):
    if isinstance(condition, Ball):
        raise TypeError("a condition on data: use heaviside, maximum, minimum or winners")
    balls = [ball_of(x, next(y for y in (a, b) if isinstance(y, Ball)).arithmetic) for x in (a, b)]
    return joined(lambda pair: np.where(condition, *pair), balls)


def _mean_value(operator, ball, attributes):
    """f(midpoint) + sup |f'| r: the mean value theorem, f' being the operator's own gradient run on the ball."""
    a = ball.arithmetic
    value = operator.run((Ball(ball.m, np.zeros(ball.shape), a, ball.any, ball.over),), attributes)
    inner = a.plainly
    one = Ball(np.ones(ball.shape), np.zeros(ball.shape), inner)
    (slope,) = operator.gradient.run(one, (Ball(ball.m, ball.r, inner, ball.any),), attributes)
    spread = ball.r > 0
    reach = np.where(spread, (np.abs(slope.m) + slope.r) * ball.r, 0.0)
    known = lambda: np.ones(ball.shape, bool)  # noqa: E731
    unknown = either(value.any, None if slope.any is None else slope.any & spread, value.over)
    return settled(value.m, value.r + reach, a, unknown, known, known, product=value.product)


def joined(function, values, *places, **options):
    """One ball from several, component by component."""
    a = next(x for x in values if isinstance(x, Ball)).arithmetic
    balls = [ball_of(x, a) for x in values]

    def join(components):
        return function(list(components), *places, **options)

    def mask(name):
        masks = [getattr(x, name) for x in balls]
        if all(mask is None for mask in masks):
            return None
        return join(np.zeros(x.shape, bool) if mask is None else mask for x, mask in zip(balls, masks, strict=True))

    terms = None
    if any(x.terms is not None for x in balls):
        sums = [x.as_terms() for x in balls]
        parts = (join(getattr(t, name) for t in sums) for name in Terms.fields)
        terms = Terms(*parts, any(t.products for t in sums))
    m, r = join(x.m for x in balls), join(x.r for x in balls)
    return Ball(m, r, a, mask("any"), mask("over"), mask("void"), terms, any(x.product for x in balls))


def _split(ball, sections, axis=0):
    width = ball.shape[axis] // sections
    before = (slice(None),) * (axis % ball.ndim)
    return [ball[(*before, slice(i * width, (i + 1) * width))] for i in range(sections)]


def _structural(function):
    return lambda ball, *arguments, **options: ball.each(lambda part: function(part, *arguments, **options))


STRUCTURAL = (
    np.reshape, np.transpose, np.moveaxis, np.swapaxes, np.expand_dims, np.squeeze, np.broadcast_to, np.flip,
    np.lib.stride_tricks.sliding_window_view,
)  # fmt: skip
RULES.update({function: _structural(function) for function in STRUCTURAL})
RULES.update({function: functools.partial(joined, function) for function in (np.concatenate, np.stack)})
RULES.update({np.split: _split, np.where: _where, np.zeros_like: _zeros_like})

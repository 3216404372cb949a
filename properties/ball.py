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

import functools
from dataclasses import dataclass

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from scipy.special import erf

from ..refimpl import words
from ..refimpl.operator import DTYPES, Gradient, Operator
from .arithmetic import WIDE, Arithmetic, grid

__all__ = ["WIDE", "Arithmetic", "Ball", "around", "forward", "gradient", "lift"]

EXP_UNITS, TANH_UNITS, ERF_UNITS, QUOTIENT_UNITS, ROOT_UNITS = 8, 10, 16, 2, 2
FAST_UNITS = 128  # Winograd and FFT, in units of the neighbourhood's norm


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

    def __repr__(self):
        return f"Ball({self.m!r} +- {self.r!r})"

    def _refuse(self, *_, **__):
        raise TypeError("a ball is neither an array nor a number: the text left the vocabulary")

    __array__ = __bool__ = __float__ = __int__ = __index__ = _refuse

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        rule = _UFUNCS.get(ufunc)
        if rule is None or method != "__call__" or out is not None or options:
            raise TypeError(f"no rule for {ufunc.__name__} ({method}) on balls")
        return rule(*[x if type(x) is Ball else _ball(x, self.arithmetic) for x in inputs])

    def __array_function__(self, function, types, arguments, options):
        if isinstance(function, Operator):
            ball = arguments[0]
            if function.elementwise and self.arithmetic.mean_value and np.any(ball.r):
                return _mean_value(function, ball, options)
            return function.run(arguments, options)
        if isinstance(function, Gradient):
            return function.run(arguments[0], arguments[1:], options)
        if function in _STRUCTURAL:
            return self.each(lambda part: function(part, *arguments[1:], **options))
        if function in _JOINING:
            return _joined(function, arguments[0], *arguments[1:], **options)
        if function not in _FUNCTIONS:
            raise TypeError(f"no rule for {function.__name__} on balls")
        return _FUNCTIONS[function](*arguments, **options)

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


# --- how elements come about -------------------------------------------------------------------------------------


def _ball(value, arithmetic):
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


def _either(*masks):
    """Where any of the masks is set; None is nowhere."""
    found = None
    for mask in masks:
        if mask is not None:
            found = mask if found is None else found | mask
    return found


def _unknown(*balls):
    """Where nothing is required of what is computed from these elements."""
    found = None
    for x in balls:
        if x.any is not None or x.over is not None:
            found = _either(found, x.any, x.over)
    return found


def _settled(m, r, arithmetic, unknown, nan, inf, **facts):
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
            unknown = _either(unknown, created, finite & ~bounded)
            r = np.where(finite & bounded, r, 0.0)
        facts["over"] = finite & (np.abs(m) + r > arithmetic.high)
    if unknown is not None and unknown.shape != m.shape:
        unknown = np.broadcast_to(unknown, m.shape)
    return Ball(m, r, arithmetic, unknown, **facts)


def _element(m, r, operands, unknown=None, **facts):
    """The result of an elementwise operation on balls."""
    return _settled(
        m,
        r,
        operands[0].arithmetic,
        _either(unknown, _unknown(*operands)),
        lambda: functools.reduce(np.logical_or, [np.isnan(x.m) for x in operands]),
        lambda: functools.reduce(np.logical_or, [~np.isfinite(x.m) for x in operands]),
        **facts,
    )


def _terms(ball):
    if ball.terms is not None:
        return ball.terms
    exact, total = ball.r == 0, np.abs(ball.m) + ball.r
    step = np.where(exact, grid(ball.m), 0.0) if exact.any() else np.zeros(ball.shape)
    return Terms(total, (total > 0).astype(float), step, ball.r, False)


def _carried(ball, terms):
    """The radius with which a sum goes on: half types may round it before."""
    rounds = ball.terms is not None and ball.arithmetic.ua < ball.arithmetic.u
    return terms.radius + ball.arithmetic.rounding(ball.m, terms.radius) if rounds else terms.radius


def _summed(m, terms, a, unknown, nan, inf):
    """A ball from the terms of its sum."""
    if not np.maximum.reduce(terms.total, axis=None, initial=0.0) <= a.largest:  # mostly it is, and m finite
        terms = terms.each(lambda part: np.where(np.isfinite(m), part, 0.0))
        unknown = _either(unknown, terms.total > a.largest)
    count = terms.count if terms.products else np.maximum(terms.count - 1, 0)
    step = np.where(terms.grid >= a.eta, terms.grid, 0.0)
    inexact = terms.total > step * 2.0**a.digits
    error = count * (a.ua * terms.total + a.eta)
    r = terms.radius + (error if a.fast else error * inexact)
    if a.ua < a.u:
        r = r + a.rounding(m, r)
    return _settled(m, r, a, unknown, nan, inf, terms=terms)


def _add(a, b, sign=1):
    m = a.m + b.m if sign > 0 else a.m - b.m
    if a.terms is not None or b.terms is not None:
        p, q = _terms(a), _terms(b)
        radius, products = _carried(a, p) + _carried(b, q), p.products or q.products
        merged = Terms(p.total + q.total, p.count + q.count, np.minimum(p.grid, q.grid), radius, products)
        nan, inf = (lambda: np.isnan(a.m) | np.isnan(b.m)), (lambda: ~np.isfinite(a.m) | ~np.isfinite(b.m))
        return _summed(m, merged, a.arithmetic, _unknown(a, b), nan, inf)
    arithmetic, r = a.arithmetic, a.r + b.r
    local = arithmetic.u * (np.abs(m) + r)
    if a.product or b.product:
        local = local + arithmetic.u * (np.abs(a.m) + np.abs(b.m) + r)
    exact = r == 0
    if exact.any():
        back = m - a.m
        lost = (a.m - (m - back)) + ((b.m if sign > 0 else -b.m) - back)
        local = np.where(exact & (lost == 0) & arithmetic.holds(m), 0.0, local)
    return _element(m, r + local, (a, b))


def _negative(a):
    return Ball(-a.m, a.r, a.arithmetic, a.any, a.over, a.void, a.terms, a.product)


def _split_significand(x):
    high = x * 134217729.0
    high = high - (high - x)
    return high, x - high


def _exact_product(a, b, m, arithmetic):
    """Where a product of two numbers of the dtype is one itself (Dekker's error-free product in float64)."""
    if arithmetic.dtype != np.float64:
        return arithmetic.holds(m)
    (p, q), (s, t) = _split_significand(a), _split_significand(b)
    lost = ((p * s - m) + p * t + q * s) + q * t
    return (a == 0) | (b == 0) | ((lost == 0) & (np.abs(m) > 2.0**-900))


def _multiply(a, b):
    m, arithmetic = a.m * b.m, a.arithmetic
    r = np.abs(a.m) * b.r + np.abs(b.m) * a.r + a.r * b.r
    local = arithmetic.u * (np.abs(m) + r) + arithmetic.eta
    exact = (a.r == 0) & (b.r == 0)
    if exact.any():
        local = np.where(exact & _exact_product(a.m, b.m, m, arithmetic), 0.0, local)
    r = r + local if m.all() else np.where((m == 0) & (r == 0), 0.0, r + local)
    return _element(m, r, (a, b), product=True)


def _divide(a, b):
    m, arithmetic = a.m / b.m, a.arithmetic
    r = np.maximum((a.r + np.abs(m) * b.r) / (np.abs(b.m) - b.r), 0.0)
    local = QUOTIENT_UNITS * arithmetic.u * (np.abs(m) + r) + arithmetic.eta
    powers = np.abs(np.frexp(b.m)[0]) == 0.5
    if powers.any():
        local = np.where(powers & (b.r == 0) & arithmetic.holds(m), 0.0, local)
    r = _vanish(m, np.where((m == 0) & (a.r == 0), 0.0, r + local), arithmetic)
    return _element(m, r, (a, b), np.abs(b.m) <= b.r, product=True)


def _vanish(m, r, arithmetic):
    """Functions and quotients may flush to zero near the bottom of the range."""
    small = (np.abs(m) < arithmetic.low) & (m != 0)
    return np.where(small, np.maximum(r, np.abs(m)), r) if small.any() else r


def _function(units, exact_at, value, spread):
    """The rule of an elementary function: the spread of its values over the ball, and units of local error."""

    def rule(a):
        m = value(a.m)
        r = np.where(a.r > 0, spread(a.m, a.r, m), 0.0) if a.r.any() else a.r
        local = units * a.arithmetic.u * (np.abs(m) + r) + a.arithmetic.eta
        local = np.where((a.r == 0) & ((a.m == exact_at) | np.isinf(a.m)), 0.0, local)
        return _element(m, _vanish(m, r + local, a.arithmetic), (a,))

    return rule


def _exp_spread(x, r, y):
    near = np.exp(x) * np.expm1(np.minimum(r, 1.0))
    return near if r.max(initial=0.0) <= 0.5 else np.where(r <= 0.5, near, np.exp(x + r) - np.exp(x))


def _log_spread(x, r, y):
    return np.where(r < x, -np.log1p(-r / x), np.inf)


def _nearest_zero(x, r):
    return np.maximum(np.abs(x) - r, 0.0)


def _tanh_spread(x, r, y):
    near = np.tanh(_nearest_zero(x, r))
    return r * (1 - near * near)


def _sqrt(a):
    m = np.sqrt(a.m)
    r = np.where(a.r > 0, np.maximum(np.sqrt(a.m + a.r) - m, m - np.sqrt(np.maximum(a.m - a.r, 0.0))), 0.0)
    return _element(m, r + ROOT_UNITS * a.arithmetic.u * (m + r), (a,))


def _erf(a):
    near = _nearest_zero(a.m, a.r)
    local = np.where((a.m == 0) & (a.r == 0), 0.0, ERF_UNITS * a.arithmetic.u)
    return _element(erf(a.m), a.r * (2 / np.sqrt(np.pi)) * np.exp(-near * near) + local, (a,))


def _hull(m, balls):
    """The smallest ball around m that holds all balls; a NaN beside a number is required of nobody."""
    low = functools.reduce(np.fmin, [x.m - x.r for x in balls])
    high = functools.reduce(np.fmax, [x.m + x.r for x in balls])
    return np.where(np.isfinite(m), np.fmax(np.fmax(high - m, m - low), 0.0), 0.0)


def _select(function):
    """Maximum or minimum of two: exact, from the ends."""

    def rule(a, b):
        m = function(a.m, b.m)
        r = np.zeros(m.shape)
        if a.r.any() or b.r.any():
            low, high = function(a.m - a.r, b.m - b.r), function(a.m + a.r, b.m + b.r)
            r = np.where(np.isfinite(m), np.maximum(np.maximum(high - m, m - low), 0.0), 0.0)
        masks = (_broadcast(_either(p, q), m) for p, q in ((a.any, b.any), (a.over, b.over)))
        return Ball(m, r, a.arithmetic, *masks, product=a.product or b.product)

    return rule


def _broadcast(mask, m):
    return None if mask is None else np.broadcast_to(mask, m.shape)


def _absolute(a):
    return Ball(np.abs(a.m), a.r, a.arithmetic, a.any, a.over, product=a.product)


def _heaviside(a, _):
    """The Clarke subdifferential of max(x, 0): [0, 1] where the ball touches 0."""
    kink = np.abs(a.m) <= a.r
    m = np.where(kink, 0.5, (a.m > 0) * 1.0)
    unknown = np.isnan(a.m)
    return Ball(m, kink * 0.5, a.arithmetic, _either(_unknown(a), unknown if unknown.any() else None))


# --- contractions and reductions ---------------------------------------------------------------------------------


def _contract(product, a, b):
    """matmul: any order of the products' sum, fused or not."""
    arithmetic = a.arithmetic
    m = product(a.m, b.m)
    ra, rb = _operand_radius(a), _operand_radius(b)
    size_a, size_b = np.abs(a.m) + ra, np.abs(b.m) + rb
    total = product(size_a, size_b)
    radius = np.zeros(m.shape)
    if ra.any():
        radius = radius + product(ra, size_b)
    if rb.any():
        radius = radius + product(np.abs(a.m), rb)
    count = np.full(m.shape, float(a.shape[-1]))
    if not (size_a.all() and size_b.all()):
        count = product((size_a != 0).astype(float), (size_b != 0).astype(float))
    exact = radius == 0
    step = np.where(exact, _common_grid(a, ra) * _common_grid(b, rb), 0.0) if exact.any() else np.zeros(m.shape)
    too_large = None
    if arithmetic.fast:  # in units of the norm: the one operand's sum times the largest of the other
        last = lambda x: tuple(range(-min(x.ndim, 2), 0))  # noqa: E731
        tops = (np.broadcast_to(np.max(x, last(x), keepdims=True, initial=0.0), x.shape) for x in (size_a, size_b))
        norm = FAST_UNITS * np.maximum(product(next(tops), size_b), product(size_a, next(tops)))
        too_large = ~(norm <= arithmetic.largest)
        radius = radius + np.where(too_large, 0.0, arithmetic.u * norm)
    terms = Terms(total, count, step, radius, True)

    def meets(kind):
        return _meets(product, (a, b), (kind(a.m), kind(b.m)))

    unknown = _either(_meets(product, (a, b), (_unknown(a), _unknown(b))), too_large)
    if np.isinf(m).any():  # beside an infinity the other terms may overflow to the other one
        finite = product(*(np.where(np.isfinite(size), size, 0.0) for size in (size_a, size_b)))
        unknown = _either(unknown, finite > arithmetic.largest)
    return _summed(m, terms, arithmetic, unknown, lambda: meets(np.isnan), lambda: meets(np.isinf))


def _operand_radius(x):
    """A product may take its operands in a coarser format, where that is declared."""
    digits = x.arithmetic.product_digits
    if not digits:
        return x.r
    fraction, _ = np.frexp(x.m)
    short = np.round(fraction * 2.0**digits) == fraction * 2.0**digits
    return x.r + np.where(short, 0.0, 2.0 ** (1 - digits) * np.abs(x.m))


def _common_grid(x, r):
    steps = grid(x.m[r == 0] if r.any() else x.m)
    return min(steps.min(initial=np.inf), 2.0**500)


def _meets(product, operands, masks):
    """Where a masked element of either operand meets one of the other that is not padding."""
    if masks[0] is None and masks[1] is None:
        return None
    met = 0.0
    present = [np.ones(x.shape) if x.void is None else (~x.void).astype(float) for x in operands]
    for place, mask in enumerate(masks):
        if mask is not None:
            factors = list(present)
            factors[place] = mask * present[place]
            met = met + product(*factors)
    return met > 0


def _reduction(x, axis, keepdims):
    """np.sum along the axes; where a sum is unknown; where its terms hold NaN, and infinities."""
    add = functools.partial(np.add.reduce, axis=axis, keepdims=keepdims)
    some = functools.partial(np.logical_or.reduce, axis=axis, keepdims=keepdims)
    unknown = _unknown(x)
    return add, (None if unknown is None else some(unknown), lambda: some(np.isnan(x.m)), lambda: some(np.isinf(x.m)))


def _sum(x, axis=None, keepdims=False):
    add, origins = _reduction(x, axis, keepdims)
    m, terms = np.asarray(add(x.m)), _terms(x)
    step = np.min(terms.grid, axis=axis, keepdims=keepdims, initial=np.inf)
    radius = add(_carried(x, terms))
    return _summed(m, Terms(add(terms.total), add(terms.count), step, radius, terms.products), x.arithmetic, *origins)


def _mean(x, axis=None, keepdims=False):
    a = x.arithmetic
    add, (unknown, nan, inf) = _reduction(x, axis, keepdims)
    m = np.asarray(np.mean(x.m, axis=axis, keepdims=keepdims))
    n = x.size // max(m.size, 1)
    total = add(np.abs(x.m) + x.r)
    r = add(x.r) / n + (n + 1) * a.ua * total / n
    r = r + a.u * (np.abs(m) + r) + a.eta * (total > 0)
    over = total > a.largest
    return _settled(m, r, a, _either(unknown, over if over.any() else None), nan, inf)


def _max(x, axis=None, keepdims=False):
    top = functools.partial(np.max, axis=axis, keepdims=keepdims)
    m = np.asarray(top(x.m))
    low, high = top(x.m - x.r), top(x.m + x.r)
    r = np.where(np.isfinite(m), np.maximum(np.maximum(high - m, m - low), 0.0), 0.0)
    masks = (None if mask is None else np.any(mask, axis=axis, keepdims=keepdims) for mask in (x.any, x.over))
    return Ball(m, r, x.arithmetic, *masks, product=x.product)


# --- the vocabulary's own words ----------------------------------------------------------------------------------


def _forms(*balls):
    a = next(x for x in balls if isinstance(x, Ball)).arithmetic
    balls = [_ball(x, a) for x in balls]
    m, nans = balls[0].m, [np.isnan(x.m) for x in balls]
    mixed = functools.reduce(np.logical_or, nans) & ~functools.reduce(np.logical_and, nans)
    infinite = np.isinf(m) & functools.reduce(np.logical_or, [x.m != m for x in balls])
    free = mixed | infinite | functools.reduce(np.logical_or, [np.isinf(x.m) & np.isfinite(m) for x in balls])
    mask = _either(*(x.any for x in balls), free if free.any() else None)
    over = _either(*(x.over for x in balls))
    return Ball(m, _hull(m, balls), a, _broadcast(mask, m), _broadcast(over, m), product=any(x.product for x in balls))


def _lerp(a, b, t):
    """The product form's propagation, and the local errors of the other forms: 2 |t| or 3 |1 - t| of |b - a|, and 1."""
    given = [x for x in (a, b, t) if isinstance(x, Ball)]
    u = given[0].arithmetic
    a, b, t = (_ball(x, u) for x in (a, b, t))
    form = (1 - t) * a + t * b
    apart = np.abs(b.m - a.m) + a.r + b.r
    rounded = (apart > 0) & functools.reduce(np.logical_or, [x.r > 0 for x in given])
    if not rounded.all():  # of numbers that are known it can be told
        x, y, s = (Ball(z.m, np.zeros(z.shape), u) for z in (a, b, t))
        rounded = rounded | ((x + s * (y - x)).r > 0) | ((y - (1 - s) * (y - x)).r > 0)
    share = np.maximum(2 * (np.abs(t.m) + t.r), 3 * (np.abs(1 - t.m) + t.r))
    local = u.u * (share * apart + np.abs(form.m) + form.r)
    r = np.where(rounded & np.isfinite(local), form.r + local, form.r)
    infinite = np.broadcast_to(np.isinf(a.m) | np.isinf(b.m), form.shape)  # some forms subtract them from each other
    unknown = _either(form.any, infinite if infinite.any() else None)
    return Ball(form.m, r, u, unknown, form.over, product=True)


def _winners(cells):
    """A cell that may be a maximum of a tied window has a weight in [0, 1]."""
    low = np.max(cells.m - cells.r, axis=-1, keepdims=True)
    leads = cells.m + cells.r >= low
    tied = leads & (np.sum(leads, axis=-1, keepdims=True) > 1)
    unknown = np.isnan(low)
    if (free := _unknown(cells)) is not None:
        unknown = unknown | np.any(free, axis=-1, keepdims=True)
    mask = np.broadcast_to(unknown, cells.shape) if unknown.any() else None
    return Ball(np.where(tied, 0.5, leads * 1.0), tied * 0.5, cells.arithmetic, mask)


def _fold(cells, size, stride, dilation):
    put = functools.partial(words.fold, size=size, stride=stride, dilation=dilation)
    terms, m = _terms(cells), put(cells.m)
    step = np.full(m.shape, terms.grid.min(initial=np.inf))
    radius = put(_carried(cells, terms))
    merged = Terms(put(terms.total), put(terms.count), step, radius, terms.products)

    def some(mask):
        return put(mask.astype(float)) > 0

    unknown = _unknown(cells)
    unknown = None if unknown is None else some(unknown)
    return _summed(
        m, merged, cells.arithmetic, unknown, lambda: some(np.isnan(cells.m)), lambda: some(np.isinf(cells.m))
    )


def _pad(x, width, mode="constant", constant_values=0):
    m = np.pad(x.m, width, constant_values=constant_values)
    r = np.pad(x.r, width)
    masks = (None if mask is None else np.pad(mask, width) for mask in (x.any, x.over))
    void = None
    if x.arithmetic.special:
        void = np.pad(np.zeros(x.shape, bool) if x.void is None else x.void, width, constant_values=True)
    return Ball(m, r, x.arithmetic, *masks, void, product=x.product)


def _zeros_like(x, shape=None):
    m = np.zeros(x.shape if shape is None else shape)
    return Ball(m, m, x.arithmetic)


def _where(condition, a, b):
    if isinstance(condition, Ball):
        raise TypeError("a condition on data: use heaviside, maximum, minimum or winners")
    balls = [_ball(x, next(y for y in (a, b) if isinstance(y, Ball)).arithmetic) for x in (a, b)]
    return _joined(lambda pair: np.where(condition, *pair), balls)


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
    unknown = _either(value.any, None if slope.any is None else slope.any & spread, value.over)
    return _settled(value.m, value.r + reach, a, unknown, known, known, product=value.product)


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
    unknown = _either(expected.any, ~(size + r <= a.high) | ~np.isfinite(y))
    return Ball(np.where(np.isfinite(y), y, 0.0), r, WIDE, unknown)


def _aware(arithmetic, arrays):
    given = (x.m if isinstance(x, Ball) else x for x in arrays if x is not None and x.dtype.kind not in "iu")
    return arithmetic if all(np.isfinite(x.astype(np.float64)).all() for x in given) else arithmetic.aware


def _tuple(values, arithmetic):
    values = values if isinstance(values, tuple) else (values,)
    return tuple(None if v is None else _ball(v, arithmetic) for v in values)


# --- structure: the same call on every component -----------------------------------------------------------------


def _joined(function, values, *places, **options):
    """One ball from several, component by component."""
    a = next(x for x in values if isinstance(x, Ball)).arithmetic
    balls = [_ball(x, a) for x in values]

    def join(components):
        return function(list(components), *places, **options)

    def mask(name):
        masks = [getattr(x, name) for x in balls]
        if all(mask is None for mask in masks):
            return None
        return join(np.zeros(x.shape, bool) if mask is None else mask for x, mask in zip(balls, masks, strict=True))

    terms = None
    if any(x.terms is not None for x in balls):
        sums = [_terms(x) for x in balls]
        parts = (join(getattr(t, name) for t in sums) for name in Terms.fields)
        terms = Terms(*parts, any(t.products for t in sums))
    m, r = join(x.m for x in balls), join(x.r for x in balls)
    return Ball(m, r, a, mask("any"), mask("over"), mask("void"), terms, any(x.product for x in balls))


def _split(ball, sections, axis=0):
    width = ball.shape[axis] // sections
    before = (slice(None),) * (axis % ball.ndim)
    return [ball[(*before, slice(i * width, (i + 1) * width))] for i in range(sections)]


_STRUCTURAL = {
    np.reshape, np.transpose, np.moveaxis, np.swapaxes, np.expand_dims, np.squeeze, np.broadcast_to, np.flip,
    np.lib.stride_tricks.sliding_window_view,
}  # fmt: skip
_JOINING = {np.concatenate, np.stack}

_FUNCTIONS = {
    np.sum: _sum, np.mean: _mean, np.max: _max, np.split: _split, np.pad: _pad, np.where: _where,
    np.zeros_like: _zeros_like, words.forms: _forms, words.lerp: _lerp, words.winners: _winners, words.fold: _fold,
}  # fmt: skip


_UFUNCS = {
    np.add: _add,
    np.subtract: lambda a, b: _add(a, b, -1),
    np.multiply: _multiply,
    np.divide: _divide,
    np.negative: _negative,
    np.absolute: _absolute,
    np.maximum: _select(np.maximum),
    np.minimum: _select(np.minimum),
    np.heaviside: _heaviside,
    np.sqrt: _sqrt,
    np.matmul: functools.partial(_contract, np.matmul),
    np.exp: _function(EXP_UNITS, 0.0, np.exp, _exp_spread),
    np.expm1: _function(EXP_UNITS, 0.0, np.expm1, _exp_spread),
    np.log: _function(EXP_UNITS, 1.0, np.log, _log_spread),
    np.log1p: _function(EXP_UNITS, 0.0, np.log1p, lambda x, r, y: _log_spread(1 + x, r, y)),
    np.tanh: _function(TANH_UNITS, 0.0, np.tanh, _tanh_spread),
    erf: _erf,
}

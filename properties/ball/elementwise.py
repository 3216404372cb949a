"""Elementwise operations on balls: products, quotients, elementary functions, selections, algebraic forms."""

import functools

import numpy as np
from scipy.special import erf

from ...refimpl import words
from .core import RULES, Ball, ball_of, either, element, unknown_of

EXP_UNITS, TANH_UNITS, ERF_UNITS, QUOTIENT_UNITS, ROOT_UNITS = 8, 10, 16, 2, 2


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
    return element(m, r, (a, b), product=True)


def _divide(a, b):
    m, arithmetic = a.m / b.m, a.arithmetic
    r = np.maximum((a.r + np.abs(m) * b.r) / (np.abs(b.m) - b.r), 0.0)
    local = QUOTIENT_UNITS * arithmetic.u * (np.abs(m) + r) + arithmetic.eta
    powers = np.abs(np.frexp(b.m)[0]) == 0.5
    if powers.any():
        local = np.where(powers & (b.r == 0) & arithmetic.holds(m), 0.0, local)
    r = _vanish(m, np.where((m == 0) & (a.r == 0), 0.0, r + local), arithmetic)
    return element(m, r, (a, b), np.abs(b.m) <= b.r, product=True)


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
        return element(m, _vanish(m, r + local, a.arithmetic), (a,))

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
    return element(m, r + ROOT_UNITS * a.arithmetic.u * (m + r), (a,))


def _erf(a):
    near = _nearest_zero(a.m, a.r)
    local = np.where((a.m == 0) & (a.r == 0), 0.0, ERF_UNITS * a.arithmetic.u)
    return element(erf(a.m), a.r * (2 / np.sqrt(np.pi)) * np.exp(-near * near) + local, (a,))


def _reach(m, low, high):
    """The radius that covers both ends; an end that is NaN beside a number is required of nobody."""
    return np.where(np.isfinite(m), np.fmax(np.fmax(high - m, m - low), 0.0), 0.0)


def _hull(m, balls):
    """The smallest ball around m that holds all balls."""
    low = functools.reduce(np.fmin, [x.m - x.r for x in balls])
    high = functools.reduce(np.fmax, [x.m + x.r for x in balls])
    return _reach(m, low, high)


def _select(function):
    """Maximum or minimum of two: exact, from the ends."""

    def rule(a, b):
        m = function(a.m, b.m)
        r = np.zeros(m.shape)
        if a.r.any() or b.r.any():
            r = _reach(m, function(a.m - a.r, b.m - b.r), function(a.m + a.r, b.m + b.r))
        masks = (_broadcast(either(p, q), m) for p, q in ((a.any, b.any), (a.over, b.over)))
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
    return Ball(m, kink * 0.5, a.arithmetic, either(unknown_of(a), unknown if unknown.any() else None))


def _max(x, axis=None, keepdims=False):
    top = functools.partial(np.max, axis=axis, keepdims=keepdims)
    m = np.asarray(top(x.m))
    r = _reach(m, top(x.m - x.r), top(x.m + x.r))
    masks = (None if mask is None else np.any(mask, axis=axis, keepdims=keepdims) for mask in (x.any, x.over))
    return Ball(m, r, x.arithmetic, *masks, product=x.product)


def _forms(*balls):
    a = next(x for x in balls if isinstance(x, Ball)).arithmetic
    balls = [ball_of(x, a) for x in balls]
    m, nans = balls[0].m, [np.isnan(x.m) for x in balls]
    mixed = functools.reduce(np.logical_or, nans) & ~functools.reduce(np.logical_and, nans)
    infinite = np.isinf(m) & functools.reduce(np.logical_or, [x.m != m for x in balls])
    free = mixed | infinite | functools.reduce(np.logical_or, [np.isinf(x.m) & np.isfinite(m) for x in balls])
    mask = either(*(x.any for x in balls), free if free.any() else None)
    over = either(*(x.over for x in balls))
    return Ball(m, _hull(m, balls), a, _broadcast(mask, m), _broadcast(over, m), product=any(x.product for x in balls))


def _lerp(a, b, t):
    """The product form's propagation, and the local errors of the other forms: 2 |t| or 3 |1 - t| of |b - a|, and 1."""
    given = [x for x in (a, b, t) if isinstance(x, Ball)]
    u = given[0].arithmetic
    a, b, t = (ball_of(x, u) for x in (a, b, t))
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
    unknown = either(form.any, infinite if infinite.any() else None)
    return Ball(form.m, r, u, unknown, form.over, product=True)


def _winners(cells):
    """A cell that may be a maximum of a tied window has a weight in [0, 1]."""
    low = np.max(cells.m - cells.r, axis=-1, keepdims=True)
    leads = cells.m + cells.r >= low
    tied = leads & (np.sum(leads, axis=-1, keepdims=True) > 1)
    unknown = np.isnan(low)
    if (free := unknown_of(cells)) is not None:
        unknown = unknown | np.any(free, axis=-1, keepdims=True)
    mask = np.broadcast_to(unknown, cells.shape) if unknown.any() else None
    return Ball(np.where(tied, 0.5, leads * 1.0), tied * 0.5, cells.arithmetic, mask)


def _pad(x, width, mode="constant", constant_values=0):
    m = np.pad(x.m, width, constant_values=constant_values)
    r = np.pad(x.r, width)
    masks = (None if mask is None else np.pad(mask, width) for mask in (x.any, x.over))
    void = None
    if x.arithmetic.special:
        void = np.pad(np.zeros(x.shape, bool) if x.void is None else x.void, width, constant_values=True)
    return Ball(m, r, x.arithmetic, *masks, void, product=x.product)


RULES.update(
    {
        np.multiply: _multiply,
        np.divide: _divide,
        np.negative: _negative,
        np.absolute: _absolute,
        np.maximum: _select(np.maximum),
        np.minimum: _select(np.minimum),
        np.heaviside: _heaviside,
        np.sqrt: _sqrt,
        np.exp: _function(EXP_UNITS, 0.0, np.exp, _exp_spread),
        np.expm1: _function(EXP_UNITS, 0.0, np.expm1, _exp_spread),
        np.log: _function(EXP_UNITS, 1.0, np.log, _log_spread),
        np.log1p: _function(EXP_UNITS, 0.0, np.log1p, lambda x, r, y: _log_spread(1 + x, r, y)),
        np.tanh: _function(TANH_UNITS, 0.0, np.tanh, _tanh_spread),
        erf: _erf,
        np.max: _max,
        np.pad: _pad,
        words.forms: _forms,
        words.lerp: _lerp,
        words.winners: _winners,
    }
)

"""Sums on balls: any order of summation, fused or not; products, reductions and what is folded."""

import functools

import numpy as np

from ...refimpl import words
from ..arithmetic import grid
from .core import RULES, Terms, either, element, settled, unknown_of

FAST_UNITS = 128  # Winograd and FFT, in units of the neighbourhood's norm


def _carried(ball, terms):
    """The radius with which a sum goes on: half types may round it before."""
    rounds = ball.terms is not None and ball.arithmetic.ua < ball.arithmetic.u
    return terms.radius + ball.arithmetic.rounding(ball.m, terms.radius) if rounds else terms.radius


def _summed(m, terms, a, unknown, nan, inf):
    """A ball from the terms of its sum."""
    if not np.maximum.reduce(terms.total, axis=None, initial=0.0) <= a.largest:  # mostly it is, and m finite
        terms = terms.each(lambda part: np.where(np.isfinite(m), part, 0.0))
        unknown = either(unknown, terms.total > a.largest)
    count = terms.count if terms.products else np.maximum(terms.count - 1, 0)
    step = np.where(terms.grid >= a.eta, terms.grid, 0.0)
    inexact = terms.total > step * 2.0**a.digits
    error = count * (a.ua * terms.total + a.eta)
    r = terms.radius + (error if a.fast else error * inexact)
    if a.ua < a.u:
        r = r + a.rounding(m, r)
    return settled(m, r, a, unknown, nan, inf, terms=terms)


def _add(a, b, sign=1):
    m = a.m + b.m if sign > 0 else a.m - b.m
    if a.terms is not None or b.terms is not None:
        p, q = a.as_terms(), b.as_terms()
        radius, products = _carried(a, p) + _carried(b, q), p.products or q.products
        merged = Terms(p.total + q.total, p.count + q.count, np.minimum(p.grid, q.grid), radius, products)
        nan, inf = (lambda: np.isnan(a.m) | np.isnan(b.m)), (lambda: ~np.isfinite(a.m) | ~np.isfinite(b.m))
        return _summed(m, merged, a.arithmetic, unknown_of(a, b), nan, inf)
    arithmetic, r = a.arithmetic, a.r + b.r
    local = arithmetic.u * (np.abs(m) + r)
    if a.product or b.product:
        local = local + arithmetic.u * (np.abs(a.m) + np.abs(b.m) + r)
    exact = r == 0
    if exact.any():
        back = m - a.m
        lost = (a.m - (m - back)) + ((b.m if sign > 0 else -b.m) - back)
        local = np.where(exact & (lost == 0) & arithmetic.holds(m), 0.0, local)
    return element(m, r + local, (a, b))


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

    unknown = either(_meets(product, (a, b), (unknown_of(a), unknown_of(b))), too_large)
    if np.isinf(m).any():  # beside an infinity the other terms may overflow to the other one
        finite = product(*(np.where(np.isfinite(size), size, 0.0) for size in (size_a, size_b)))
        unknown = either(unknown, finite > arithmetic.largest)
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
    unknown = unknown_of(x)
    return add, (None if unknown is None else some(unknown), lambda: some(np.isnan(x.m)), lambda: some(np.isinf(x.m)))


def _sum(x, axis=None, keepdims=False):
    add, origins = _reduction(x, axis, keepdims)
    m, terms = np.asarray(add(x.m)), x.as_terms()
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
    return settled(m, r, a, either(unknown, over if over.any() else None), nan, inf)


def _fold(cells, size, stride, dilation):
    put = functools.partial(words.fold, size=size, stride=stride, dilation=dilation)
    terms, m = cells.as_terms(), put(cells.m)
    step = np.full(m.shape, terms.grid.min(initial=np.inf))
    radius = put(_carried(cells, terms))
    merged = Terms(put(terms.total), put(terms.count), step, radius, terms.products)

    def some(mask):
        return put(mask.astype(float)) > 0

    unknown = unknown_of(cells)
    unknown = None if unknown is None else some(unknown)
    return _summed(
        m, merged, cells.arithmetic, unknown, lambda: some(np.isnan(cells.m)), lambda: some(np.isinf(cells.m))
    )


RULES.update({
    np.add: _add, np.subtract: functools.partial(_add, sign=-1), np.matmul: functools.partial(_contract, np.matmul),
    np.sum: _sum, np.mean: _mean, words.fold: _fold,
})  # fmt: skip

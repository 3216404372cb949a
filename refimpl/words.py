"""The few words that NumPy lacks. Like NumPy's own functions, each can be answered by the array it is called on."""

import functools
import math

import numpy as np

from .operator import enter


def word(function):
    """Let the first foreign array among the arguments answer in the function's place (NEP 18)."""

    @functools.wraps(function)
    def spoken(*arguments, **options):
        answer = enter(spoken, arguments, options)
        return function(*arguments, **options) if answer is None else answer

    return spoken


@word
def forms(first, *others):
    """Algebraic forms of one value, each shipped by a maintained implementation: the first computes, all are right."""
    return first


@word
def lerp(a, b, t):
    """a + t (b - a), as (1 - t) a + t b; implementations compute either form, or b - (1 - t) (b - a)."""
    return (1 - t) * a + t * b


@word
def winners(cells):
    """Weights with which the cells of the last axis make up their maximum: here 1 for the first maximum, else 0."""
    peak = np.max(cells, axis=-1)
    weights, free = np.zeros_like(cells), np.ones(peak.shape, bool)
    for k in range(cells.shape[-1]):
        weights[..., k] = first = free & ((cells[..., k] == peak) | np.isnan(cells[..., k]))
        free &= ~first
    return weights


def per_axis(value, axes):
    """An attribute given as one integer or as one for each axis, as a tuple."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes


def windows(x, kernel, stride, dilation):
    """Sliding windows over the last axes: (..., *size) -> (..., *positions, *kernel).

    positions = (size - dilation (kernel - 1) - 1) // stride + 1 on each axis.
    """
    axes = tuple(range(x.ndim - len(kernel), x.ndim))
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    views = np.lib.stride_tricks.sliding_window_view(x, reach, axis=axes)
    return views[(..., *(slice(None, None, s) for s in stride), *(slice(None, None, d) for d in dilation))]


@word
def fold(cells, size, stride, dilation):
    """The adjoint of `windows`: (..., *positions, *kernel) -> (..., *size), overlapping cells added up."""
    k = len(size)
    lead, positions, kernel = np.split(np.array(cells.shape), [cells.ndim - 2 * k, cells.ndim - k])
    folded = np.zeros((*map(int, lead), *size), cells.dtype)
    for offset in np.ndindex(*map(int, kernel)):
        place = tuple(
            slice(o * d, o * d + (n - 1) * s + 1, s)
            for o, d, n, s in zip(offset, dilation, map(int, positions), stride, strict=True)
        )
        folded[(..., *place)] += cells[(..., *offset)]
    return folded


def reach(size, kernel, stride, padding, dilation, *, ceil=False):
    """Window positions along one axis, and the padding on the right that they need (negative: cells never reached).

    With `ceil` a last window may reach beyond the padded input, unless it would start beyond input and left padding.
    """
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    positions = (-(-span // stride) if ceil else span // stride) + 1
    if ceil and (positions - 1) * stride >= size + padding:
        positions -= 1
    return positions, (positions - 1) * stride + dilation * (kernel - 1) + 1 - size - padding


def flat(x, lead):
    """All axes after the first `lead` as one."""
    return np.reshape(x, (*x.shape[:lead], math.prod(x.shape[lead:])))

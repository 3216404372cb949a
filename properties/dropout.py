"""Dropout: what an element may become, one mask for forward and gradient, and the statistics of masks.

Statistical laws count in a sample of N = 2^21 draws and use the exact binomial distribution. Each test raises a false
alarm with probability below ALPHA; a thorough run makes fewer than 10^5 of them, so a whole run stays below 1e-9. A
rate off by one part in a hundred is seen with probability 0.95 at p = 0.3, and above 0.999 at p = 0.5 and 0.9.
"""

from dataclasses import replace

import numpy as np
from scipy.fft import irfft, rfft
from scipy.special import bdtr, bdtrc

from ..refimpl import channel_dropout, dropout
from ..refimpl.operator import DTYPES
from .ball import Ball
from .law import EXACT, Violation, agree, identical, law, worst

ALPHA = 1e-14
SAMPLE = (2**11, 2**10)


def _sample(asked, turn=0):
    """2^21 draws in an array of as many axes as the case's, or of two to four axes: channels of one pixel."""
    x, operator = asked.case.inputs[0], asked.operator
    if operator is channel_dropout:
        return (*SAMPLE, *(1,) * ((asked.case.seed + turn) % 3))
    return {1: (2**21,), 3: (2**11, 2**5, 2**5)}.get(x.ndim, SAMPLE)


def _ones(asked, shape, **attributes):
    """Where the candidate keeps an array of ones of this shape, under the case's attributes or others."""
    case = asked.case
    ones = np.ones(shape, DTYPES[case.dtype])
    trial = replace(
        case,
        inputs=(ones,),
        cotangents=(ones,),
        layouts=("contiguous",) * 2,
        attributes={**case.attributes, **attributes},
    )
    (y,) = asked.on(trial).forward
    return y != 0


def _kept(x, p, arithmetic):
    """x / (1 - p), as a ball."""
    with np.errstate(all="ignore"):
        return Ball.exact(x, arithmetic) / (1 - p)


def _masked(asked, values, x, kept, name):
    """Each kept element is x / (1 - p); each dropped one is 0, or NaN where x is NaN or infinite."""
    p = asked.case.attributes["p"]
    ball = _kept(x, 0.5 if p == 1 else p, asked.arithmetic)
    dropped = ~kept
    free = dropped & ~np.isfinite(ball.m) & np.isnan(values.astype(np.float64))
    m, r = np.where(dropped, 0.0, ball.m), np.where(dropped, 0.0, ball.r)
    return agree(Ball(m, r, asked.arithmetic, free if ball.any is None else free | (ball.any & kept)), values, name)


@law(dropout, channel_dropout)
def dropout_keeps_or_drops(asked):
    """In training an element is 0 or x / (1 - p), all of x at p = 0, nothing at p = 1; in evaluation y is x's bits."""
    (x,), (y,), attributes = asked.case.inputs, asked.forward, asked.case.attributes
    if not attributes["training"]:
        return identical("y", x, y, "evaluation must return x")
    p = attributes["p"]
    spoilt = np.isnan(y) & ~np.isfinite(x)  # dropped, as 0 times an infinity, or kept
    kept = np.ones(x.shape, bool) if p == 0 else np.zeros(x.shape, bool) if p == 1 else (y != 0) & ~spoilt
    return _masked(asked, y, x, kept, "y")


@law(dropout, channel_dropout)
def dropout_mask_depends_on_seed_and_shape(asked):
    """The mask is that of an array of ones with the same seed and shape, whatever the values and their layout."""
    (x,), (y,) = asked.case.inputs, asked.forward
    if not asked.case.attributes["training"]:
        return None
    kept = _ones(asked, x.shape)
    turned = asked.on(replace(asked.case, layouts=("fortran",) * 2))
    return worst([_masked(asked, values, x, kept, "y") for values in (y, turned.forward[0])])


@law(dropout, channel_dropout, needs="gradient")
def dropout_gradient_has_the_same_mask(asked):
    """dx = dy / (1 - p) where the forward call kept, 0 where it dropped; in evaluation dx is dy's bits."""
    (x,), (dy,), (dx,) = asked.case.inputs, asked.case.cotangents, asked.vjp
    if not asked.case.attributes["training"]:
        return identical("dx", dy, dx, "the gradient in evaluation must be dy")
    return _masked(asked, dx, dy, _ones(asked, x.shape), "dx")


@law(channel_dropout)
def channel_dropout_drops_whole_channels(asked):
    """All places of one channel of one sample are kept, or none is."""
    x = asked.case.inputs[0]
    if not asked.case.attributes["training"] or x.ndim < 3 or not x.size:
        return None
    kept = _ones(asked, x.shape).reshape(*x.shape[:2], -1)
    mixed = kept.any(-1) != kept.all(-1)
    if mixed.any():
        sample, channel = map(int, np.argwhere(mixed)[0])
        raise Violation("value", f"channel {channel} of sample {sample} is neither kept nor dropped whole")
    return EXACT


def _rate(asked):
    p = asked.case.attributes["p"]
    return p if 0 < p < 1 else 0.5


def _binomial(count, draws, probability, what):
    """A count that an honest binomial distribution would give once in 1 / ALPHA samples is a violation."""
    tail = 2 * min(bdtr(count, draws, probability), bdtrc(count - 1, draws, probability) if count else 1.0)
    if tail < ALPHA:
        raise Violation(
            "statistics",
            f"{what}: {count} of {draws}, expected a share of {probability:.6g}",
            expected=probability,
            got=count / draws,
        )
    return EXACT


@law(dropout, channel_dropout, every=12)
def dropout_rate(asked):
    """An element is dropped with probability p: exact binomial test on 2^21 draws."""
    p = _rate(asked)
    for turn, rate in enumerate((p, 1 / 768)):  # the second is none of 256 steps
        kept = _ones(asked, _sample(asked, turn), p=rate, training=True)
        _binomial(int(kept.sum()), kept.size, 1 - rate, f"kept at p = {rate}")
    return EXACT


@law(dropout, channel_dropout, every=8)
def dropout_number_varies(asked):
    """The number kept is itself random: twelve masks of 4096 draws do not all keep equally many."""
    p, seed = _rate(asked), asked.case.attributes["seed"]
    counts = {int(_ones(asked, (64, 64), p=p, training=True, seed=(seed + i) % 2**31).sum()) for i in range(12)}
    if len(counts) == 1:  # by chance once in 10^22 for p = 0.5, 10^14 for any p that is drawn
        raise Violation("statistics", f"twelve seeds keep {counts.pop()} of 4096 each, p = {p}")
    return EXACT


def _correlation(first, second, p, what):
    """No lag at which two masks keep together more or less often than by chance, by Hoeffding's inequality for each.

    The products of the centred masks lie in a range of max(p, 1 - p), and those at one lag fall into two sets of
    independent ones at most; so a violation by chance has a probability below ALPHA over all lags.
    """
    half = first.size // 2

    def spectrum(mask):
        return rfft(np.where(mask, np.float32(p), np.float32(p - 1)), 2 * mask.size)

    a = spectrum(first)
    b = a if first is second else spectrum(second)
    found = np.roll(irfft(a * np.conj(b), 2 * first.size), half)[: 2 * half]
    lags = np.arange(-half, half)
    if first is second:
        found[half] = 0
    pairs = first.size - np.abs(lags)
    limit = max(p, 1 - p) * np.sqrt(pairs * np.log(4 * lags.size / ALPHA))
    at = int(np.argmax(np.abs(found) / limit))
    if abs(found[at]) > limit[at]:
        excess = float(found[at] / pairs[at])
        message = f"{what}, {lags[at]} places apart: the covariance is {excess:.4g}, p = {p}"
        raise Violation("statistics", message, expected=0.0, got=excess)
    return EXACT


@law(dropout, channel_dropout, every=24)
def dropout_elements_are_independent(asked):
    """Two elements are both kept with probability (1 - p)^2: neighbours, rows, columns, at any distance up to 2^20."""
    p = _rate(asked)
    kept = _ones(asked, _sample(asked), p=p, training=True).reshape(-1)
    for lag in (1, 2, 4, 16, 64, SAMPLE[1], 64 * SAMPLE[1], kept.size // 2):
        first, second = np.moveaxis(kept.reshape(-1, 2, lag), 1, 0)
        both = int((first & second).sum())
        _binomial(both, kept.size // 2, (1 - p) ** 2, f"both kept at a distance of {lag}, p = {p}")
    return _correlation(kept, kept, p, "one mask")


@law(dropout, channel_dropout, every=24)
def dropout_seeds_are_independent(asked):
    """Masks of two seeds agree as often as chance has it: of neighbours, moved by any distance; of round numbers."""
    p, seed = _rate(asked), asked.case.attributes["seed"]
    shape = (SAMPLE[0] // 4, SAMPLE[1])
    kept, beside = (_ones(asked, shape, p=p, training=True, seed=s).reshape(-1) for s in (seed, seed ^ 1))
    _correlation(kept, beside, p, f"the masks of the seeds {seed} and {seed ^ 1}")
    _apart(asked, seed // 1000 * 1000, (seed // 1000 + 1) * 1000 % 2**63)
    return _apart(asked, seed, *(seed ^ (1 << bit) for bit in (1, 16, 31)))


@law(dropout, channel_dropout, every=12)
def dropout_uses_every_bit_of_the_seed(asked):
    """Seeds that differ in a bit above the 32nd have independent masks as well."""
    seed = asked.case.attributes["seed"]
    return _apart(asked, seed, *(seed ^ (1 << bit) for bit in (32, 47, 62)))


def _apart(asked, seed, *others):
    p = _rate(asked)
    shape = (SAMPLE[0] // 8, SAMPLE[1])
    kept = _ones(asked, shape, p=p, training=True, seed=seed)
    for other in others:
        both = int((kept & _ones(asked, shape, p=p, training=True, seed=other)).sum())
        _binomial(both, kept.size, (1 - p) ** 2, f"both kept under the seeds {seed} and {other}, p = {p}")
    return EXACT

"""Dropout: one mask for each seed and shape, in both directions; what it keeps, what it drops, how many."""

import math

import numpy as np
import pytest

from oplaws.refimpl import channel_dropout, channel_dropout_vjp, dropout, dropout_vjp

BOTH = [(dropout, dropout_vjp), (channel_dropout, channel_dropout_vjp)]
both = pytest.mark.parametrize(("drop", "drop_vjp"), BOTH)
X = np.arange(1.0, 241).reshape(4, 6, 10)


@both
def test_what_is_kept_is_scaled_up_and_the_gradient_has_the_same_mask(drop, drop_vjp):
    y = drop(X, p=0.75, training=True, seed=3)
    kept = y != 0
    assert 0 < np.sum(kept) < kept.size
    assert np.array_equal(y, np.where(kept, 4 * X, 0))
    assert np.array_equal(drop_vjp(-X, X, p=0.75, training=True, seed=3)[0], -y)
    thirds = drop(X, p=0.3, training=True, seed=3)
    assert np.array_equal(thirds[thirds != 0], (X / (1 - 0.3))[thirds != 0])


@both
def test_the_seed_is_the_mask(drop, drop_vjp):
    masks = [drop(X, p=0.5, training=True, seed=seed) != 0 for seed in (0, 0, 1, 2**63 - 1)]
    assert np.array_equal(masks[0], masks[1])
    for a, b in ((0, 2), (0, 3), (2, 3)):
        assert not np.array_equal(masks[a], masks[b])
    again = drop(np.ones_like(X), p=0.5, training=True, seed=0) != 0
    assert np.array_equal(masks[0], again)


@both
def test_a_larger_p_drops_more_of_the_same(drop, drop_vjp):
    masks = [drop(X, p=p, training=True, seed=5) != 0 for p in (0.1, 0.5, 0.9)]
    assert np.all(masks[0] >= masks[1])
    assert np.all(masks[1] >= masks[2])


@both
def test_at_zero_and_at_one(drop, drop_vjp):
    assert np.array_equal(drop(X, p=0, training=True, seed=0), X)
    assert np.array_equal(drop_vjp(X, X, p=0, training=True, seed=0)[0], X)
    with np.errstate(all="raise"):
        assert not np.any(drop(X, p=1, training=True, seed=0))
        assert not np.any(drop_vjp(X, X, p=1.0, training=True, seed=0)[0])


@both
def test_evaluation_is_the_identity(drop, drop_vjp):
    assert drop(X, p=0.5, training=False, seed=0) is X
    assert drop(X, p=1, training=False, seed=0) is X
    (dx,) = drop_vjp(X, X, p=0.5, training=False, seed=0)
    assert np.array_equal(dx, X)
    assert not np.shares_memory(dx, X)


@both
@pytest.mark.parametrize("p", [0.5, 1])
def test_a_nan_that_is_dropped_is_gone(drop, drop_vjp, p):
    kept = drop(X, p=p, training=True, seed=0) != 0
    assert np.array_equal(np.isnan(drop(np.full_like(X, np.nan), p=p, training=True, seed=0)), kept)
    assert np.array_equal(np.isnan(drop_vjp(np.full_like(X, np.nan), X, p=p, training=True, seed=0)[0]), kept)


def test_whole_channels_are_dropped():
    for shape in ((4, 6), (4, 6, 10), (4, 6, 2, 5)):
        kept = channel_dropout(np.ones(shape), p=0.5, training=True, seed=1) != 0
        channel = kept.reshape(24, -1)
        assert np.array_equal(channel, np.broadcast_to(channel[:, :1], channel.shape))
        assert 0 < channel[:, 0].sum() < 24
        assert len({tuple(sample) for sample in channel[:, 0].reshape(4, 6)}) > 1


@both
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_how_many_are_kept_and_that_seeds_are_independent(drop, drop_vjp, p):
    """Within 5 standard deviations: of how many are kept, and of how many two neighbours keep both."""
    x = np.ones((100, 100, 1))
    masks = [drop(x, p=p, training=True, seed=seed) != 0 for seed in (0, 1, 2, 2**32, 2**32 + 1)]
    for i, mask in enumerate(masks):
        for rate, seen in ((1 - p, mask), *(((1 - p) ** 2, mask & other) for other in masks[:i])):
            assert abs(np.mean(seen) - rate) <= 5 * math.sqrt(rate * (1 - rate) / x.size)


@both
def test_of_any_shape(drop, drop_vjp):
    for shape in ((0, 3), (2, 0, 4), (5, 1)):
        assert drop(np.ones(shape), p=0.5, training=True, seed=0).shape == shape
    assert dropout(np.ones(()), p=0.0, training=True, seed=0) == 1


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"p": -0.1}, r"p must lie in \[0, 1\], got -0.1$"),
        ({"p": 1.5}, r"p must lie in \[0, 1\], got 1.5$"),
        ({"p": np.nan}, r"p must lie in \[0, 1\], got nan$"),
        ({"p": True}, r"p must be a number, got True$"),
        ({"training": 1}, r"training must be True or False, got 1$"),
        ({"seed": -1}, r"seed must be at least 0, got -1$"),
        ({"seed": 0.5}, r"seed must be an integer, got 0.5$"),
        ({"seed": None}, r"seed must be an integer, got None$"),
    ],
)
@both
def test_illegal_arguments(drop, drop_vjp, attributes, message):
    attributes = {"p": 0.5, "training": True, "seed": 0, **attributes}
    for call in (lambda: drop(X, **attributes), lambda: drop_vjp(X, X, **attributes)):
        with pytest.raises((ValueError, TypeError), match=f"^{drop.name}: {message}"):
            call()


def test_channels_need_two_axes():
    with pytest.raises(ValueError, match=r"^channel_dropout: x must have the axes \(N, C, \*spatial\), got \(10,\)$"):
        channel_dropout(X[0, 0], p=0.5, training=True, seed=0)

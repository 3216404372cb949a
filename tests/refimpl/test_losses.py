"""Losses: values by hand, the three reductions, what no loss takes."""

import numpy as np
import pytest

from oplaws.refimpl import (
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_vjp,
    cross_entropy,
    cross_entropy_vjp,
    mse_loss,
    mse_loss_vjp,
)

bce, bce_vjp = binary_cross_entropy_with_logits, binary_cross_entropy_with_logits_vjp
nan, one = np.nan, np.float64(1)

CASES = {
    "mse_loss": (mse_loss, [[1.0, 2, 3, 4]], [[1.0, 0, 6, 4]], [[0.0, 4, 9, 0]]),
    "cross_entropy": (cross_entropy, [[0.0, 0, 0, 0], [0, 0, 1000, 0]], [3, 1], [np.log(4), 1000]),
    "bce": (bce, [0.0, 1000, -1000, 1000, -1000], [1.0, 1, 1, 0, 0], [np.log(2), 0, 1000, 1000, 0]),
}


@pytest.mark.parametrize("name", CASES)
def test_values_by_hand(name):
    loss, prediction, target, each = CASES[name][0], *map(np.array, CASES[name][1:])
    assert np.array_equal(loss(prediction, target, reduction="none"), each)
    assert loss(prediction, target, reduction="sum") == each.sum()
    assert loss(prediction, target) == each.sum() / each.size
    assert loss(prediction, target).shape == ()


def test_gradients_by_hand():
    prediction, target = np.array([3.0, -1]), np.array([1.0, 1])
    for reduction, dy, factor in (("sum", one, 1), ("mean", one, 0.5), ("none", np.array([1.0, 2]), np.array([1, 2]))):
        dx, dt = mse_loss_vjp(dy, prediction, target, reduction=reduction)
        assert np.array_equal(dx, factor * np.array([4.0, -4]))
        assert np.array_equal(dt, -dx)

    logits, labels = np.zeros((2, 4)), np.array([1, 3])
    slopes = np.array([[0.25, -0.75, 0.25, 0.25], [0.25, 0.25, 0.25, -0.75]])
    for reduction, dy, factor in (
        ("sum", one, 1),
        ("mean", one, 0.5),
        ("none", np.array([1.0, 2]), np.array([[1], [2]])),
    ):
        dx, dlabels = cross_entropy_vjp(dy, logits, labels, reduction=reduction)
        assert np.array_equal(dx, factor * slopes)
        assert dlabels is None

    z, t = np.array([0.0, 40]), np.array([1.0, 0.25])
    for reduction, dy, factor in (("sum", one, 1), ("mean", one, 0.5), ("none", np.array([1.0, 2]), np.array([1, 2]))):
        dz, dt = bce_vjp(dy, z, t, reduction=reduction)
        assert np.array_equal(dz, factor * np.array([-0.5, 0.75]))
        assert np.array_equal(dt, factor * -z)


def test_a_certain_prediction_keeps_its_tail():
    """By the sigmoid, which rounds to 1, the loss would be 0."""
    assert bce(np.array([50.0]), np.array([1.0])) == np.exp(-50.0)


def test_cross_entropy_of_an_impossible_class():
    logits, labels = np.array([[0.0, -np.inf], [0, 0]]), np.array([0, 0])
    assert np.array_equal(cross_entropy(logits, labels, reduction="none"), [0, np.log(2)])
    assert cross_entropy(logits, 1 - labels, reduction="none")[0] == np.inf


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_labels_are_integers_of_any_kind(dtype):
    logits, labels = np.eye(3), np.array([2, 0, 1])
    assert cross_entropy(logits, labels.astype(dtype)) == cross_entropy(logits, labels)
    (dx, _), (expected, _) = (
        cross_entropy_vjp(one, logits, t, reduction="sum") for t in (labels.astype(dtype), labels)
    )
    assert np.array_equal(dx, expected)


def test_nan_reaches_its_own_loss_and_every_sum():
    logits = np.array([[nan, 0], [0, 0]])
    losses = (
        (mse_loss, np.array([nan, 1]), np.zeros(2)),
        (mse_loss, np.zeros(2), np.array([nan, 1])),
        (cross_entropy, logits, np.array([1, 1])),
        (bce, np.array([nan, 1]), np.ones(2)),
        (bce, np.ones(2), np.array([nan, 1])),
    )
    for loss, prediction, target in losses:
        assert np.isnan(loss(prediction, target, reduction="none")).tolist() == [True, False]
        assert np.isnan(loss(prediction, target, reduction="sum"))
        assert np.isnan(loss(prediction, target))
    dx, _ = cross_entropy_vjp(one, logits, np.array([1, 1]), reduction="mean")
    assert np.isnan(dx).tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize("loss", [mse_loss, cross_entropy, bce])
def test_nothing_has_no_loss(loss):
    x = np.ones((0, 3))
    target = np.ones(0, int) if loss is cross_entropy else x
    assert np.isnan(loss(x, target)) or loss(x, target) == 0
    assert loss(x, target, reduction="sum") == 0
    assert loss(x, target, reduction="none").shape == ((0,) if loss is cross_entropy else (0, 3))
    assert loss.gradient(one, x, target)[0].shape == (0, 3)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_against_torch(agrees_with_torch, normal, reduction):
    x, t = 3 * normal(5, 4), normal(5, 4, seed=1)
    labels = np.array([0, 3, 1, 1, 2])
    for loss, name, target in (
        (mse_loss, "mse_loss", t),
        (cross_entropy, "cross_entropy", labels),
        (bce, "binary_cross_entropy_with_logits", 1 / (1 + t * t)),
    ):
        agrees_with_torch(
            loss,
            lambda torch, x, t, name=name: getattr(torch.nn.functional, name)(x, t, reduction=reduction),
            x,
            target,
            reduction=reduction,
        )


LOGITS, LABELS = np.ones((2, 3)), np.array([0, 2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mse_loss(LOGITS, LOGITS[0]), r"^mse_loss: target must have \*shape = \(2, 3\), got \(3,\)$"),
        (lambda: mse_loss(LOGITS, LOGITS[:1]), r"^mse_loss: target must have \*shape = \(2, 3\), got \(1, 3\)$"),
        (lambda: bce(LOGITS, LOGITS[:1]), r"^binary_cross_entropy_with_logits: targets must have \*shape = \(2, 3\)"),
        (lambda: cross_entropy(LOGITS[0], LABELS), r"^cross_entropy: logits must have the axes \(N, C\), got \(3,\)$"),
        (lambda: cross_entropy(LOGITS, LABELS[:1]), r"^cross_entropy: labels must have an axis 0 \(N\) of size 2"),
        (lambda: cross_entropy(LOGITS, LABELS + 1), r"^cross_entropy: labels must lie in 0\.\.2, got 3$"),
        (lambda: cross_entropy(LOGITS, LABELS - 100), r"^cross_entropy: labels must lie in 0\.\.2, got -100$"),
        (lambda: cross_entropy(LOGITS, LOGITS[:, 0]), r"^cross_entropy: labels must hold integers, got 'float64 array"),
        (lambda: cross_entropy(LOGITS[:, :0], LABELS), r"^cross_entropy: labels must lie in 0\.\.-1, got 0$"),
        (
            lambda: cross_entropy_vjp(one, LOGITS, LABELS, reduction="avg"),
            r"^cross_entropy: reduction must be one of mean, sum, none, got 'avg'$",
        ),
        (lambda: mse_loss(LOGITS, LOGITS, reduction=None), r"^mse_loss: reduction must be one of .*, got None$"),
        (
            lambda: mse_loss_vjp(LOGITS, LOGITS, LOGITS),
            r"^mse_loss: the cotangent of loss must have \*reduced = \(\), got \(2, 3\)$",
        ),
    ],
)
def test_illegal_arguments(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()

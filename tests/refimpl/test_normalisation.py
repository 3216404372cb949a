"""Normalisation: by hand where the deviation is a power of two; the running statistics; PyTorch."""

import numpy as np
import pytest

from oplaws.refimpl import batch_norm, batch_norm_vjp, layer_norm, layer_norm_vjp

nan = np.nan
ONE, ZERO = np.ones(1), np.zeros(1)

# mean 2, biased variance 1 (and 3 of eps: the deviation is 2), unbiased variance 2
PAIR = np.array([1.0, 3.0])


def test_layer_norm_by_hand():
    w, b = np.array([2.0, 4]), np.array([10.0, 20])
    assert np.array_equal(layer_norm(PAIR, w, b, eps=3), [9, 22])
    assert np.array_equal(layer_norm(np.stack([PAIR, -PAIR]), w, b, eps=0), [[8, 24], [12, 16]])
    assert np.array_equal(layer_norm(np.full((2, 3), 7.0), np.ones(3), np.arange(3.0)), [[0, 1, 2]] * 2)


def test_layer_norm_gradients_by_hand():
    """xhat = (-1, 1)/2; dx = (g - mean(g) - xhat mean(g xhat)) / 2, g = dy w = (4, 0)."""
    dy, w = np.array([[2.0, 0]]), np.array([2.0, 4])
    dx, dw, db = layer_norm_vjp(dy, PAIR[None], w, np.zeros(2), eps=3)
    assert np.array_equal(dx, [[0.75, -0.75]])
    assert np.array_equal(dw, [-1, 0])
    assert np.array_equal(db, [2, 0])


def test_batch_norm_by_hand():
    x, w, b = PAIR.reshape(2, 1), np.array([2.0]), np.array([10.0])
    y, mean, var = batch_norm(x, w, b, ZERO, ONE, training=True, momentum=0.5, eps=3)
    assert np.array_equal(y, [[9], [11]])
    assert (mean, var) == (1, 1.5)
    y, mean, var = batch_norm(x, w, b, ONE, np.array([9.0]), training=False, eps=7)
    assert np.array_equal(y, [[10], [11]])
    assert (mean, var) == (1, 9)
    dy = np.array([[2.0], [0]])
    dx, dw, db, *none = batch_norm_vjp((dy, None, None), x, w, b, ZERO, ONE, training=True, eps=3)
    assert np.array_equal(dx, [[0.75], [-0.75]])
    assert (dw, db, none) == (-1, 2, [None, None])
    dx, dw, db, *none = batch_norm_vjp((dy, None, None), x, w, b, ONE, np.array([9.0]), training=False, eps=7)
    assert np.array_equal(dx, [[1], [0]])
    assert (dw, db, none) == (0, 2, [None, None])


@pytest.mark.parametrize(("momentum", "mean", "var"), [(0, 8, 4), (0.25, 6.5, 3.5), (1, 2, 2)])
def test_momentum_weighs_the_new_statistics(momentum, mean, var):
    x = PAIR.reshape(2, 1)
    given = np.array([8.0]), np.array([4.0])
    assert batch_norm(x, ONE, ZERO, *given, training=True, momentum=momentum)[1:] == (mean, var)


def test_the_default_momentum_is_a_tenth():
    _, mean, var = batch_norm(PAIR.reshape(2, 1), ONE, ZERO, ZERO, ZERO, training=True)
    assert (mean, var) == (0.1 * 2, 0.1 * 2)


def test_evaluation_returns_the_statistics_themselves(normal):
    mean, var = normal(3), np.abs(normal(3, seed=1))
    _, *returned = batch_norm(normal(2, 3), np.ones(3), np.zeros(3), mean, var, training=False)
    assert np.array_equal(returned, [mean, var])


@pytest.mark.parametrize("training", [False, True])
def test_spatial_axes_are_part_of_the_batch(integers, training, within, gradient_within):
    x, dy, w, b = integers(2, 3, 4, 5), integers(2, 3, 4, 5, seed=1), integers(3), integers(3, seed=1)
    arrays = w, b, integers(3, seed=2), np.abs(integers(3, seed=3))
    flat, dy_flat = (np.moveaxis(a, 1, -1).reshape(-1, 3) for a in (x, dy))
    y, *statistics = batch_norm(x, *arrays, training=training)
    within(batch_norm, (flat, *arrays), {"training": training}, (np.moveaxis(y, 1, -1).reshape(-1, 3), *statistics))
    dx, *rest = batch_norm_vjp((dy, None, None), x, *arrays, training=training)
    gradient_within(
        batch_norm,
        (flat, *arrays),
        {"training": training},
        (dy_flat, None, None),
        (np.moveaxis(dx, 1, -1).reshape(-1, 3), *rest),
    )


def test_the_statistics_as_results_have_no_gradient(normal):
    x, dy, w = normal(4, 3), normal(4, 3, seed=1), normal(3)
    arrays = x, w, w, w, w * w
    alone = batch_norm_vjp((dy, None, None), *arrays, training=True)
    beside = batch_norm_vjp((dy, normal(3, seed=2), normal(3, seed=3)), *arrays, training=True)
    for got, expected in zip(beside[:3], alone[:3]):
        assert np.array_equal(got, expected)
    for zero in batch_norm_vjp((None, w, w), *arrays, training=True)[:3]:
        assert not np.any(zero)


def test_a_scale_and_a_shift_of_the_input_cancel(integers):
    """x -> 4 x + 64 changes nothing but eps: on integers of mean 0, not a bit."""
    x = integers(5, 4)
    x = np.concatenate([x, -x], axis=-1)
    w, b = integers(8), integers(8, seed=1)
    assert np.array_equal(layer_norm(4 * x + 64, w, b, eps=1.0), layer_norm(x, w, b, eps=1 / 16))


def test_a_large_mean_takes_nothing_from_the_variance():
    """In one pass, mean(x²) - mean², nothing of it would be left."""
    far, w, b = PAIR + 2.0**40, np.array([2.0, 4]), np.array([10.0, 20])
    assert np.array_equal(layer_norm(far, w, b, eps=3), [9, 22])
    y, _, var = batch_norm(far.reshape(2, 1), ONE, ZERO, ZERO, ZERO, training=True, momentum=1, eps=3)
    assert np.array_equal(y, [[-0.5], [0.5]])
    assert var == 2


def test_nan_stays_in_its_sample_or_its_channel():
    x = np.arange(12.0).reshape(3, 2, 2)
    x[1, 0, 1] = nan
    channel = np.zeros((3, 2, 2), bool)
    channel[:, 0] = True
    two, none, training = np.ones(2), (None, None), {"training": True}
    y, mean, var = batch_norm(x, two, two, two, two, **training)
    assert np.array_equal(np.isnan(y), channel)
    assert np.isnan(mean).tolist() == np.isnan(var).tolist() == [True, False]
    dx, dw, db, *_ = batch_norm_vjp((np.ones((3, 2, 2)), *none), x, two, two, two, two, **training)
    assert np.array_equal(np.isnan(dx), channel)
    assert np.isnan(dw).tolist() == [True, False]
    assert not np.isnan(db).any()
    assert np.array_equal(np.isnan(batch_norm(x, two, two, two, two, training=False)[0]), np.isnan(x))
    sample = np.zeros((3, 2, 2), bool)
    sample[1, 0] = True
    assert np.array_equal(np.isnan(layer_norm(x, two, two)), sample)
    assert np.array_equal(np.isnan(layer_norm_vjp(np.ones((3, 2, 2)), x, two, two)[0]), sample)


def test_an_empty_batch_leaves_the_statistics():
    x, c = np.ones((0, 3, 2)), np.arange(3.0)
    y, mean, var = batch_norm(x, c, c, c, c, training=True)
    assert y.shape == (0, 3, 2)
    assert np.array_equal(mean, c)
    assert np.array_equal(var, c)
    dx, dw, db, *_ = batch_norm_vjp((x, None, None), x, c, c, c, c, training=True)
    assert dx.shape == (0, 3, 2)
    assert not np.any(dw)
    assert not np.any(db)


# --- PyTorch ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7,), (5, 33), (2, 3, 4)])
@pytest.mark.parametrize("shift", [0, 1000])
def test_layer_norm_against_torch(agrees_with_torch, normal, shape, shift):
    d = shape[-1]
    agrees_with_torch(
        layer_norm,
        lambda torch, x, w, b: torch.nn.functional.layer_norm(x, (d,), w, b, 1e-3),
        normal(*shape) + shift,
        normal(d),
        normal(d, seed=1),
        eps=1e-3,
    )


@pytest.mark.parametrize("shape", [(7, 3), (4, 3, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_against_torch(agrees_with_torch, normal, shape, training):
    def function(torch, x, w, b, mean, var):
        mean, var = mean.detach().clone(), var.detach().clone()
        y = torch.nn.functional.batch_norm(x, mean, var, w, b, training, 0.3, 1e-3)
        return y, mean, var

    arrays = normal(*shape), normal(3), normal(3, seed=1), normal(3, seed=2), normal(3, seed=3) ** 2
    agrees_with_torch(batch_norm, function, *arrays, training=training, momentum=0.3, eps=1e-3)


# --- what is refused ---------------------------------------------------------------------------------------------

X, C = np.ones((4, 3, 2)), np.ones(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: batch_norm(X, C, C, C, C), r"^batch_norm: training must be given, got nothing$"),
        (lambda: batch_norm(X, C, C, C, C, training=1), r"^batch_norm: training must be True or False, got 1$"),
        (
            lambda: batch_norm(X[:1, :, :1], C, C, C, C, training=True),
            r"^batch_norm: x must hold more than one value for each channel when training, got shape \(1, 3, 1\)$",
        ),
        (
            lambda: batch_norm(X, C, C, C[:2], C, training=False),
            r"^batch_norm: running_mean must have an axis 0 \(C\) of size 3, got \(2,\)$",
        ),
        (lambda: batch_norm(X, C, None, C, C, training=True), r"^batch_norm: bias must be a NumPy array, got None$"),
        (lambda: batch_norm(C, C, C, C, C, training=True), r"^batch_norm: x must have the axes \(N, C, \*spatial\)"),
        (lambda: layer_norm(X, C, C), r"^layer_norm: weight must have an axis 0 \(D\) of size 2, got \(3,\)$"),
        (lambda: layer_norm(X[..., 0], C, C[:1]), r"^layer_norm: bias must have an axis 0 \(D\) of size 3, got"),
        (lambda: layer_norm(X[..., 0], C, C, eps=nan), r"^layer_norm: eps must be finite, got nan$"),
    ],
)
def test_illegal_arguments(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_one_value_for_each_channel_may_be_evaluated():
    assert batch_norm(X[:1, :, :1], C, C, C, C, training=False)[0].shape == (1, 3, 1)

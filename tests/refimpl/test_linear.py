"""Linear layer: small integers by hand, and what composition says."""

import numpy as np
import pytest

from oplaws.refimpl import linear, linear_vjp

X, W, B = np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 0], [0, 1], [1, -1]]), np.array([10.0, 20, 30])


def test_values_by_hand():
    assert np.array_equal(linear(X, W), [[1, 2, -1], [3, 4, -1]])
    assert np.array_equal(linear(X, W, B), [[11, 22, 29], [13, 24, 29]])
    assert np.array_equal(linear(X[0], W, B), [11, 22, 29])


def test_gradients_by_hand():
    dy = np.array([[1.0, 0, 2], [0, 1, 0]])
    dx, dw, db = linear_vjp(dy, X, W, B)
    assert np.array_equal(dx, [[3, -2], [0, 1]])
    assert np.array_equal(dw, [[1, 2], [3, 4], [2, 4]])
    assert np.array_equal(db, [1, 1, 2])
    assert linear_vjp(dy, X, W)[2] is None


@pytest.mark.parametrize("batch", [(), (1,), (5,), (2, 3), (2, 0, 3)])
def test_any_axes_may_come_first(integers, batch):
    """They are one batch: each row on its own, the gradients of weight and bias one sum over all rows."""
    x, w, b, dy = integers(*batch, 4), integers(3, 4), integers(3), integers(*batch, 3, seed=1)
    y = linear(x, w, b)
    dx, dw, db = linear_vjp(dy, x, w, b)
    assert (y.shape, dx.shape) == ((*batch, 3), (*batch, 4))
    rows = np.ndindex(*batch)
    outer = np.zeros((3, 4))
    for row in rows:
        assert np.array_equal(y[row], [sum(x[row] * each) + c for each, c in zip(w, b)])
        assert np.array_equal(dx[row], sum(g * each for g, each in zip(dy[row], w)))
        outer += np.multiply.outer(dy[row], x[row])
    assert np.array_equal(dw, outer)
    assert np.array_equal(db, dy.reshape(-1, 3).sum(0) if dy.size else np.zeros(3))


def test_layers_compose(integers):
    x, first, second = integers(5, 4), integers(3, 4), integers(2, 3)
    assert np.array_equal(linear(linear(x, first), second), linear(x, second @ first))


def test_no_features_leave_the_bias():
    assert np.array_equal(linear(np.ones((2, 0)), np.ones((3, 0)), B), [B, B])


def test_nan_reaches_what_depends_on_it():
    x, w, b, dy = X.copy(), W.copy(), B.copy(), np.ones((2, 3))
    x[0, 0] = np.nan
    assert np.isnan(linear(x, W, B)).tolist() == [[True] * 3, [False] * 3]
    w[1, 0] = np.nan
    assert np.isnan(linear(X, w, B)).tolist() == [[False, True, False]] * 2
    b[2] = np.nan
    assert np.isnan(linear(X, W, b)).tolist() == [[False, False, True]] * 2
    dy[0, 1] = np.nan
    dx, dw, db = linear_vjp(dy, X, W, B)
    assert np.isnan(dx).tolist() == [[True] * 2, [False] * 2]
    assert np.isnan(dw).tolist() == [[False] * 2, [True] * 2, [False] * 2]
    assert np.isnan(db).tolist() == [False, True, False]


@pytest.mark.parametrize("batch", [(), (7,), (2, 5)])
def test_against_torch(agrees_with_torch, normal, batch):
    def function(torch, x, w, b=None):
        return torch.nn.functional.linear(x, w, b)

    agrees_with_torch(linear, function, normal(*batch, 33), normal(4, 33), normal(4))
    agrees_with_torch(linear, function, normal(*batch, 33), normal(4, 33))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((X, W.T), r"^linear: weight must have an axis 1 \(D\) of size 2, got \(2, 3\)$"),
        ((X, W[0]), r"^linear: weight must have the axes \(O, D\), got \(2,\)$"),
        ((X, W, B[:2]), r"^linear: bias must have an axis 0 \(O\) of size 3, got \(2,\)$"),
        ((X, W, B[:1]), r"^linear: bias must have an axis 0 \(O\) of size 3, got \(1,\)$"),
        ((X[0, 0], W), r"^linear: x must have the axes \(\*batch, D\), got \(\)$"),
        ((X, W, 1.0), r"^linear: bias must be a NumPy array or None, got 1.0$"),
        ((X,), r"^linear: takes the arrays x, weight, bias, got 1 arrays$"),
    ],
)
def test_illegal_arguments(arrays, message):
    with pytest.raises((ValueError, TypeError), match=message):
        linear(*arrays)

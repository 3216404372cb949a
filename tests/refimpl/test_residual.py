"""Residual units: what the shortcut carries when the branch is silent. Gradients: test_backprop.py."""

import numpy as np
import pytest

from oplaws.refimpl import (
    batch_norm,
    conv2d,
    relu,
    residual_basic_block,
    residual_basic_block_vjp,
    residual_block,
    residual_block_vjp,
)


def test_a_block_by_hand():
    """Hidden: relu(1 - 2 + 2, 2 + 0) = (1, 2); branch: (1 + 2, -4) + (10, 20)."""
    x, w1, b1 = np.array([[1.0, 2]]), np.array([[1.0, -1], [0, 1]]), np.array([2.0, 0])
    w2, b2 = np.array([[1.0, 1], [0, -2]]), np.array([10.0, 20])
    assert np.array_equal(residual_block(x, w1, b1, w2, b2), [[14, 18]])
    assert np.array_equal(residual_block(x, w1, -10 + b1, w2, b2), [[11, 22]])
    dx, dw1, db1, dw2, db2 = residual_block_vjp(np.array([[1.0, 1]]), x, w1, b1, w2, b2)
    assert np.array_equal(dx, [[2, -1]])
    assert np.array_equal(dw1, [[1, 2], [-1, -2]])
    assert np.array_equal(db1, [1, -1])
    assert np.array_equal(dw2, [[1, 2], [1, 2]])
    assert np.array_equal(db2, [1, 1])


def test_a_silent_branch_is_the_identity(integers):
    x, dy = integers(2, 3, 4), integers(2, 3, 4, seed=1)
    silent = integers(5, 4), integers(5), np.zeros((4, 5)), np.zeros(4)
    assert np.array_equal(residual_block(x, *silent), x)
    assert np.array_equal(residual_block_vjp(dy, x, *silent)[0], dy)


def convolutions(normal, C=2, O=2):
    return (
        *(normal(O, C, 3, 3), normal(O), normal(O, seed=1)),
        *(normal(O, O, 3, 3, seed=2), normal(O, seed=3), normal(O, seed=4)),
    )


def norm(x, gamma, beta, eps):
    return batch_norm(x, gamma, beta, np.zeros_like(gamma), np.ones_like(gamma), training=True, eps=eps)[0]


@pytest.mark.parametrize(("stride", "channels", "eps"), [(1, 2, 1e-5), (1, 3, 1.0), (2, 2, 1e-5), (3, 4, 0.1)])
def test_a_basic_block_is_composed(normal, stride, channels, eps):
    x = normal(2, 2, 5, 6)
    w1, g1, b1, w2, g2, b2 = arrays = convolutions(normal, 2, channels)
    projection = None if stride == 1 and channels == 2 else normal(channels, 2, 1, 1)
    hidden = relu(norm(conv2d(x, w1, stride=stride, padding=1), g1, b1, eps))
    branch = norm(conv2d(hidden, w2, padding=1), g2, b2, eps)
    shortcut = x if projection is None else conv2d(x, projection, stride=stride)
    y = residual_basic_block(x, *arrays, projection, stride=stride, eps=eps)
    assert np.array_equal(y, relu(shortcut + branch))


def test_a_silent_basic_block_is_relu_of_its_shortcut(integers):
    x, w, zero = integers(2, 3, 5, 4), integers(3, 3, 3, 3), np.zeros(3)
    assert np.array_equal(residual_basic_block(x, w, zero, zero, w, zero, zero), relu(x))
    projection = integers(3, 3, 1, 1)
    y = residual_basic_block(x, w, zero, zero, w, zero, zero, projection, stride=2)
    assert np.array_equal(y, relu(conv2d(x, projection)[:, :, ::2, ::2]))


def test_a_projection_may_stand_where_none_is_needed(integers):
    x, w, zero = integers(2, 3, 4, 4), integers(3, 3, 3, 3), np.zeros(3)
    double = 2 * np.eye(3)[:, :, None, None]
    assert np.array_equal(residual_basic_block(x, w, zero, zero, w, zero, zero, double), relu(2 * x))


def test_nan_reaches_the_whole_batch_through_its_statistics(normal):
    x = normal(2, 2, 3, 3)
    x[0, 0, 0, 0] = np.nan
    assert np.isnan(residual_basic_block(x, *convolutions(normal))).all()


@pytest.mark.parametrize("stride", [1, 2])
def test_against_torch(agrees_with_torch, normal, stride):
    def linear_block(torch, x, w1, b1, w2, b2):
        return x + torch.relu(x @ w1.T + b1) @ w2.T + b2

    agrees_with_torch(residual_block, linear_block, normal(5, 4), normal(6, 4), normal(6), normal(4, 6), normal(4))

    def basic_block(torch, x, w1, g1, b1, w2, g2, b2, projection=None):
        F = torch.nn.functional
        y = F.conv2d(x, w1, stride=stride, padding=1)
        y = F.conv2d(torch.relu(F.batch_norm(y, None, None, g1, b1, True)), w2, padding=1)
        shortcut = x if projection is None else F.conv2d(x, projection, stride=stride)
        return torch.relu(shortcut + F.batch_norm(y, None, None, g2, b2, True))

    x = normal(3, 2, 5, 4)
    agrees_with_torch(
        residual_basic_block, basic_block, x, *convolutions(normal, 2, 3), normal(3, 2, 1, 1), stride=stride
    )
    if stride == 1:
        agrees_with_torch(residual_basic_block, basic_block, x, *convolutions(normal))


X, W, O = np.ones((2, 2, 4, 4)), np.ones((2, 2, 3, 3)), np.ones(2)


@pytest.mark.parametrize(
    ("arrays", "attributes", "message"),
    [
        ((X, W, O, O, W, O, O), {"stride": 2}, r"w_projection must be given where channels or stride .*, got None$"),
        (
            (X, np.ones((3, 2, 3, 3)), *[np.ones(3)] * 2, np.ones((3, 3, 3, 3)), *[np.ones(3)] * 2),
            {},
            r"w_projection must be given where channels or stride change the shape, got None$",
        ),
        ((X, W[..., :2], O, O, W, O, O), {}, r"w1 must have an axis 3 \(3\) of size 3, got \(2, 2, 3, 2\)$"),
        ((X, W, O, O, W[:, :1], O, O), {}, r"w2 must have an axis 1 \(O\) of size 2, got \(2, 1, 3, 3\)$"),
        ((X, W, O, O, W, O, O, W), {}, r"w_projection must have an axis 2 \(1\) of size 1, got \(2, 2, 3, 3\)$"),
        ((X, W, O[:1], O, W, O, O), {}, r"gamma1 must have an axis 0 \(O\) of size 2, got \(1,\)$"),
        ((X, W, O, O, W, O, O), {"stride": 0}, r"stride must be at least 1, got 0$"),
        ((X, W, O, O, W, O, O), {"stride": (1, 1)}, r"stride must be an integer, got \(1, 1\)$"),
    ],
)
def test_illegal_arguments(arrays, attributes, message):
    for call in (
        lambda: residual_basic_block(*arrays, **attributes),
        lambda: residual_basic_block_vjp(X, *arrays, **attributes),
    ):
        with pytest.raises((ValueError, TypeError), match="^residual_basic_block: " + message):
            call()


def test_a_branch_must_fit_its_shortcut():
    with pytest.raises(ValueError, match=r"^residual_block: w2 must have an axis 0 \(D\) of size 2, got \(3, 4\)$"):
        residual_block(np.ones((5, 2)), np.ones((4, 2)), np.ones(4), np.ones((3, 4)), np.ones(3))

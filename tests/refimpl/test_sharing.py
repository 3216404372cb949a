"""Tied weights: a matrix that encodes, its transpose that decodes. Gradients against the chain: test_backprop.py."""

import numpy as np
import pytest

from oplaws.refimpl import relu, tied_autoencoder, tied_autoencoder_vjp

X, W = np.array([[1.0, 2, 3]]), np.array([[1.0, 0, -1], [0, 2, 0]])
B, C = np.array([5.0, -5]), np.array([10.0, 20, 30])


def test_values_by_hand():
    """Hidden: (1 - 3 + 5, 4 - 5) = (3, -1)."""
    assert np.array_equal(tied_autoencoder(X, W, B, C, activation="identity"), [[13, 18, 27]])
    assert np.array_equal(tied_autoencoder(X, W, B, C, activation="relu"), [[13, 20, 27]])
    assert np.array_equal(tied_autoencoder(X, W, B, C), np.tanh([[3.0, -1]]) @ W + C)


def test_the_weight_gets_the_sum_of_both_gradients():
    """Encoder: (dy Wᵀ)ᵀ x, decoder: hᵀ dy; with relu the second unit is silent in both."""
    dy = np.array([[1.0, 1, 0]])
    dx, dw, db, dc = tied_autoencoder_vjp(dy, X, W, B, C, activation="identity")
    assert np.array_equal(dw, [[1 + 3, 2 + 3, 3 + 0], [2 - 1, 4 - 1, 6 + 0]])
    assert np.array_equal(dx, [[1, 4, -1]])
    assert np.array_equal(db, [1, 2])
    assert np.array_equal(dc, [1, 1, 0])
    dx, dw, db, _ = tied_autoencoder_vjp(dy, X, W, B, C, activation="relu")
    assert np.array_equal(dw, [[4, 5, 3], [0, 0, 0]])
    assert np.array_equal(dx, [[1, 0, -1]])
    assert np.array_equal(db, [1, 0])


def test_an_orthonormal_code_reproduces_its_input(integers):
    x, mirror = integers(4, 3), np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    assert np.array_equal(tied_autoencoder(x, mirror, np.zeros(3), np.zeros(3), activation="identity"), x)
    x = relu(x)
    assert np.array_equal(tied_autoencoder(x, np.abs(mirror), np.zeros(3), np.zeros(3), activation="relu"), x)


def test_nan_stays_in_its_sample():
    x = np.concatenate([X, X])
    x[1, 0] = np.nan
    assert np.isnan(tied_autoencoder(x, W, B, C)).tolist() == [[False] * 3, [True] * 3]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "identity"])
def test_against_torch(agrees_with_torch, normal, activation):
    def function(torch, x, w, b, c):
        f = {"identity": lambda a: a}.get(activation) or getattr(torch, activation)
        return f(x @ w.T + b) @ w + c

    agrees_with_torch(
        tied_autoencoder, function, normal(5, 8), normal(3, 8), normal(3), normal(8), activation=activation
    )


@pytest.mark.parametrize(
    ("arrays", "attributes", "message"),
    [
        ((X, W.T, B, C), {}, r"weight must have an axis 1 \(D\) of size 3, got \(3, 2\)$"),
        ((X, W, C, C), {}, r"bias_hidden must have an axis 0 \(H\) of size 2, got \(3,\)$"),
        ((X, W, B, B), {}, r"bias_output must have an axis 0 \(D\) of size 3, got \(2,\)$"),
        ((X, W, B), {}, r"takes the arrays x, weight, bias_hidden, bias_output, got 3 arrays$"),
        ((X, W, B, C), {"activation": "softmax"}, r"activation must be one of identity, .* got 'softmax'$"),
    ],
)
def test_illegal_arguments(arrays, attributes, message):
    with pytest.raises((ValueError, TypeError), match="^tied_autoencoder: " + message):
        tied_autoencoder(*arrays, **attributes)

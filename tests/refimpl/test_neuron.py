"""The neuron: logic gates, and every activation. Its gradient is in test_backprop.py."""

import numpy as np
import pytest

from oplaws.refimpl import neuron, neuron_vjp, operators
from oplaws.refimpl.neuron import ELEMENTWISE

CORNERS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])


@pytest.mark.parametrize(
    ("weight", "bias", "truth"),
    [([1, 1], -1, [0, 0, 0, 1]), ([-1, -1], 1, [1, 0, 0, 0]), ([1, -1], 0, [0, 0, 1, 0])],
)
def test_logic_gates(weight, bias, truth):
    """AND, NOR and "the first alone", as McCulloch and Pitts had them."""
    arrays = CORNERS, np.array(weight, float), np.array(bias, float)
    assert np.array_equal(neuron(*arrays, activation="relu"), truth)
    saturated = neuron(CORNERS, 100 * arrays[1], 100 * arrays[2] - 50)
    assert np.array_equal(np.round(saturated), truth)


def test_gradients_by_hand():
    x, w, b, dy = np.array([[1.0, 2], [-3, 0]]), np.array([1.0, 1]), np.array(0.0), np.array([5.0, 7])
    assert np.array_equal(neuron(x, w, b, activation="identity"), [3, -3])
    dx, dw, db = neuron_vjp(dy, x, w, b, activation="relu")
    assert np.array_equal(dx, [[5, 5], [0, 0]])
    assert np.array_equal(dw, [5, 10])
    assert (db, db.shape) == (5, ())


def test_every_elementwise_operator_is_an_activation(integers):
    assert {name for name, o in operators.items() if o.elementwise} == set(ELEMENTWISE)
    x, w, b = integers(5, 3), integers(3), np.array(0.5)
    for name, activation in ELEMENTWISE.items():
        assert np.array_equal(neuron(x, w, b, activation=name), activation(x @ w + b))
    assert np.array_equal(neuron(x, w, b), operators["sigmoid"](x @ w + b))


def test_nan_stays_in_its_row():
    x = CORNERS.copy()
    x[2, 0] = np.nan
    assert np.isnan(neuron(x, np.ones(2), np.array(0.0))).tolist() == [False, False, True, False]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus"])
def test_against_torch(agrees_with_torch, normal, activation):
    def function(torch, x, w, b):
        return getattr(torch.nn.functional, activation)(x @ w + b)

    agrees_with_torch(neuron, function, normal(6, 9), normal(9), normal(), activation=activation)


@pytest.mark.parametrize(
    ("weight", "bias", "activation", "message"),
    [
        (np.ones(3), np.array(0.0), "relu", r"^neuron: weight must have an axis 0 \(D\) of size 2, got \(3,\)$"),
        (np.ones((1, 2)), np.array(0.0), "relu", r"^neuron: weight must have the axes \(D\), got \(1, 2\)$"),
        (np.ones(2), np.ones(1), "relu", r"^neuron: bias must have the axes \(\), got \(1,\)$"),
        (np.ones(2), np.array(0.0), "softmax", r"^neuron: activation must be one of identity, sigmoid, .*'softmax'$"),
    ],
)
def test_illegal_arguments(weight, bias, activation, message):
    with pytest.raises(ValueError, match=message):
        neuron(CORNERS, weight, bias, activation=activation)

"""Backpropagation through whole networks, judged by two identities that need no tolerance.

1. Where f is a polynomial of degree at most 2 in an array, f(a + v) - f(a - v) = 2 <f'(a), v>: nothing is truncated. On
   small integers nothing is rounded either, so that both sides agree bit for bit, for every direction v.
2. The chain rule by hand: each operator's own gradient called in turn, in the order of the sweep, gives the same bits.
"""

import numpy as np
import pytest
from numpy.lib.mixins import NDArrayOperatorsMixin

from oplaws.refimpl import (
    avg_pool2d,
    batch_norm,
    batch_norm_vjp,
    conv2d,
    conv2d_vjp,
    cross_entropy,
    cross_entropy_vjp,
    linear,
    linear_vjp,
    lstm,
    lstm_vjp,
    mse_loss,
    neuron_vjp,
    operators,
    relu,
    relu_vjp,
    residual_basic_block_vjp,
    residual_block_vjp,
    rnn,
    sgd,
    softmax,
    tanh,
    tanh_vjp,
    tied_autoencoder,
    tied_autoencoder_vjp,
)
from oplaws.refimpl.backprop import Node, vjp
from oplaws.refimpl.operator import Gradient, Operator


def integers(*shape, seed=0, low=-3):
    return np.random.default_rng((seed, *shape)).integers(low, low + 7, shape).astype(np.float64)


def normal(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


# --- polynomials of degree 2 in each array, on integers ----------------------------------------------------------


def mlp(x, w1, b1, w2, b2):
    return linear(linear(x, w1, b1), w2, b2)


def lenet(x, k1, c1, k2, w, b):
    x = avg_pool2d(conv2d(x, k1, c1, padding=1), kernel_size=2)
    x = avg_pool2d(conv2d(x, k2), kernel_size=2)
    return linear(np.reshape(x, (x.shape[0], x.size // x.shape[0])), w, b)


def residual_net(x, w1, b1, w2):
    x = x + linear(x, w1, b1)
    return x - linear(x, w2)


def recurrent_classifier(x, h0, w_ih, w_hh, b_ih, b_hh, w):
    output, _ = rnn(x, h0, w_ih, w_hh, b_ih, b_hh, nonlinearity="relu")
    return linear(output[-1], w)


def attention(x, wq, wk, wv):
    """Without the softmax, which is no polynomial; the weights are shared by all heads and positions."""
    q, k, v = x @ wq, x @ wk, x @ wv
    return q @ np.transpose(k, (0, 2, 1)) @ v


NETWORKS = {
    "mlp": (mlp, [(4, 3), (5, 3), (5,), (2, 5), (2,)]),
    "lenet": (lenet, [(2, 1, 8, 8), (2, 1, 3, 3), (2,), (3, 2, 3, 3), (2, 3), (2,)]),
    "residual net": (residual_net, [(4, 3), (3, 3), (3,), (3, 3)]),
    "tied autoencoder": (lambda *a: tied_autoencoder(*a, activation="identity"), [(4, 3), (2, 3), (2,), (3,)]),
    # From 4 up, so that a - v is positive and every relu the identity; two steps make w_hh a square.
    "rnn classifier": (recurrent_classifier, [(2, 3, 2), (1, 3, 4), (4, 2), (4, 4), (4,), (4,), (2, 4)]),
    "attention, in the weights": (lambda *w: attention(integers(2, 3, 4), *w), [(4, 2), (4, 2), (4, 5)]),
    "broadcast sums": (lambda a, b: (a + b) - (b - a) * b, [(4, 1, 3), (2, 1)]),
    "vectors": (lambda a, b, m: (a @ m) @ b * a[0], [(4,), (3,), (4, 3)]),
    "matrix and vectors": (lambda a, b, m: a @ (m @ b), [(2, 3, 4), (5,), (4, 5)]),
    "matrices, one of a batch": (lambda a, b: a @ b, [(2, 3, 4), (4, 5)]),
    "transposes": (lambda a, b: np.transpose(a, (2, 0, 1)) @ b.T, [(3, 4, 2), (5, 4)]),
    "stacks": (lambda a, b: b @ np.stack([a, b, a], 1), [(4,), (4,)]),
    "a stack along the first axis": (lambda a, b: np.stack([a, b]), [(4, 2), (4, 2)]),
    "indices": (lambda a: a[1:, ::-2] * a[0, None, 3:] - a[np.array([2, 0])][:, :2] @ a[:2, :2], [(3, 4)]),
    "a batch of 0": (mlp, [(0, 3), (5, 3), (5,), (2, 5), (2,)]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_difference_of_a_quadratic_is_its_gradient(name):
    network, shapes = NETWORKS[name]
    low = 4 if name == "rnn classifier" else -3
    arrays = [integers(*shape, seed=i, low=low) for i, shape in enumerate(shapes)]
    dy = integers(*np.shape(network(*arrays)), seed=50)
    gradients = vjp(network, arrays, dy)
    for i, (a, gradient) in enumerate(zip(arrays, gradients, strict=True)):
        assert gradient.shape == a.shape
        for seed in range(3):
            v = integers(*a.shape, seed=100 + seed)
            up, down = (network(*arrays[:i], moved, *arrays[i + 1 :]) for moved in (a + v, a - v))
            assert np.sum(dy * (up - down)) == 2 * np.sum(gradient * v), f"array {i}"


# --- the chain rule by hand --------------------------------------------------------------------------------------


def test_mlp_with_a_loss():
    x, w1, b1, w2, b2 = normal(6, 4), normal(5, 4), normal(5), normal(3, 5), normal(3)
    labels = np.array([0, 1, 2, 2, 1, 0])

    def loss(x, labels, w1, b1, w2, b2):
        return cross_entropy(linear(tanh(linear(x, w1, b1)), w2, b2), labels)

    dx, dlabels, *dweights = vjp(loss, (x, labels, w1, b1, w2, b2), np.float64(1))
    before = linear(x, w1, b1)
    dlogits, _ = cross_entropy_vjp(np.float64(1), linear(tanh(before), w2, b2), labels)
    dhidden, dw2, db2 = linear_vjp(dlogits, tanh(before), w2, b2)
    expected_dx, dw1, db1 = linear_vjp(*tanh_vjp(dhidden, before), x, w1, b1)
    assert dlabels is None
    assert np.array_equal(dx, expected_dx)
    for got, expected in zip(dweights, (dw1, db1, dw2, db2), strict=True):
        assert np.array_equal(got, expected)


def test_lstm_classifier():
    """One of three results is used, and of it one step: the others' cotangents are zero."""
    T, N, I, H = 5, 3, 2, 4
    x, h0, c0, w = normal(T, N, I), normal(1, N, H), normal(1, N, H), normal(2, H)
    weights = normal(4 * H, I), normal(4 * H, H), normal(4 * H), normal(4 * H, seed=1)
    lengths = np.array([5, 2, 3])

    def logits(x, h0, c0, w, *weights):
        return linear(lstm(x, h0, c0, *weights, lengths=lengths)[0][-1], w)

    dy = normal(N, 2)
    dx, dh0, dc0, dw, *dweights = vjp(logits, (x, h0, c0, w, *weights), dy)
    output, _, _ = lstm(x, h0, c0, *weights, lengths=lengths)
    dlast, expected_dw, _ = linear_vjp(dy, output[-1], w)
    doutput = np.zeros_like(output)
    doutput[-1] = dlast
    expected = lstm_vjp((doutput, None, None), x, h0, c0, *weights, lengths=lengths)
    assert np.array_equal(dw, expected_dw)
    for got, by_hand in zip((dx, dh0, dc0, *dweights), expected, strict=True):
        assert np.array_equal(got, by_hand)


def test_residual_block():
    x, w1, b1, w2, b2 = normal(3, 4), normal(5, 4), normal(5), normal(4, 5), normal(4)
    dy = normal(3, 4, seed=1)
    before = linear(x, w1, b1)
    dhidden, dw2, db2 = linear_vjp(dy, relu(before), w2, b2)
    dbranch, dw1, db1 = linear_vjp(*relu_vjp(dhidden, before), x, w1, b1)
    for got, expected in zip(
        residual_block_vjp(dy, x, w1, b1, w2, b2), (dy + dbranch, dw1, db1, dw2, db2), strict=True
    ):
        assert np.array_equal(got, expected)


def test_residual_basic_block_with_a_projection():
    x, w1, w2, projection = normal(2, 2, 5, 4), normal(3, 2, 3, 3), normal(3, 3, 3, 3), normal(3, 2, 1, 1)
    g1, b1, g2, b2, unused = normal(3), normal(3, seed=1), normal(3, seed=2), normal(3, seed=3), np.zeros(3)
    dy = normal(2, 3, 3, 2)
    first = conv2d(x, w1, stride=2, padding=1)
    before = batch_norm(first, g1, b1, unused, unused, training=True)[0]
    second = conv2d(relu(before), w2, padding=1)
    branch = batch_norm(second, g2, b2, unused, unused, training=True)[0]
    (dsum,) = relu_vjp(dy, conv2d(x, projection, stride=2) + branch)
    dsecond, dg2, db2, *_ = batch_norm_vjp((dsum, None, None), second, g2, b2, unused, unused, training=True)
    dhidden, dw2, _ = conv2d_vjp(dsecond, relu(before), w2, padding=1)
    dbefore = (*relu_vjp(dhidden, before), None, None)
    dfirst, dg1, db1, *_ = batch_norm_vjp(dbefore, first, g1, b1, unused, unused, training=True)
    dx_branch, dw1, _ = conv2d_vjp(dfirst, x, w1, stride=2, padding=1)
    dx_shortcut, dprojection, _ = conv2d_vjp(dsum, x, projection, stride=2)
    got = residual_basic_block_vjp(dy, x, w1, g1, b1, w2, g2, b2, projection, stride=2)
    for each, expected in zip(got, (dx_branch + dx_shortcut, dw1, dg1, db1, dw2, dg2, db2, dprojection), strict=True):
        assert np.array_equal(each, expected)


def test_residual_basic_block_without_one():
    """With gamma 0 the branch is constant, and the block is relu: its input's gradient too."""
    x, w, dy = normal(2, 3, 4, 4), normal(3, 3, 3, 3), normal(2, 3, 4, 4, seed=1)
    zero, one = np.zeros(3), np.ones(3)
    dx, *_, dprojection = residual_basic_block_vjp(dy, x, w, one, zero, w, zero, zero)
    assert np.array_equal(dx, dy * (x > 0))
    assert dprojection is None


def test_tied_autoencoder():
    x, w, b, c = normal(3, 4), normal(2, 4), normal(2), normal(4)
    dy = normal(3, 4, seed=1)
    before = linear(x, w, b)
    dhidden, dw_decoder, dc = linear_vjp(dy, tanh(before), w.T, c)
    dx, dw_encoder, db = linear_vjp(*tanh_vjp(dhidden, before), x, w, b)
    for got, expected in zip(
        tied_autoencoder_vjp(dy, x, w, b, c), (dx, dw_decoder.T + dw_encoder, db, dc), strict=True
    ):
        assert np.array_equal(got, expected)


def test_neuron_of_every_activation():
    x, w, b, dy = normal(5, 3), normal(3), np.array(0.5), normal(5)
    for name, activation in operators.items():
        if activation.elementwise:
            (da,) = activation.gradient(dy, x @ w + b)
            dx, dw, db = neuron_vjp(dy, x, w, b, activation=name)
            assert np.array_equal(dx, da[:, None] * w)
            assert np.array_equal(dw, x.T @ da)
            assert np.array_equal(db, np.sum(da))


# --- the graph ---------------------------------------------------------------------------------------------------


def test_every_use_adds_its_share():
    x = integers(3)
    assert np.array_equal(vjp(lambda x: x + x - x * x, (x,), np.ones(3))[0], 2 - 2 * x)


def test_what_is_not_used_gets_zeros_and_what_has_no_gradient_none():
    x, unused = integers(3), integers(2, 2)
    dx, absent, labels, zeros = vjp(lambda x, *_: x + x, (x, None, np.arange(3), unused), np.ones(3))
    assert np.array_equal(dx, [2, 2, 2])
    assert absent is None
    assert labels is None
    assert np.array_equal(zeros, np.zeros((2, 2)))


def test_several_results_of_which_some_have_no_cotangent_or_no_gradient():
    x, y = integers(3), integers(3, seed=1)

    def function(x, y):
        return x * y, x - y, np.ones(3)

    dx, dy = vjp(function, (x, y), (np.ones(3), None, np.ones(3)))
    assert np.array_equal(dx, y)
    assert np.array_equal(dy, x)


def test_zeros_shaped_like_a_node_are_a_constant():
    dx, dy = vjp(lambda x, y: x + np.zeros_like(y) * x, (integers(3), integers(3)), np.ones(3))
    assert np.array_equal(dx, np.ones(3))
    assert np.array_equal(dy, np.zeros(3))


def test_a_node_has_the_shape_of_its_value():
    node = Node([], np.zeros((2, 3), np.float32))
    assert (node.shape, node.ndim, node.size, node.dtype, node.T.shape) == ((2, 3), 2, 6, np.float32, (3, 2))


@pytest.mark.parametrize("look", [bool, float, np.asarray, np.array, lambda x: 1 if x > 0 else 2])
def test_a_node_is_not_looked_at(look):
    with pytest.raises(TypeError):
        look(Node([], np.ones(())))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (np.exp, "exp: has no gradient, got a graph node"),
        (np.sum, "sum: has no gradient, got a graph node"),
        (np.add.reduce, "reduce: has no gradient, got a graph node"),
        (lambda x: x / x, "divide: has no gradient"),
        (lambda x: sgd(x, x, x, lr=1), "sgd: has no gradient"),
        (lambda x: operators["relu"].gradient(x, x), "relu_vjp: has no gradient"),
        (lambda x: np.add(x, x, out=np.ones(3)), "add: has no attribute out"),
        (lambda x: x + 1.0, "add: b must be a NumPy array, got 1.0"),
        (lambda x: softmax(x, axis=7), "softmax: axis must be one of the 1 axes of x, got 7"),
    ],
)
def test_unknown_calls_are_named(function, message):
    with pytest.raises((TypeError, ValueError), match=message):
        vjp(function, (integers(3),), np.ones(3))


def test_an_element_cannot_be_taken_twice():
    with pytest.raises(ValueError, match="take: index must take no element twice, got array"):
        vjp(lambda x: x[np.array([0, 0])], (integers(3),), np.ones(2))


class Veiled(NDArrayOperatorsMixin):
    """An array that computes and cannot be looked at."""

    def __init__(self, value):
        self.value = value

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    dtype = property(lambda self: self.value.dtype)
    T = property(lambda self: Veiled(self.value.T))

    def __array_ufunc__(self, ufunc, method, *arguments, **options):
        return Veiled(getattr(ufunc, method)(*map(unveiled, arguments), **options))

    def __array_function__(self, function, types, arguments, options):
        if isinstance(function, Operator):
            return function.run(arguments, options)
        if isinstance(function, Gradient):
            return function.run(arguments[0], arguments[1:], options)
        return Veiled(function(*map(unveiled, arguments), **options))

    def __getitem__(self, index):
        return Veiled(self.value[index])

    def _refuse(self, *_, **__):
        raise AssertionError("looked at")

    __array__ = __bool__ = __float__ = _refuse


def unveiled(argument):
    if isinstance(argument, (tuple, list)):
        return type(argument)(map(unveiled, argument))
    return argument.value if isinstance(argument, Veiled) else argument


@pytest.mark.parametrize("name", ["mlp", "tied autoencoder", "residual net", "indices", "stacks", "vectors"])
def test_whatever_stands_for_arrays_is_never_looked_at(name):
    network, shapes = NETWORKS[name]
    arrays = [integers(*shape, seed=i) for i, shape in enumerate(shapes)]
    dy = integers(*np.shape(network(*arrays)), seed=50)
    for got, expected in zip(
        vjp(network, list(map(Veiled, arrays)), Veiled(dy)), vjp(network, arrays, dy), strict=True
    ):
        assert np.array_equal(got.value, expected)


def test_cotangents_of_a_loss_on_veiled_arrays():
    x, t = normal(3), normal(3, seed=1)
    for got, expected in zip(
        mse_loss.gradient(Veiled(np.float64(1)), Veiled(x), Veiled(t)),
        mse_loss.gradient(np.float64(1), x, t),
        strict=True,
    ):
        assert np.array_equal(got.value, expected)

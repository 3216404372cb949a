"""Whole networks, trained on real data: the reference and PyTorch from the same start, both inside the derived bound.

The training loop is written once and runs on arrays, on balls and on counting arrays. Run on balls, it says where a
correct implementation's parameters may be after k steps; intervals grow from step to step, so k is chosen such that
the ball stays small beside the way that the parameters have gone.
"""

import functools

import numpy as np
import pytest

from oplaws.properties.ball import Arithmetic, Ball
from oplaws.refimpl import adam, avg_pool2d, conv2d, cross_entropy, linear, lstm, relu, sgd
from oplaws.refimpl.backprop import vjp
from oplaws.refimpl.operator import Gradient, Operator

BATCH = 16


@functools.cache
def digits():
    """Handwritten digits, 8 by 8 pixels in [0, 1], and which they are."""
    datasets = pytest.importorskip("sklearn.datasets")
    images, labels = datasets.load_digits(return_X_y=True)
    return images / 16, labels


# --- networks: x (N, 64) and parameters -> logits (N, 10) --------------------------------------------------------


def mlp(x, w1, b1, w2, b2):
    return linear(relu(linear(x, w1, b1)), w2, b2)


def cnn(x, kernel, bias, w, b):
    n = x.shape[0]
    y = avg_pool2d(relu(conv2d(np.reshape(x, (n, 1, 8, 8)), kernel, bias, padding=1)), kernel_size=2)
    return linear(np.reshape(y, (n, y.size // n)), w, b)


def rows_by_lstm(x, w_ih, w_hh, b_ih, b_hh, w, b):
    """An image is a sequence of its rows."""
    n = x.shape[0]
    start = np.zeros_like(x, shape=(1, n, w_hh.shape[1]))
    output, _, _ = lstm(np.transpose(np.reshape(x, (n, 8, 8)), (1, 0, 2)), start, start, w_ih, w_hh, b_ih, b_hh)
    return linear(output[-1], w, b)


def in_torch(name, torch, x, p):
    """The same networks in PyTorch's words."""
    F = torch.nn.functional
    if name == "mlp":
        return F.linear(F.relu(F.linear(x, p[0], p[1])), p[2], p[3])
    if name == "cnn":
        y = F.avg_pool2d(F.relu(F.conv2d(x.reshape(-1, 1, 8, 8), p[0], p[1], padding=1)), 2)
        return F.linear(y.flatten(1), p[2], p[3])
    start = x.new_zeros(1, len(x), p[1].shape[1])
    rows = x.reshape(-1, 8, 8).transpose(0, 1)
    output, _, _ = torch.lstm(rows, (start, start), p[:4], True, 1, 0.0, True, False, False)
    return F.linear(output[-1], p[4], p[5])


# Each with the shapes of its parameters, by its width, and a width.
NETWORKS = {
    "mlp": (mlp, lambda h: [(h, 64), (h,), (10, h), (10,)], 16),
    "cnn": (cnn, lambda h: [(h, 1, 3, 3), (h,), (10, 16 * h), (10,)], 4),
    "lstm": (rows_by_lstm, lambda h: [(4 * h, 8), (4 * h, h), (4 * h,), (4 * h,), (10, h), (10,)], 8),
}
OPTIMIZERS = {
    "sgd": (lambda *arrays, step: sgd(*arrays, lr=0.05, momentum=0.9), 1),
    "adam": (lambda *arrays, step: adam(*arrays, step=step, lr=0.003, eps=1e-3), 2),
}
STEPS = {"float64": {"sgd": 10, "adam": 10}, "float32": {"sgd": 4, "adam": 3}}


def start(shapes, dtype):
    """Parameters that float32 holds."""
    rng = np.random.default_rng(0)
    return [rng.uniform(-0.3, 0.3, shape).astype(np.float32).astype(dtype) for shape in shapes]


def batch(t, dtype):
    images, labels = digits()
    here = slice(t * BATCH, (t + 1) * BATCH)
    return images[here].astype(dtype), labels[here]


def train(network, optimizer, parameters, steps, dtype, lift=lambda array: array):
    """The parameters after so many steps, on arrays of any kind."""
    step, states = OPTIMIZERS[optimizer]
    parameters = [lift(p) for p in parameters]
    state = [(np.zeros_like(p),) * states for p in parameters]
    for t in range(steps):
        x, labels = batch(t, dtype)
        arrays = [lift(x), *parameters]
        _, *gradients = vjp(
            lambda x, *p, labels=labels: cross_entropy(network(x, *p), labels), arrays, lift(np.ones((), dtype))
        )
        moved = [step(p, dp, *s, step=t + 1) for p, dp, s in zip(parameters, gradients, state)]
        parameters, state = [p for p, *_ in moved], [s for _, *s in moved]
    return parameters


def train_in_torch(name, optimizer, parameters, steps, dtype):
    torch = pytest.importorskip("torch")
    tensors = [torch.tensor(p, requires_grad=True) for p in parameters]
    if optimizer == "sgd":
        own = torch.optim.SGD(tensors, lr=0.05, momentum=0.9)
    else:
        own = torch.optim.Adam(tensors, lr=0.003, eps=1e-3)
    for t in range(steps):
        x, labels = batch(t, dtype)
        own.zero_grad()
        torch.nn.functional.cross_entropy(
            in_torch(name, torch, torch.tensor(x), tensors), torch.tensor(labels)
        ).backward()
        own.step()
    return [p.detach().numpy() for p in tensors]


def norm(arrays):
    return np.sqrt(sum(np.sum(np.square(a)) for a in arrays))


@pytest.mark.parametrize("dtype", STEPS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", NETWORKS)
def test_training_follows_the_derived_bound(name, optimizer, dtype):
    network, shapes, width = NETWORKS[name]
    steps, first, arithmetic = STEPS[dtype][optimizer], start(shapes(width), dtype), Arithmetic.of(dtype)
    with np.errstate(all="ignore"):
        balls = train(network, optimizer, first, steps, dtype, lambda a: Ball.exact(a, arithmetic))
    assert not any(ball.any is not None and ball.any.any() for ball in balls)
    way = norm([ball.m - p for ball, p in zip(balls, first)])
    assert norm([ball.r for ball in balls]) < 0.1 * way, "the bound says little"
    for trained in (
        train(network, optimizer, first, steps, dtype),
        train_in_torch(name, optimizer, first, steps, dtype),
    ):
        for ball, p in zip(balls, trained, strict=True):
            assert p.dtype == dtype
            assert np.all(ball.agreement(p)[0] <= 1 + 1e-9)


# --- the cost of the reverse sweep -------------------------------------------------------------------------------


class Count(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that counts the operations by which others come of it: one an element, two a product in a matmul."""

    operations = 0

    def __init__(self, array):
        self.array = array

    shape, ndim, size, dtype = (
        property(lambda self, n=n: getattr(self.array, n)) for n in ("shape", "ndim", "size", "dtype")
    )
    T = property(lambda self: Count(self.array.T))

    def __len__(self):
        return len(self.array)

    def __getitem__(self, place):
        return Count(self.array[place])

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        arrays = [_plain(x) for x in inputs]
        result = getattr(ufunc, method)(*arrays, **options)
        Count.operations += 2 * np.size(result) * arrays[0].shape[-1] if ufunc is np.matmul else np.size(result)
        return Count(np.asarray(result))

    def __array_function__(self, function, types, arguments, options):
        if isinstance(function, Operator):
            return function.run(arguments, options)
        if isinstance(function, Gradient):
            return function.run(arguments[0], arguments[1:], options)
        result = function(*_plain(arguments), **options)
        if isinstance(result, list):
            return [Count(part) for part in result]
        if np.size(result) < np.size(_plain(arguments[0])):  # a reduction; what only moves elements is free
            Count.operations += np.size(_plain(arguments[0]))
        return Count(np.asarray(result))


def _plain(value):
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return value.array if isinstance(value, Count) else value


def operations(function, *arrays):
    Count.operations = 0
    function(*map(Count, arrays))
    return Count.operations


@pytest.mark.parametrize("wider", [1, 4])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_gradient_costs_a_few_times_the_forward_pass(name, wider):
    """The cheap gradient principle (Baur & Strassen 1983): at most 5 times, however many parameters there are."""
    network, shapes, width = NETWORKS[name]
    x, labels = batch(0, "float64")
    arrays = [x, *start(shapes(wider * width), "float64")]

    def loss(x, *parameters):
        return cross_entropy(network(x, *parameters), labels)

    def gradient(*arrays):
        return vjp(loss, arrays, Count(np.ones(())))

    forward = operations(loss, *arrays)
    assert 2 * forward < operations(gradient, *arrays) < 5 * forward

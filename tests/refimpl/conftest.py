"""What the tests of the reference share: arrays of a shape, and judgement by derived bounds, never by a tolerance."""

import numpy as np
import pytest

from oplaws.properties import ball
from oplaws.refimpl.operator import DTYPES


@pytest.fixture
def normal():
    """Normal numbers: the same for the same shape and seed."""
    return lambda *shape, seed=0: np.random.default_rng((seed, *shape)).standard_normal(shape)


@pytest.fixture
def integers():
    """Small integers, on which sums of products are exact in any order."""
    return lambda *shape, seed=0: np.random.default_rng((seed, *shape)).integers(-4, 5, shape).astype(float)


def several(values):
    return values if isinstance(values, tuple) else (values,)


def assert_within(balls, values, dtype):
    for i, (ball_, value) in enumerate(zip(balls, values, strict=True)):
        assert (ball_ is None) == (value is None), f"result {i}"
        if value is not None:
            assert value.shape == ball_.shape, f"result {i}"
            assert value.dtype == dtype, f"result {i}"
            assert np.all(ball_.agreement(value)[0] <= 1 + 1e-9), f"result {i}"


@pytest.fixture
def within():
    """within(operator, arrays, attributes, results): whether the results may be the operator's."""

    def judge(operator, arrays, attributes, results):
        dtype = operator.dtype(arrays)
        assert_within(ball.forward(operator, arrays, attributes, ball.Arithmetic.of(dtype)), several(results), dtype)

    return judge


@pytest.fixture
def gradient_within():
    """The same for gradients; a None among them is required where the operator has none."""

    def judge(operator, arrays, attributes, cotangents, gradients):
        dtype = operator.dtype(arrays)
        balls = ball.gradient(operator, arrays, attributes, several(cotangents), ball.Arithmetic.of(dtype))
        assert_within(balls, gradients, dtype)

    return judge


@pytest.fixture
def agrees_with_torch(within, gradient_within):
    """agrees_with_torch(operator, function, *arrays, **attributes): PyTorch and the reference, both within the bounds.

    function(torch, *tensors) is the operator in torch's words; gradients are those by torch's autograd.
    """
    torch = pytest.importorskip("torch")

    def judge(operator, function, *arrays, **attributes):
        for dtype in (DTYPES["float32"], DTYPES["float64"]):
            inputs = tuple(a.astype(dtype) if a is not None and a.dtype == float else a for a in arrays)
            tensors = [None if a is None else torch.tensor(a, requires_grad=a.dtype == dtype) for a in inputs]
            results = several(function(torch, *tensors))
            within(operator, inputs, attributes, tuple(r.detach().numpy() for r in results))
            within(operator, inputs, attributes, operator(*inputs, **attributes))

            rng = np.random.default_rng(1)
            dys = tuple(rng.standard_normal(r.shape).astype(dtype) if r.requires_grad else None for r in results)
            given = dys if len(operator.results) > 1 else dys[0]
            own = operator.gradient(given, *inputs, **attributes)
            gradient_within(operator, inputs, attributes, dys, own)
            torch.autograd.backward(
                [r for r in results if r.requires_grad], [torch.tensor(dy) for dy in dys if dy is not None]
            )
            theirs = [None if g is None else t.grad.numpy() for g, t in zip(own, (*tensors, *[None] * 9), strict=False)]
            gradient_within(operator, inputs, attributes, dys, theirs)

    return judge

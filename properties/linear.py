"""Linear maps: what linear, the convolutions and the average have in common, and the layer itself."""

import numpy as np

from ..refimpl import avg_pool2d, conv1d, conv2d, conv3d, conv_transpose2d, linear
from .law import call, exact, generator, gives, gives_gradient, law, meet, picked, same, small_power, worst

LAYERS = (linear, conv1d, conv2d, conv3d, conv_transpose2d)


@law(*LAYERS, avg_pool2d, every=4)
def parts_add_up(asked):
    """f(a + b, ...) = f(a, ...) + f(b, ..., without bias), for the input and for the weight split place by place."""
    inputs, rng = asked.case.inputs, generator(asked)
    if not asked.case.finite or not inputs[0].size:
        return None
    which = int(rng.integers(min(len(inputs), 2)))
    here = rng.random(inputs[which].shape) < 0.5
    part, rest = list(inputs), [*inputs[:2], *(None for _ in inputs[2:])]
    part[which], rest[which] = (np.where(mask, inputs[which], 0).astype(inputs[0].dtype) for mask in (here, ~here))
    return meet("y", asked.seen[0], call(asked, *part).seen[0] + call(asked, *rest).seen[0])


@law(*LAYERS, every=2)
def bias_is_added(asked):
    """f(x, weight, bias) = f(x, weight) + bias, one number for each channel."""
    x, weight, bias = asked.case.inputs
    if bias is None or not asked.case.finite:
        return None
    added = np.reshape(bias, (-1, *(1,) * (0 if asked.operator is linear else x.ndim - 2)))
    return meet("y", asked.seen[0], call(asked, x, weight, None).seen[0] + exact(added))


def _some_unit_vectors(asked, count):
    """A few of the unit vectors of so many dimensions, and which they are."""
    few = generator(asked).permutation(count)[:8]
    return (few[:, None] == np.arange(count)).astype(float), few


@law(linear, every=2)
def unit_vectors_give_the_columns(asked):
    """linear(s e_j, weight) is s times column j of the weight, exactly, s being a power of two, small or 1."""
    weight = asked.case.inputs[1]
    if not asked.case.finite:
        return None
    size, (x, few) = small_power(asked), _some_unit_vectors(asked, weight.shape[1])
    return gives(
        "y", call(asked, (size * x).astype(weight.dtype), weight, None), size * weight.T[few].astype(np.float64)
    )


@law(linear, needs="gradient", every=2)
def unit_vectors_in_the_gradient(asked):
    """Of x = e_j dweight holds dy in column j, of dy = e_o dx is row o of the weight, exactly."""
    weight = asked.case.inputs[1]
    if not asked.case.finite:
        return None
    (x, columns), (dy, rows) = (_some_unit_vectors(asked, n) for n in weight.shape[::-1])
    given = generator(asked).standard_normal((len(x), len(weight))).astype(weight.dtype)
    both = np.concatenate([x, np.zeros((len(dy), x.shape[1]))]), np.concatenate([given, dy])
    x, dy = (a.astype(weight.dtype) for a in both)
    dweight, dx = np.zeros(weight.shape), np.full(x.shape, np.nan)
    dweight[:, columns], dx[len(given) :] = given.T, weight[rows]
    other = call(asked, x, weight, None, cotangents=(dy,))
    return worst([gives_gradient("dweight", other, dweight, 1), gives_gradient("dx", other, dx, 0)])


@law(linear, every=2)
def some_rows_alone(asked):
    """A row's result depends neither on its place nor on the other rows: some of them, in another order, as before."""
    x, *rest = asked.case.inputs
    if not asked.case.finite or x.ndim < 2 or len(x) < 2:
        return None
    some = picked(asked, len(x))
    return same("y", asked, call(asked, x[some], *rest), here=some)

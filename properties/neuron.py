"""The artificial neuron: a weighted sum, then an activation."""

from dataclasses import replace

import numpy as np

from ..refimpl import neuron
from ..refimpl.neuron import activate
from ..refimpl.operator import DTYPES
from .ball import WIDE, Ball, around
from .law import law, meet, worst


def _linear(asked, inputs=None):
    """The same neuron without activation, on these inputs or its own."""
    case = asked.case
    attributes = {**case.attributes, "activation": "identity"}
    return asked.on(replace(case, inputs=inputs or case.inputs, attributes=attributes))


@law(neuron)
def a_neuron_activates_its_sum(asked):
    """y = f(s), where s is what the neuron gives without activation."""
    if not asked.case.finite:
        return None
    (s,) = _linear(asked).seen
    s = Ball(s.m, s.r, asked.arithmetic, s.any)
    with np.errstate(all="ignore"):
        y = activate(asked.case.attributes["activation"], s)
    return meet("y - f(s)", asked.seen[0], around(y.m, y))


@law(neuron, every=2)
def a_neuron_without_activation_is_affine(asked):
    """Without activation y(x) + y(x') = y(x + x') + y(0), and y(0) = bias; exact on integers."""
    x, w, b = asked.case.inputs
    dtype, rng = DTYPES[asked.case.dtype], np.random.Generator(np.random.SFC64(asked.case.seed))
    one, other, w, b = (np.asarray(rng.integers(-2, 3, a.shape), dtype) for a in (x, x, w, b))
    p, q, both, none = (_linear(asked, (x, w, b)).seen[0] for x in (one, other, one + other, np.zeros_like(one)))
    bias = Ball.exact(np.broadcast_to(b, none.shape), WIDE)
    return worst([meet("y(0) - bias", none, bias), meet("y(x) + y(x') - y(x + x') - y(0)", p + q, both + none)])


@law(neuron)
def inputs_of_a_neuron_are_interchangeable(asked):
    """Inputs permuted together with their weights leave y as it is."""
    x, w, b = asked.case.inputs
    order = np.random.Generator(np.random.SFC64(asked.case.seed)).permutation(w.size)
    if not asked.case.finite or w.size < 2:
        return None
    other = asked.on(replace(asked.case, inputs=(x[:, order], w[order], b)))
    return meet("y - y(permuted)", asked.seen[0], around(other.forward[0], asked.expected[0]))


@law(neuron, needs="gradient")
def gradients_of_a_neuron_come_of_one_factor(asked):
    """For a single row, dweight = dbias x and dx = dbias weight."""
    case = asked.case
    x, w, b = case.inputs
    if not case.finite or not len(x):
        return None
    n = case.seed % len(x)
    own = slice(n, n + 1)
    dx, dw, db = asked.on(replace(case, inputs=(x[own], w, b), cotangents=(case.cotangents[0][own],))).seen_gradient
    return worst(
        [
            meet("dweight - dbias x", dw, db * Ball.exact(x[n], WIDE)),
            meet("dx - dbias weight", dx[0], db * Ball.exact(w, WIDE)),
        ]
    )

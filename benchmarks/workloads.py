"""What is timed: for every operator one small and one realistic call, and the stream of cases that the judge draws.

A row of `SIZES` names what the declaration leaves open: sizes of axes and attributes, in one dictionary. Shapes and
values follow from the declaration. Small is what the judge draws; realistic is a layer of LeNet, ResNet or an LSTM.
"""

import functools
from types import SimpleNamespace

import numpy as np
from hypothesis import Phase

from oplaws import properties
from oplaws.conformance.candidate import load
from oplaws.conformance.engine import Group
from oplaws.properties.case import Case
from oplaws.properties.rnn import GATES
from oplaws.properties.values import fill
from oplaws.refimpl import operators
from oplaws.refimpl.operator import shape_of
from oplaws.refimpl.rnn import weight_shapes

DTYPE = "float32"

VECTOR, MEGA = {"shape": (8, 12)}, {"shape": (1000, 1000)}
LOGITS = {"N": 4, "C": 10}, {"N": 128, "C": 1000}
SEQUENCE = {"T": 5, "N": 2, "I": 4, "H": 4}, {"T": 64, "N": 32, "I": 128, "H": 128}
IMAGE = {"N": 2, "C": 3, "H": 8, "W": 8}, {"N": 2, "C": 64, "H": 112, "W": 112}
DROPPING = {"p": 0.3, "training": True, "seed": 1}
CONV2D = {"N": 2, "I": 3, "O": 4, "H": 8, "W": 8, "kH": 3, "kW": 3}

SIZES = {
    **dict.fromkeys(("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus"), (VECTOR, MEGA)),
    **dict.fromkeys(("softmax", "log_softmax"), ({"shape": (4, 10)}, {"shape": (128, 1000)})),
    "mse_loss": (VECTOR, MEGA),
    "cross_entropy": LOGITS,
    "binary_cross_entropy_with_logits": (VECTOR, MEGA),
    "neuron": ({"N": 4, "D": 5}, {"N": 1024, "D": 1024}),
    "linear": ({"batch": (2,), "D": 3, "O": 4}, {"batch": (64,), "D": 1024, "O": 1024}),
    "conv1d": (
        {"N": 2, "I": 3, "O": 4, "L": 16, "k": 3},
        {"N": 16, "I": 64, "O": 64, "L": 1024, "k": 5, "padding": 2},
    ),
    "conv2d": (CONV2D, {"N": 1, "I": 64, "O": 64, "H": 56, "W": 56, "kH": 3, "kW": 3, "padding": 1}),
    "conv3d": (
        {"N": 1, "I": 2, "O": 3, "D": 4, "H": 5, "W": 5, "kD": 2, "kH": 3, "kW": 3},
        {"N": 1, "I": 16, "O": 32, "D": 16, "H": 28, "W": 28, "kD": 3, "kH": 3, "kW": 3, "padding": 1},
    ),
    "conv_transpose2d": (
        {**CONV2D, "stride": 2},
        {"N": 8, "I": 64, "O": 32, "H": 28, "W": 28, "kH": 4, "kW": 4, "stride": 2, "padding": 1},
    ),
    "max_pool2d": tuple({**image, "kernel_size": 3, "stride": 2, "padding": 1} for image in IMAGE),
    "avg_pool2d": tuple({**image, "kernel_size": 2} for image in IMAGE),
    "batch_norm": (
        {"N": 4, "C": 3, "spatial": (5, 5), "training": True},
        {"N": 8, "C": 64, "spatial": (56, 56), "training": True},
    ),
    "layer_norm": ({"batch": (4,), "D": 9}, {"batch": (4096,), "D": 768}),
    "dropout": tuple({**size, **DROPPING} for size in (VECTOR, MEGA)),
    "channel_dropout": (
        {"N": 2, "C": 3, "spatial": (4, 4), **DROPPING},
        {"N": 8, "C": 64, "spatial": (56, 56), **DROPPING},
    ),
    "tied_autoencoder": ({"N": 3, "D": 5, "H": 4}, {"N": 64, "D": 784, "H": 256}),
    "residual_block": ({"batch": (3,), "D": 5, "H": 4}, {"batch": (64,), "D": 1024, "H": 1024}),
    "residual_basic_block": (
        {"N": 2, "C": 2, "O": 3, "H": 5, "W": 5, "stride": 2},
        {"N": 1, "C": 64, "O": 128, "H": 56, "W": 56, "stride": 2},
    ),
    **dict.fromkeys(("rnn", "lstm", "gru"), SEQUENCE),
    "sgd": tuple({**size, "lr": 0.1, "momentum": 0.9} for size in (VECTOR, MEGA)),
    "adam": tuple({**size, "step": 10} for size in (VECTOR, MEGA)),
}  # fmt: skip


@functools.cache
def workload(name, size):
    """The call of an operator at "small" or "realistic" size: normal values, every optional array given."""
    operator, chosen = operators[name], SIZES[name][size == "realistic"]
    attributes = operator.defaults | {k: v for k, v in chosen.items() if k in operator.attributes}
    sizes = chosen | {k: v for k, v in attributes.items() if type(v) is int}
    sizes |= operator.derive(attributes) if operator.derive else {}
    positions = [i for i, argument in enumerate(operator.positions) if argument != operator.variadic]
    shapes = [shape_of(operator.declared(i).axes, sizes) for i in positions]
    if operator.variadic:
        shapes += weight_shapes(GATES[name], sizes)
    rng = np.random.Generator(np.random.SFC64(0))
    inputs = tuple(
        fill(rng, operator.declared(i), shape, sizes, "normal", DTYPE, None) for i, shape in enumerate(shapes)
    )
    results = operator(*inputs, **attributes)
    cotangents = tuple(
        rng.standard_normal(y.shape).astype(DTYPE) if spec.differentiable else None
        for y, spec in zip(
            results if isinstance(results, tuple) else (results,), operator.results.values(), strict=True
        )
    )
    return Case(operator, DTYPE, inputs, attributes, cotangents, ("contiguous",) * len(inputs + cotangents))


def draw(operator, dtype, examples, seed, visit):
    """Visit the cases that `oplaws run --examples N --seed S` judges."""
    properties.load()
    plan = SimpleNamespace(candidate=load("reference"), examples=examples, seed=seed)
    Group(plan, operator, dtype, []).stream(visit, [Phase.generate])

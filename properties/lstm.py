"""LSTM: its gates read off a black box, and the cell as a wire. What it shares with other networks: rnn.py."""

import itertools

import numpy as np

from ..refimpl import lstm, sigmoid, tanh
from ..refimpl.operator import DTYPES
from .ball import Ball
from .law import agree, law
from .rnn import (
    FAR,
    IDLE,
    OPEN,
    SHUT,
    activation_readings,
    at_most,
    carried,
    lifted,
    preactivation,
    probe,
    read_units,
    saturated,
    weight_readings,
    wire,
)

# What each of five units does: a gate is None where its unit shows it.
PROBES = {
    "i": (None, SHUT, OPEN, SHUT, SHUT),
    "f": (SHUT, None, SHUT, OPEN, OPEN),
    "g": (OPEN, IDLE, None, IDLE, IDLE),
    "o": (OPEN, OPEN, OPEN, None, OPEN),
}
CELL = (0.0, 1.0, 0.0, 30.0, 0.75)
SHOWN = [("input gate", 1), ("forget gate", 1), ("cell gate", 1), ("output gate", 0), ("tanh of the cell", 0)]


@law(lstm, every=2)
def lstm_gates_are_read_off(asked):
    """With the other gates saturated, c_1 or h_1 shows i, f, g, o or tanh(c): each of x @ w.T + h @ u.T + b + d."""
    x, h, *weights = probe(asked, list(PROBES.values()))
    c0 = np.array([[CELL]], DTYPES[asked.case.dtype])

    def formula(weights=weights, gate=sigmoid, cell=tanh, output=tanh):
        x_, h_, *weights = lifted(asked, (x, h, *weights))
        i, f, g, o = np.split(preactivation(x_, h_, *weights)[0, 0], 4)
        c = gate(f) * lifted(asked, [c0])[0][0, 0] + gate(i) * cell(g)
        return np.concatenate([c[:3], (gate(o) * output(c))[3:]])

    readings = itertools.chain(
        weight_readings(tuple(PROBES), *weights),
        activation_readings(gate="sigmoid", cell="tanh", output="tanh"),
    )
    return read_units(asked, (x, h, c0, *weights), SHOWN, formula, readings)


def _wire(asked):
    """Input gates shut, forget gates open, nothing else moves; large cells too."""
    dtype = DTYPES[asked.case.dtype]
    bias = np.repeat([-FAR, FAR, 0.0, 0.0], 3).astype(dtype)
    weights = np.zeros((12, 2), dtype), np.zeros((12, 3), dtype), bias, bias
    return wire(asked, weights, (np.zeros((1, 1, 3), dtype), np.array([[[0.75, -20, 1000]]], dtype)))


@law(lstm, every=4)
def forget_one_and_input_zero_carry_the_cell(asked):
    """With the forget gate at 1 and the input gate at 0 the cell is a wire over many steps: c_T = c_0."""
    other = _wire(asked)
    return agree(carried(asked, other.case.inputs[2]), other.forward[2], "c_n")


@law(lstm, needs="gradient", every=4)
def forget_one_and_input_zero_carry_the_gradient(asked):
    """With the forget gate at 1 and the input gate at 0, h apart, dc_0 = dc_T over many steps."""
    case = _wire(asked).case
    output, dh, dc = case.cotangents
    alone = asked.on(case.with_arrays((*case.inputs, output, np.zeros_like(dh), dc)))
    return agree(carried(asked, dc), alone.vjp[2], "dc0")


@law(lstm, every=2)
def cells_grow_by_one_at_most(asked):
    """i g lies in [-1, 1] and f in [0, 1]: |c_t| <= |c_0| + t, whatever the input."""
    if not asked.case.finite:
        return None
    x, _, c0 = asked.case.inputs[:3]
    limit, one = Ball.exact(np.abs(c0), asked.arithmetic), saturated(asked)
    for _ in range(len(x)):
        limit = one * limit + one * one
    return at_most(limit, asked.forward[2], "|c_n|")

"""GRU: its gates read off a black box, and the state as a wire. What it shares with other networks: rnn.py."""

import itertools

import numpy as np

from ..refimpl import gru, sigmoid, tanh
from ..refimpl.operator import DTYPES
from ..refimpl.words import lerp
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
    probe,
    read_units,
    saturated,
    weight_readings,
    wire,
)

# What each of four units does: a gate is None where its unit shows it.
PROBES = {
    "r": (None, SHUT, SHUT, OPEN),
    "z": (SHUT, None, SHUT, SHUT),
    "n": (None, IDLE, None, None),
}
SHOWN = [("reset gate, in tanh(r q)", 0), ("update gate", 0), ("new gate, reset", 0), ("new gate, not reset", 0)]


@law(gru, every=2)
def gru_gates_are_read_off(asked):
    """With the other gates saturated, h_1 shows z, or n = tanh(x @ w_n.T + b_n + r (h @ u_n.T + d_n)) and in it r."""
    x, h, *weights = probe(asked, list(PROBES.values()))

    def formula(weights=weights, gate=sigmoid, new=tanh, before=False, replaces=False):
        x_, h_, w, u, b, d = lifted(asked, (x, h, *weights))
        (xr, xz, xn), (hr, hz, hn) = (np.split(a, 3, axis=-1) for a in (x_ @ w.T, h_ @ u.T))
        (br, bz, bn), (dr, dz, dn) = np.split(b, 3), np.split(d, 3)
        r, z = gate(xr + hr + br + dr), gate(xz + hz + bz + dz)
        product = (r * h_) @ np.split(u, 3)[2].T + dn if before else r * (hn + dn)
        n = new(xn + bn + product)
        return (lerp(h_, n, z) if replaces else lerp(n, h_, z))[0, 0]

    readings = itertools.chain(
        [("the reset looks applied before the recurrent product", {"before": True})],
        [("the update gate looks like the share of the new, not of h", {"replaces": True})],
        weight_readings(tuple(PROBES), *weights),
        activation_readings(gate="sigmoid", new="tanh"),
    )
    return read_units(asked, (x, h, *weights), SHOWN, formula, readings)


def _wire(asked):
    """Update gates at 1, the new gates at 0; large states too."""
    dtype = DTYPES[asked.case.dtype]
    bias = np.repeat([0.0, FAR, 0.0], 3).astype(dtype)
    weights = np.zeros((9, 2), dtype), np.zeros((9, 3), dtype), bias, bias
    return wire(asked, weights, (np.array([[[0.75, -20, 1000]]], dtype),))


@law(gru, every=4)
def update_one_carries_the_state(asked):
    """With the update gate at 1 the state is a wire over many steps: h_T = h_0."""
    other = _wire(asked)
    return agree(carried(asked, other.case.inputs[1]), other.forward[1], "h_n")


@law(gru, needs="gradient", every=4)
def update_one_carries_the_gradient(asked):
    """With the update gate at 1, dh_0 = dh_T over many steps."""
    other = _wire(asked)
    return agree(carried(asked, other.case.cotangents[1]), other.vjp[1], "dh0")


@law(gru, every=2)
def states_stay_between_the_old_and_one(asked):
    """A state moves part of the way to a tanh: |h_t| <= max(|h_0|, 1), whatever the input."""
    if not asked.case.finite:
        return None
    x, h0 = asked.case.inputs[:2]
    limit, one = Ball.exact(np.maximum(np.abs(h0), 1), asked.arithmetic), saturated(asked)
    for _ in range(len(x)):
        limit = lerp(-limit, limit, one)
    return at_most(limit, asked.forward[1], "|h_n|")

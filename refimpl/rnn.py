"""Recurrent networks: the Elman network, and what rnn, lstm and gru share.

    h_t = f(x_t @ w.T + h_(t-1) @ u.T + b + d),   f = tanh or relu

A recurrent network is a step, repeated. This file repeats it: over time (`sweep`), over directions and layers
(`forward`), and back again through all three (`backward`: backpropagation through time). A network brings two
functions:

    step(ih, states, u, b, d)           ->  new states, kept        ih = x_t @ w.T; the first state is the output h
    step_vjp(dstates, kept, states, u)  ->  dih, dhh, dstates       dih = d(x_t @ w.T + b), dhh = d(h @ u.T + d)

Conventions, those of PyTorch and cuDNN: time-major x (T, N, I); both products have a bias; weights w, u, b, d
(weight_ih, weight_hh, bias_ih, bias_hh) for each layer and, within a layer, forward then reverse; states are stacked
in the same order; a layer's output, its directions side by side, is the next layer's input.

With `lengths` a sequence ends after its own number of steps: later inputs are not seen, later outputs are 0, the
states stay. So the reverse direction, which meets the missing steps first, starts at each sequence's own end with its
initial state.
"""

import numpy as np

from .activations import relu, relu_vjp, tanh_vjp
from .operator import Unjudged, choice, data, flag, integer, length, operator, result, state, unlisted, weight

# --- the same for every recurrent network ------------------------------------------------------------------------


def sweep(step, x, states, weights, mask, reverse):
    """One layer, one direction: output (T, N, H), last states, and of each step its time, states before and kept."""
    w, u, b, d = weights
    ih = np.reshape(rows(x) @ w.T, (*x.shape[:2], w.shape[0]))
    outputs, trace = [], []
    for t in reversed(range(x.shape[0])) if reverse else range(x.shape[0]):
        new, kept = step(ih[t], states, u, b, d)
        trace.append((t, states, kept))
        states = running(mask, t, new, states)
        outputs.append(states[0])
    return blank(mask, np.stack(outputs[::-1] if reverse else outputs)), states, trace


def sweep_vjp(step_vjp, doutput, dstates, x, weights, mask, trace):
    """The same way back: dx, cotangents of the first states, and of the weights, each one sum over time and batch."""
    w, u, _, _ = weights
    steps = []
    for t, states, kept in reversed(trace):
        dih, dhh, before = step_vjp((dstates[0] + doutput[t], *dstates[1:]), kept, states, u)
        steps.append((t, dih, dhh, states[0]))
        dstates = running(mask, t, before, dstates)
    _, dih, dhh, h = zip(*sorted(steps, key=lambda step: step[0]), strict=True)
    dih, dhh, h = blank(mask, np.stack(dih)), blank(mask, np.stack(dhh)), np.stack(h)
    dw, du = rows(dih).T @ rows(x), rows(dhh).T @ rows(h)
    db, dd = np.sum(dih, axis=(0, 1)), np.sum(dhh, axis=(0, 1))
    return np.reshape(rows(dih) @ w, x.shape), dstates, (dw, du, db, dd)


def forward(step, x, states, weights, *, num_layers, bidirectional, lengths):
    """All layers: output, last states (stacked like the first ones), and for each layer its input and its traces."""
    directions = 2 if bidirectional else 1
    mask = within(x, lengths)
    x = blank(mask, x)
    last, layers = [], []
    for layer in range(num_layers):
        outputs, traces = [], []
        for direction in range(directions):
            at = layer * directions + direction
            first = tuple(s[at] for s in states)
            output, end, trace = sweep(step, x, first, weights[4 * at : 4 * at + 4], mask, direction == 1)
            outputs.append(output)
            traces.append(trace)
            last.append(end)
        layers.append((x, traces))
        x = np.concatenate(outputs, axis=-1)
    return x, tuple(map(np.stack, zip(*last, strict=True))), layers


def backward(step, step_vjp, cotangents, x, states, weights, **attributes):
    """Backpropagation through time: cotangents of x, of each initial state and of each weight."""
    _, _, layers = forward(step, x, states, weights, **attributes)
    mask, H = within(x, attributes["lengths"]), states[0].shape[2]
    doutput, *dlast = cotangents
    dfirst, dweights = [], []
    at = states[0].shape[0]
    for x, traces in reversed(layers):
        dx = None
        for direction in reversed(range(len(traces))):
            at = at - 1
            dh = doutput[..., direction * H : (direction + 1) * H]
            dend = tuple(ds[at] for ds in dlast)
            part, dbegin, dw = sweep_vjp(step_vjp, dh, dend, x, weights[4 * at : 4 * at + 4], mask, traces[direction])
            dx = part if dx is None else dx + part
            dfirst.insert(0, dbegin)
            dweights.insert(0, dw)
        doutput = dx
    return (doutput, *map(np.stack, zip(*dfirst, strict=True)), *(d for four in dweights for d in four))


def within(x, lengths):
    """Which steps each sequence has, (T, N, 1); None where it has all."""
    if lengths is None:
        return None
    return np.expand_dims(np.expand_dims(np.arange(x.shape[0]), -1) < lengths, -1)


def running(mask, t, new, old):
    """The new states of the sequences that have step t, the old ones of the others."""
    return new if mask is None else tuple(np.where(mask[t], *pair) for pair in zip(new, old, strict=True))


def blank(mask, x):
    """0 at the steps that a sequence has not, whatever stands there."""
    return x if mask is None else np.where(mask, x, 0)


def rows(x):
    """Time and batch as one axis: (T, N, I) -> (T*N, I)."""
    return np.reshape(x, (x.shape[0] * x.shape[1], x.shape[2]))


def weight_shapes(gates, sizes):
    """The shapes of all weights: w, u, b, d for each layer and direction."""
    H, D = sizes["H"], sizes["directions"]
    inputs = [sizes["I"]] + [D * H] * (sizes["num_layers"] - 1)
    rows = gates * H
    return [shape for I in inputs for _ in range(D) for shape in ((rows, I), (rows, H), (rows,), (rows,))]


def declaration(gates, states):
    """What the recurrent networks declare alike; `gates` counts the blocks of a weight's rows."""

    def fits(shapes, attributes, sizes):
        if not sizes["T"] and attributes["lengths"] is not None:
            raise Unjudged("lengths must lie in 1..T, got T = 0")
        given, needed = shapes[1 + len(states) :], weight_shapes(gates, sizes)
        if len(given) != len(needed):
            raise ValueError(f"weights must be {len(needed)} arrays, 4 for each layer and direction, got {len(given)}")
        for at, (shape, wanted) in enumerate(zip(given, needed, strict=True)):
            if shape != wanted:
                raise ValueError(f"weights must have the shape {wanted} at {at}, got {shape}")

    return {
        "x": data("T N I"),
        **{name: state("num_layers*directions N H") for name in states},
        "weights": weight("...", fan_in="H"),
        "num_layers": unlisted(integer(1, 1, 2, 3)),
        "bidirectional": flag(),
        "lengths": length("N", upto="T"),
        "derive": lambda attributes: {"directions": 2 if attributes["bidirectional"] else 1},
        "check": fits,
    }


# --- the Elman network -------------------------------------------------------------------------------------------

NONLINEARITIES = {"tanh": (np.tanh, tanh_vjp), "relu": (relu, relu_vjp)}


def steps(nonlinearity):
    f, f_vjp = NONLINEARITIES[nonlinearity]

    def step(ih, states, u, b, d):
        (h,) = states
        a = ih + h @ u.T + b + d
        return (f(a),), a

    def step_vjp(dstates, a, states, u):
        (da,) = f_vjp(*dstates, a)
        return da, da, (da @ u,)

    return step, step_vjp


@operator(
    **declaration(gates=1, states=("h0",)),
    nonlinearity=choice("tanh", "relu"),
    returns={
        "output": result("T N directions*H", low=-1),
        "h_n": result("num_layers*directions N H", low=-1),
    },
    source="Elman 1990; two directions: Schuster & Paliwal 1997",
)
def rnn(x, h0, *weights, nonlinearity="tanh", num_layers=1, bidirectional=False, lengths=None):
    """h_t = f(x_t @ w.T + h_(t-1) @ u.T + b + d) -> all h of the last layer, the last h of each layer and direction."""
    step, _ = steps(nonlinearity)
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional, "lengths": lengths}
    output, (h_n,), _ = forward(step, x, (h0,), weights, **attributes)
    return output, h_n


@rnn.vjp
def rnn_vjp(cotangents, x, h0, *weights, nonlinearity, **attributes):
    return backward(*steps(nonlinearity), cotangents, x, (h0,), weights, **attributes)

"""lstm | forward | the input and the forget gate are swapped: rows are read as f, i, g, o | NX-AI/xlstm#98

Every shape is right and the gradient is that of the function computed; only the meaning of the rows is wrong.
"""

import numpy as np


def lstm(x, h0, c0, *weights, num_layers=1, bidirectional=False, lengths=None):
    lengths = _check(x, h0, c0, weights, num_layers, bidirectional, lengths)
    return _run(x, h0, c0, weights, num_layers, 1 + bidirectional, lengths)[0]


def lstm_vjp(cotangents, x, h0, c0, *weights, num_layers=1, bidirectional=False, lengths=None):
    lengths = _check(x, h0, c0, weights, num_layers, bidirectional, lengths)
    directions, hidden = 1 + bidirectional, h0.shape[2]
    results, tapes = _run(x, h0, c0, weights, num_layers, directions, lengths)
    dy, dh, dc = (np.zeros_like(r) if d is None else d for d, r in zip(cotangents, results, strict=True))
    alive = _alive(x, lengths)
    dh0, dc0, dweights = np.zeros_like(h0), np.zeros_like(c0), [None] * len(weights)
    for layer in reversed(range(num_layers)):
        dx = 0
        for direction in range(directions):
            k = layer * directions + direction
            own = slice(4 * k, 4 * k + 4)
            dpart = np.where(alive, dy[..., direction * hidden : (direction + 1) * hidden], 0)
            dseen, dh0[k], dc0[k], dweights[own] = _back(
                _turn(dpart, direction, lengths), dh[k], dc[k], tapes[k], weights[own]
            )
            dx = dx + _turn(dseen, direction, lengths)
        dy = dx
    return dy, dh0, dc0, *dweights


def _run(x, h0, c0, weights, num_layers, directions, lengths):
    alive, h_n, c_n, tapes = _alive(x, lengths), [], [], []
    for layer in range(num_layers):
        outputs = []
        for direction in range(directions):
            k = layer * directions + direction
            y, h, c, tape = _sweep(_turn(x, direction, lengths), h0[k], c0[k], weights[4 * k : 4 * k + 4], alive)
            outputs.append(np.where(alive, _turn(y, direction, lengths), x.dtype.type(0)))
            h_n.append(h)
            c_n.append(c)
            tapes.append(tape)
        x = np.concatenate(outputs, axis=2)
    return (x, np.stack(h_n), np.stack(c_n)), tapes


def _sweep(x, h, c, weights, alive):
    w_ih, w_hh, b_ih, b_hh = weights
    outputs, tape = [], []
    for xt, here in zip(x, alive, strict=True):
        a = xt @ w_ih.T + h @ w_hh.T + b_ih + b_hh
        # The fault: the rows are stacked input, forget, cell, output.
        f, i, g, o = np.split(a, 4, axis=1)
        f, i, g, o = _sigmoid(f), _sigmoid(i), np.tanh(g), _sigmoid(o)
        new_c = f * c + i * g
        t = np.tanh(new_c)
        tape.append((xt, h, c, f, i, g, o, t, here))
        outputs.append(o * t)
        # A sequence that has ended keeps its state.
        h, c = np.where(here, o * t, h), np.where(here, new_c, c)
    return np.stack(outputs), h, c, tape


def _back(dy, dh, dc, tape, weights):
    w_ih, w_hh, b_ih, _ = weights
    dw_ih, dw_hh, db = np.zeros_like(w_ih), np.zeros_like(w_hh), np.zeros_like(b_ih)
    dx = [None] * len(tape)
    for t in reversed(range(len(tape))):
        xt, h, c, f, i, g, o, tanh_c, here = tape[t]
        dht = dh + dy[t]
        dct = dc + dht * o * (1 - tanh_c * tanh_c)
        da = np.concatenate(
            [dct * c * f * (1 - f), dct * g * i * (1 - i), dct * i * (1 - g * g), dht * tanh_c * o * (1 - o)], axis=1
        )
        da = np.where(here, da, 0)
        dx[t] = da @ w_ih
        dw_ih, dw_hh, db = dw_ih + da.T @ xt, dw_hh + da.T @ h, db + np.sum(da, axis=0)
        dh, dc = np.where(here, da @ w_hh, dh), np.where(here, dct * f, dc)
    return np.stack(dx), dh, dc, (dw_ih, dw_hh, db, db.copy())


def _sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _alive(x, lengths):
    return (np.arange(len(x))[:, None] < lengths)[:, :, None]


def _turn(x, reverse, lengths):
    """Each sequence reversed within its own length."""
    if not reverse:
        return x
    t = np.arange(len(x))[:, None]
    return x[np.where(t < lengths, lengths - 1 - t, t), np.arange(x.shape[1])]


def _check(x, h0, c0, weights, num_layers, bidirectional, lengths):
    directions = 1 + bidirectional
    if x.ndim != 3 or h0.ndim != 3 or num_layers < 1 or len(weights) != 4 * num_layers * directions:
        raise ValueError(
            f"lstm: x of shape {x.shape}, h0 of shape {h0.shape}, num_layers={num_layers} "
            f"and {len(weights)} weights do not fit"
        )
    (steps, batch, features), hidden = x.shape, h0.shape[2]
    if not h0.shape == c0.shape == (num_layers * directions, batch, hidden):
        raise ValueError(f"lstm: states of shapes {h0.shape} and {c0.shape}")
    for k in range(num_layers * directions):
        width = features if k < directions else hidden * directions
        expected = [(4 * hidden, width), (4 * hidden, hidden), (4 * hidden,), (4 * hidden,)]
        if [w.shape for w in weights[4 * k : 4 * k + 4]] != expected:
            raise ValueError(f"lstm: weights of layer {k // directions} must have the shapes {expected}")
    lengths = np.full(batch, steps) if lengths is None else np.asarray(lengths)
    if lengths.shape != (batch,) or np.any((lengths < 1) | (lengths > steps)):
        raise ValueError(f"lstm: lengths must be {batch} integers in 1..{steps}, got {lengths}")
    return lengths

"""A small candidate: plain functions on NumPy arrays, named after the operators. It imports nothing of the suite.

    oplaws run examples/my_candidate.py

What a file does not offer is reported as missing, not as wrong.
"""

import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid_vjp(dy, x):
    s = sigmoid(x)
    return (dy * s * (1 - s),)


def relu(x):
    return np.maximum(x, 0)


def relu_vjp(dy, x):
    return (dy * (x > 0),)


def linear(x, weight, bias=None):
    if weight.ndim != 2 or x.shape[-1:] != weight.shape[1:]:
        raise ValueError(f"linear: weight of shape {weight.shape} does not fit x of shape {x.shape}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"linear: bias of shape {bias.shape} does not fit weight of shape {weight.shape}")
    y = x @ weight.T
    return y if bias is None else y + bias


def linear_vjp(dy, x, weight, bias=None):
    leading = tuple(range(x.ndim - 1))
    dweight = np.tensordot(dy, x, (leading, leading))
    return dy @ weight, dweight, None if bias is None else np.sum(dy, axis=leading)

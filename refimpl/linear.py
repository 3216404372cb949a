"""Linear (fully connected) layer: y = x weightᵀ + bias.

The weight is (out, in), as in PyTorch; Keras and Flax store its transpose. Any axes may come before x's last
one.
"""

import math

import numpy as np

from .operator import data, operator, result, weight


@operator(
    x=data("*batch D", affine=True),
    weight=weight("O D", fan_in="D", affine=True),
    bias=weight("O", fan_in="D", optional=True, affine=True),
    returns={"y": result("*batch O")},
    source="Rosenblatt 1958; Rumelhart, Hinton & Williams 1986",
)
def linear(x, weight, bias=None):
    """x weightᵀ + bias over the last axis of x."""
    y = x @ weight.T
    return y if bias is None else y + bias


@linear.vjp
def linear_vjp(dy, x, weight, bias):
    # One flat batch, so that the gradients of weight and bias are one sum each, not sums of sums.
    rows, (o, d) = math.prod(x.shape[:-1]), weight.shape
    flat_dy, flat_x = np.reshape(dy, (rows, o)), np.reshape(x, (rows, d))
    return dy @ weight, flat_dy.T @ flat_x, None if bias is None else np.sum(flat_dy, axis=0)

"""Residual units: a layer learns what to add to its input.

    residual_block:        y = x + linear(relu(linear(x)))
    residual_basic_block:  y = relu(shortcut(x) + norm(conv(relu(norm(conv(x))))))

The second is the basic block of ResNet: 3x3 convolutions with padding 1 and without bias, the first with the
stride, and batch statistics throughout. Its shortcut is x, or a 1x1 convolution with the stride, itself not
normalised (torchvision normalises it). The gradients are backpropagation through the texts.
"""

import numpy as np

from .activations import relu
from .convolution import conv2d
from .linear import linear
from .normalisation import EPS, batch_norm
from .operator import Unjudged, data, integer, operator, result, weight


@operator(
    x=data("*batch D"),
    w1=weight("H D", fan_in="D"),
    b1=weight("H", fan_in="D"),
    w2=weight("D H", fan_in="H", affine=True),
    b2=weight("D", fan_in="H", affine=True),
    returns={"y": result("*batch D")},
    source="He et al. 2015, arXiv:1512.03385",
)
def residual_block(x, w1, b1, w2, b2):
    """x + linear(relu(linear(x, w1, b1)), w2, b2)."""
    return x + linear(relu(linear(x, w1, b1)), w2, b2)


def _shortcut_fits(shapes, attributes, sizes):
    (_, *image), projection = shapes[0], shapes[7]
    sizes["P"], sizes["Q"] = ((n - 1) // attributes["stride"] + 1 for n in image[1:])
    if projection is None and tuple(image) != (sizes["O"], sizes["P"], sizes["Q"]):
        raise ValueError("w_projection must be given where channels or stride change the shape, got None")
    if shapes[0][0] * sizes["P"] * sizes["Q"] == 1:
        raise Unjudged(f"x must leave more than one value for each channel to normalise, got shape {shapes[0]}")


@operator(
    x=data("N C H W"),
    w1=weight("O C 3 3", fan_in="9*C"),
    gamma1=weight("O"),
    beta1=weight("O"),
    w2=weight("O O 3 3", fan_in="9*O"),
    gamma2=weight("O"),
    beta2=weight("O"),
    w_projection=weight("O C 1 1", fan_in="C", optional=True),
    stride=integer(1, 1, 2),
    eps=EPS,
    returns={"y": result("N O P Q", 0)},
    check=_shortcut_fits,
    avoid=("huge", "near_max"),
    source="He et al. 2015, arXiv:1512.03385",
)
def residual_basic_block(x, w1, gamma1, beta1, w2, gamma2, beta2, w_projection=None, *, stride=1, eps=1e-5):
    """relu(shortcut(x) + norm(conv(relu(norm(conv(x, w1)))), w2)), the shortcut being x or its 1x1 convolution."""
    shortcut = x if w_projection is None else conv2d(x, w_projection, stride=stride)
    hidden = relu(_norm(conv2d(x, w1, stride=stride, padding=1), gamma1, beta1, eps))
    return relu(shortcut + _norm(conv2d(hidden, w2, padding=1), gamma2, beta2, eps))


def _norm(x, gamma, beta, eps):
    unused = np.zeros_like(gamma)
    return batch_norm(x, gamma, beta, unused, unused, training=True, eps=eps)[0]

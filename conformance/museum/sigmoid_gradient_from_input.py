"""sigmoid | gradient | the backward kernel gets x where it expects the output: x (1 - x) | tensorflow/swift-apis#341"""

from oplaws import refimpl

sigmoid = refimpl.sigmoid


def sigmoid_vjp(dy, x):
    return (dy * (x * (1 - x)),)

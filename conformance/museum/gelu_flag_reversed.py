"""gelu | shape-or-attribute | "none" computes the tanh form, and "tanh" the exact one | tenstorrent/tt-metal#1262"""

from oplaws import refimpl

OTHER = {"none": "tanh", "tanh": "none"}


def gelu(x, *, approximate="none"):
    return refimpl.gelu(x, approximate=OTHER.get(approximate, approximate))


def gelu_vjp(dy, x, *, approximate="none"):
    return refimpl.gelu_vjp(dy, x, approximate=OTHER[approximate])

"""Pooling: how its cases are drawn, and what a maximum hands back."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from ..refimpl import avg_pool2d, max_pool2d
from ..refimpl.words import per_axis, reach
from .ball import Arithmetic, Ball
from .case import Structure, draw_attribute, draw_size, structure
from .convolution import extents
from .law import agree, law


@structure(avg_pool2d)
@structure(
    max_pool2d,
    leaves_out="windows that see padding alone: they kill the process of a framework, and candidates are not isolated",
)
def pooling_structure(draw, operator):
    attributes = {name: draw_attribute(draw, spec, 2) for name, spec in operator.attributes.items()}
    kernel = per_axis(attributes["kernel_size"], 2)
    if attributes["stride"] is None:
        stride = kernel
    else:
        stride = per_axis(attributes["stride"], 2)
    dilation = per_axis(attributes.get("dilation", 1), 2)
    padding = tuple(min(p, k // 2) for p, k in zip(per_axis(attributes["padding"], 2), kernel, strict=True))
    attributes["padding"] = padding if len(set(padding)) > 1 else padding[0]
    long = draw(st.sampled_from((None, None, "C", "positions")))
    size = extents(draw, kernel, stride, padding, dilation, long)
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        positions, _ = reach(n, k, s, p, d, ceil=attributes["ceil_mode"])
        cells = [[w * s - p + d * j for j in range(k)] for w in range(positions)]
        assume(all(any(0 <= cell < n for cell in window) for window in cells))
    batch = draw(st.sampled_from((1, 2, 3, 1, 2, 0)))
    return Structure([(batch, draw_size(draw, "C", long), *size)], attributes)


@law(max_pool2d, needs="gradient")
def max_pool_hands_on_each_cotangent_once(asked):
    """The gradients of an image sum to its cotangents: a tied window shares one cotangent, it does not multiply it."""
    (dy,), (dx,) = asked.case.cotangents, asked.vjp
    if not asked.case.finite:
        return None
    wide = Arithmetic.of("float64")
    with np.errstate(all="ignore"):
        # shares that were divided and added up again, in any order; then the judge's own sum in float64
        handed = np.sum(Ball.exact(dy, asked.arithmetic) / 3 * 3, axis=(2, 3))
        found = np.sum(Ball.exact(dx, wide), axis=(2, 3))
    return agree(Ball(handed.m, handed.r + found.r, asked.arithmetic, handed.any), found.m, "sum of dx")

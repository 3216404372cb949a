"""Convolutions: how their cases are drawn. Sizes follow from the attributes, so that every drawn case is legal."""

from hypothesis import strategies as st

from ..refimpl import conv1d, conv2d, conv3d, conv_transpose2d
from ..refimpl.words import per_axis
from .case import Structure, draw_attribute, draw_size, structure


def draw_shared(draw, operator, axes):
    """Attributes, channels and kernel, and the chosen long axis."""
    attributes = {name: draw_attribute(draw, spec, axes) for name, spec in operator.attributes.items()}
    long = draw(st.sampled_from((None, None, None, "I", "O", "positions", "N")))
    channels = tuple(draw_size(draw, name, long) for name in ("I", "O"))
    kernel = tuple(draw(st.sampled_from((1, 2, 3, 3, 4, 5) if axes < 3 else (1, 2, 3))) for _ in range(axes))
    batch = draw(st.sampled_from((1, 2, 3, 0, 17))) if long == "N" else draw(st.sampled_from((1, 2, 3, 2, 1, 0)))
    return attributes, channels, kernel, batch, long


def extents(draw, kernel, stride, padding, dilation, long=None):
    """Sizes on which the kernel fits: a number of positions, and cells that no window reaches."""
    sizes = []
    for axis, (k, s, p, d) in enumerate(zip(kernel, stride, padding, dilation, strict=True)):
        positions = draw_size(draw, "positions", long if axis == len(kernel) - 1 else None)
        unreached = draw(st.integers(0, s - 1))
        sizes.append(max((positions - 1) * s + d * (k - 1) + 1 - 2 * p + unreached, 1))
    return tuple(sizes)


@structure(conv1d, conv2d, conv3d)
def convolution_structure(draw, operator):
    axes = len(operator.arrays["x"].axes) - 2
    attributes, (i, o), kernel, batch, long = draw_shared(draw, operator, axes)
    stride, padding, dilation = (per_axis(attributes[name], axes) for name in ("stride", "padding", "dilation"))
    size = extents(draw, kernel, stride, padding, dilation, long)
    groups = attributes["groups"]
    bias = (groups * o,) if draw(st.booleans()) else None
    return Structure([(batch, groups * i, *size), (groups * o, i, *kernel), bias], attributes)


@structure(conv_transpose2d)
def transposed_structure(draw, operator):
    attributes, (i, o), kernel, batch, long = draw_shared(draw, operator, 2)
    size = tuple(draw_size(draw, "positions", long if axis else None) for axis in range(2))
    groups = attributes["groups"]
    bias = (groups * o,) if draw(st.booleans()) else None
    return Structure([(batch, groups * i, *size), (groups * i, o, *kernel), bias], attributes)

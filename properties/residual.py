"""Residual units: how the cases of the convolutional one are drawn, whose shortcut decides which shapes are legal."""

from hypothesis import strategies as st

from ..refimpl import residual_basic_block
from .case import Structure, draw_attribute, structure


@structure(residual_basic_block)
def basic_block_structure(draw, operator):
    attributes = {name: draw_attribute(draw, spec) for name, spec in operator.attributes.items()}
    batch, channels, out = (draw(st.sampled_from((1, 2, 3, 4))) for _ in range(3))
    height, width = (draw(st.sampled_from((2, 3, 4, 5, 7))) for _ in range(2))
    stride = attributes["stride"]
    if batch * -(-height // stride) * -(-width // stride) == 1:  # one value a channel has no variance
        batch = 2
    projected = draw(st.booleans()) or stride != 1
    out = out if projected else channels
    projection = (out, channels, 1, 1) if projected else None
    return Structure(
        [
            (batch, channels, height, width),
            (out, channels, 3, 3),
            (out,),
            (out,),
            (out, out, 3, 3),
            (out,),
            (out,),
            projection,
        ],
        attributes,
    )

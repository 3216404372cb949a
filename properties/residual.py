"""Residual units: how the cases of the convolutional one are drawn, whose shortcut decides which shapes are legal;
what a unit is without its branch, and what the branch adds.
"""

from dataclasses import replace

import numpy as np

from ..refimpl import residual_basic_block, residual_block
from ..refimpl.operator import DTYPES
from .ball import WIDE, Ball
from .case import Structure, deal, draw_attributes, structure
from .law import agree, law, meet, worst


@structure(residual_basic_block)
def basic_block_structure(draw, operator, large):
    attributes = draw_attributes(draw, operator)
    batch, channels, out = (deal(draw, name, (1, 2, 3, 4)) for name in ("batch", "channels", "out"))
    height, width = (deal(draw, name, (1, 2, 3, 4, 5, 6, 7, 8)) for name in ("height", "width"))
    if large:
        channels, out, height, width = deal(draw, "of what", ((33, 17, 5, 4), (2, 3, 33, 65)))
    stride = attributes["stride"]
    if batch * -(-height // stride) * -(-width // stride) == 1:  # one value a channel has no variance
        batch = 2
    projected = deal(draw, "projected", (False, True)) or stride != 1
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


# --- laws --------------------------------------------------------------------------------------------------------


def _with(asked, attributes=None, **arrays):
    """The same call with some arguments replaced, by name."""
    case, names = asked.case, asked.operator.positions
    inputs = [arrays.get(name, array) for name, array in zip(names, case.inputs, strict=True)]
    return asked.on(replace(case, inputs=tuple(inputs), attributes={**case.attributes, **(attributes or {})}))


def _shut(asked, scale, shift):
    """The same call with a branch that ends in 0; None where something in it overflows on the way."""
    if not asked.case.finite:
        return None
    zeros = {name: np.zeros_like(_argument(asked, name)) for name in (scale, shift)}
    shut = _with(asked, **zeros)
    return None if any(b.any is not None and b.any.any() for b in shut.expected) else shut


def _argument(asked, name):
    return asked.case.inputs[asked.operator.positions.index(name)]


@law(residual_block, every=2)
def a_block_without_branch_is_the_identity(asked):
    """With w2 = 0 and b2 = 0, y = x bit for bit: the skip is what came in, whatever the branch does on its way."""
    if (shut := _shut(asked, "w2", "b2")) is None:
        return None
    return agree(Ball.exact(asked.case.inputs[0], asked.arithmetic), shut.forward[0], "y without a branch")


@law(residual_block, needs="gradient", every=2)
def a_block_without_branch_hands_on_the_cotangent(asked):
    """With w2 = 0 and b2 = 0, dx = dy bit for bit."""
    if (shut := _shut(asked, "w2", "b2")) is None:
        return None
    return agree(Ball.exact(asked.case.cotangents[0], asked.arithmetic), shut.vjp[0], "dx without a branch")


@law(residual_block, every=2)
def a_branch_adds_the_same_wherever_its_input_comes_from(asked):
    """y(x) - x = y(0) with b1 + x @ w1.T in place of b1, and that is relu(b1) @ w2.T + b2; exact on integers."""
    case = asked.case
    dtype, rng = DTYPES[case.dtype], np.random.Generator(np.random.SFC64(case.seed))
    x, w1, b1, w2, b2 = (rng.integers(-2, 3, a.shape).astype(dtype) for a in case.inputs)
    if not x.size:
        return None
    x[...] = row = x.reshape(-1, x.shape[-1])[0]
    there = b1 + (w1 * row).sum(axis=-1, dtype=np.float64)
    if not asked.arithmetic.holds(there).all():  # too many terms for a half type
        return None
    moved = there.astype(dtype)
    (y,) = _with(asked, x=x, w1=w1, b1=b1, w2=w2, b2=b2).seen
    (z,) = _with(asked, x=np.zeros_like(x), w1=w1, b1=moved, w2=w2, b2=b2).seen
    branch = np.maximum(Ball.exact(moved, asked.arithmetic), 0) @ Ball.exact(w2, asked.arithmetic).T
    branch = branch + Ball.exact(b2, asked.arithmetic)
    return worst(
        [
            meet("y(x) - x - y(0)", y - Ball.exact(x, WIDE), z),
            agree(np.broadcast_to(branch, z.shape), z.m, "y(0)"),
        ]
    )


def _shortcut(asked, array):
    """x, or its 1x1 convolution with the stride, as a ball."""
    projection, stride = _argument(asked, "w_projection"), asked.case.attributes["stride"]
    x = Ball.exact(array, asked.arithmetic)
    if projection is None:
        return x
    columns = np.moveaxis(x[:, :, ::stride, ::stride], 1, -1) @ Ball.exact(projection[:, :, 0, 0], asked.arithmetic).T
    return np.moveaxis(columns, -1, 1)


@law(residual_basic_block, every=2)
def a_basic_block_without_branch_is_its_shortcut(asked):
    """With gamma2 = 0 and beta2 = 0, y = relu(shortcut(x)): relu(x) bit for bit, or relu of the 1x1 convolution."""
    if (shut := _shut(asked, "gamma2", "beta2")) is None:
        return None
    with np.errstate(all="ignore"):
        return agree(np.maximum(_shortcut(asked, asked.case.inputs[0]), 0.0), shut.forward[0], "y")


@law(residual_basic_block, needs="gradient", every=2)
def a_basic_block_without_branch_hands_on_the_cotangent(asked):
    """With gamma2 = 0, beta2 = 0 and no projection, dx = dy where x > 0 and 0 where x < 0, exactly."""
    x, dy = asked.case.inputs[0], asked.case.cotangents[0]
    if _argument(asked, "w_projection") is not None or (shut := _shut(asked, "gamma2", "beta2")) is None:
        return None
    with np.errstate(all="ignore"):
        mask = np.heaviside(Ball.exact(x, asked.arithmetic), 0.0)
        return agree(mask * Ball.exact(dy, asked.arithmetic), shut.vjp[0], "dx without a branch")


@law(residual_basic_block, every=4)
def norms_undo_the_scale_of_the_kernels(asked):
    """Both kernels doubled and eps times 4 leave y as it is: both are normalised, and eps is added to the variance."""
    case = asked.case
    if not case.finite:
        return None
    doubled = {name: _argument(asked, name) * case.inputs[0].dtype.type(2) for name in ("w1", "w2")}
    other = _with(asked, {"eps": 4 * case.attributes["eps"]}, **doubled)
    return meet("y - y(doubled)", asked.seen[0], other.seen[0])

"""Convolutions: how their cases are drawn, what each attribute means, and what an impulse gives.

Sizes follow from the attributes, so that every drawn case is legal.
"""

import numpy as np
from hypothesis import strategies as st

from ..refimpl import conv1d, conv2d, conv3d, conv_transpose2d, linear
from ..refimpl.words import per_axis, reach
from .case import STRADDLING, Structure, deal, draw_attributes, draw_few, draw_size, structure
from .law import call, exact, generator, gives, gives_gradient, identical, law, meet, picked, same, small_power, worst

# what networks have, and libraries kernels of their own for: channels, groups, kernel and stride
USUAL = ((8, 1, 1, 2), (32, 1, 3, 1), (32, 1, 3, 2), (32, 1, 1, 1),
         (8, 8, 3, 2), (32, 32, 3, 2), (8, 4, 3, 1), (32, 4, 1, 2))  # fmt: skip
CHANNELS = (7, 8, 9, 16, 17, 32, 33, 65)  # beyond a vector's width, and times groups and a kernel
LONG_CHANNELS = {  # by the long axis: of which channels, and how many
    "I": ("I", CHANNELS), "O": ("O", CHANNELS),
    "channels": ("IO", (8, 16, 32, 33)), "depthwise": ("I", (4, 8, 16, 24, 33)),
}  # fmt: skip


def draw_shared(draw, operator, axes, large):
    """Attributes, channels, kernel and batch, and the chosen long axis: as many draws for each, that it may shrink."""
    attributes = draw_attributes(draw, operator, axes)
    shape = deal(draw, "of what", ("many images", "a long row", "a long kernel")) if large else None
    if shape == "many images":
        return attributes, (5, 4), (deal(draw, "kernel of many", (1, 2, 3)),) * axes, 33, None
    if shape == "a long row":
        return dict(operator.defaults), (1, draw_few(draw)), (*(1,) * (axes - 1), 3), 1, shape
    if large:  # depthwise, a kernel beyond a byte
        attributes["groups"] = deal(draw, "depth of a long kernel", (3, 8, 5))
        beside = draw_few(draw) if axes < 3 else 1
        return attributes, (1, draw_few(draw)), (257, *(beside,) * (axes - 1)), 2, None
    if deal(draw, "usual", (False, False, True)):
        width, groups, size, stride = deal(draw, "network", USUAL)
        within = (min(width, 8) if axes == 3 else width) // groups or 1
        padding = deal(draw, "same", (0, size // 2, (*(0,) * (axes - 1), size // 2)))
        attributes.update(groups=groups, stride=stride, dilation=1, padding=padding)
        return attributes, (within, within), (size,) * axes, draw_few(draw), "usual"
    many = "positions" if axes < 3 else None
    longs = ("one", "patches", "thin", "I", "O", "channels", "depthwise", "depthwise", "N", many)
    long = deal(draw, "long axis", longs if operator is conv_transpose2d else (*longs, "border"))
    of, beyond = LONG_CHANNELS.get(long, ("", CHANNELS))
    i, o = (draw_size(draw, name, name if name in of else None, beyond) for name in ("I", "O"))
    if long == "one":
        i = o = attributes["groups"] = 1
    if long == "depthwise":
        attributes["groups"], i, o = i, 1, 1 + o % 2
    sizes = (1, 2, 3, 1, 4, 5, 7) if axes < 3 else (1, 2, 3, 3)
    kernel = tuple(deal(draw, f"kernel of axis {axis}", sizes) for axis in range(axes))
    kernel = kernel[:1] * axes if deal(draw, "square kernel", (False, True)) else kernel
    if long == "border":  # wider than the image
        attributes["padding"] = 2 + kernel[0] % 2
    if long == "patches":
        attributes.update(stride=kernel, padding=0, dilation=1)
    if long == "thin":
        attributes.update(padding=tuple(k // 2 for k in kernel), dilation=1)
    batch = (
        deal(draw, "large batch", (17, 31, 33, 65))
        if long == "N"
        else deal(draw, "batch", (1, 2, 3, 2, 1, 4, 1, 2, 3, 2, 1, 0))
    )
    return attributes, (i, o), kernel, batch, long


def draw_positions(draw, last, long):
    """How many places a kernel takes along an axis: many along the last, if that is the long one."""
    if long in ("a long row", "thin") and not last:
        return 1
    if long == "border":
        return draw_few(draw)
    if long == "a long row":
        return 33_001  # beyond 15 bits
    beyond = (9, 17, 33) if long == "usual" else STRADDLING
    return draw_size(draw, "positions", "positions" if last and long in ("positions", "usual") else None, beyond)


def extents(draw, kernel, stride, padding, dilation, long=None):
    """Sizes on which the kernel fits: a number of positions, and cells that no window reaches."""
    sizes = []
    for axis, (k, s, p, d) in enumerate(zip(kernel, stride, padding, dilation, strict=True)):
        positions = draw_positions(draw, axis == len(kernel) - 1, long)
        unreached = draw(st.integers(0, s - 1))
        sizes.append(max((positions - 1) * s + d * (k - 1) + 1 - 2 * p + unreached, 1))
    return tuple(sizes)


def touching(n, kernel, stride, padding, dilation, ceil=False):
    """For each window along an axis, whether any of its cells is one of the n of the input."""
    positions, _ = reach(n, kernel, stride, padding, dilation, ceil=ceil)
    cells = np.arange(positions)[:, None] * stride - padding + dilation * np.arange(kernel)
    return ((cells >= 0) & (cells < n)).any(axis=1)


def dilated_windows_of_padding(shapes, attributes):
    """Dilated windows of which none meets the input along the last axis: they kill the process of a framework."""
    x, weight, *_ = shapes
    last = [per_axis(attributes[name], len(x) - 2)[-1] for name in ("stride", "padding", "dilation")]
    met = touching(x[-1], weight[-1], *last)
    return last[2] > 1 and len(met) > 1 and not met.any()


@structure(conv1d, conv2d, conv3d, leaves_out=dilated_windows_of_padding)
def convolution_structure(draw, operator, large):
    axes = len(operator.arrays["x"].axes) - 2
    attributes, (i, o), kernel, batch, long = draw_shared(draw, operator, axes, large)
    stride, padding, dilation = (per_axis(attributes[name], axes) for name in ("stride", "padding", "dilation"))
    size = extents(draw, kernel, stride, padding, dilation, long)
    groups = attributes["groups"]
    bias = deal(draw, "bias", (None, (groups * o,)))
    return Structure([(batch, groups * i, *size), (groups * o, i, *kernel), bias], attributes)


@structure(conv_transpose2d)
def transposed_structure(draw, operator, large):
    attributes, (i, o), kernel, batch, long = draw_shared(draw, operator, 2, large)
    size = tuple(draw_positions(draw, axis == 1, long) for axis in range(2))
    groups = attributes["groups"]
    bias = deal(draw, "bias", (None, (groups * o,)))
    return Structure([(batch, groups * i, *size), (groups * i, o, *kernel), bias], attributes)


# --- laws --------------------------------------------------------------------------------------------------------

CONVOLUTIONS = (conv1d, conv2d, conv3d)


def settings(case, *names):
    """The attributes of these names, each with one number for every spatial axis."""
    axes = case.inputs[0].ndim - 2
    return [per_axis(case.attributes[name], axes) for name in names]


def cut(slices):
    """The last axes cut so, the ones before them whole."""
    return (..., *slices)


def meetings(place, kernel, size, stride, padding, dilation, transposed=False):
    """The offsets k of the kernel and places q < size with stride q + dilation k - padding = place.

    Transposed: q = stride place + dilation k - padding.
    """
    for k in np.ndindex(*kernel):
        reach = [d * j - p for d, j, p in zip(dilation, k, padding, strict=True)]
        if transposed:
            steps = [(s * at + r, 0) for s, at, r in zip(stride, place, reach, strict=True)]
        else:
            steps = [divmod(at - r, s) for s, at, r in zip(stride, place, reach, strict=True)]
        if all(0 <= q < n and not beside for (q, beside), n in zip(steps, size, strict=True)):
            yield k, tuple(q for q, _ in steps)


def _impulses(rng, shape, size=1.0):
    """Two samples of zeros with one number each: the array, and (sample, channel, place)."""
    array, places = np.zeros((2, *shape)), []
    for n in range(2):
        channel, *place = (int(rng.integers(m)) for m in shape)
        array[(n, channel, *place)] = size
        places.append((n, channel, place))
    return array, places


def _kernel(asked, rng):
    """The weight, or now and then one cell of it, for which libraries take other paths."""
    (x, weight, *_), least = asked.case.inputs, [1]
    if "output_padding" in asked.case.attributes:  # it must leave some output
        numbers = zip(x.shape[2:], *settings(asked.case, "stride", "padding", "output_padding"), strict=True)
        least = [(n - 1) * s + 1 - 2 * p + extra for n, s, p, extra in numbers]
    one = min(least) > 0 and rng.random() < 0.3
    return weight[cut((slice(1),) * (weight.ndim - 2))] if one else weight


def _met(asked, weight, channel, place, size, back=False):
    """Where an impulse in x (back: in dy) meets the weight, and which places of the other array it concerns there.

    Pairs of an index of the weight and one of (channels, *size), each with the other channels of its group.
    """
    transposed, groups = asked.operator is conv_transpose2d, asked.case.attributes["groups"]
    first = transposed is back  # the weight's first axis goes with the other array's channels
    rows, columns = weight.shape[0] // groups, weight.shape[1]
    own, other = (columns, rows) if first else (rows, columns)
    block = slice(channel // own * other, (channel // own + 1) * other)
    geometry = settings(asked.case, "stride", "padding", "dilation")
    for k, q in meetings(place, weight.shape[2:], size, *geometry, transposed is not back):
        yield (block, channel % own, *k) if first else (channel, slice(None), *k), (block, *q)


@law(*CONVOLUTIONS, conv_transpose2d)
def impulse_gives_the_kernel(asked):
    """An s among zeros at p gives s weight[:, i, k] where stride q + dilation k - padding = p, else 0, exactly."""
    x = asked.case.inputs[0]
    if not asked.case.finite:
        return None
    rng, size = generator(asked), small_power(asked)
    weight, (impulses, places) = _kernel(asked, rng), _impulses(rng, x.shape[1:], size)
    other = call(asked, impulses.astype(x.dtype), weight, None)
    y = np.zeros(other.shapes[0])
    for n, channel, place in places:
        for k, q in _met(asked, weight, channel, place, y.shape[2:]):
            y[(n, *q)] = size * weight[k].astype(np.float64)
    return gives("y", other, y)


@law(*CONVOLUTIONS, conv_transpose2d, needs="gradient", every=2)
def impulse_in_the_gradient(asked):
    """Of an impulse in x dweight holds the dy that it meets, of one in dy dx holds the weight, else 0, exactly."""
    x = asked.case.inputs[0]
    if not asked.case.finite:
        return None
    rng = generator(asked)
    weight = _kernel(asked, rng)
    shape = asked.operator.result_shapes((x, weight, None), asked.case.attributes)[0][1:]
    (impulses, [front, _]), (back, [_, behind]) = (_impulses(rng, sizes) for sizes in (x.shape[1:], shape))
    impulses[1], back[0] = 0, rng.standard_normal(shape).astype(x.dtype)
    other = call(asked, impulses.astype(x.dtype), weight, None, cotangents=(back.astype(x.dtype),))
    dweight, dx = np.zeros(weight.shape), np.zeros(impulses.shape)
    dx[0] = np.nan
    for k, q in _met(asked, weight, *front[1:], shape[1:]):
        dweight[k] = back[(0, *q)]
    for k, q in _met(asked, weight, *behind[1:], x.shape[2:], back=True):
        dx[(1, *q)] = weight[k]
    return worst([gives_gradient("dweight", other, dweight, 1), gives_gradient("dx", other, dx, 0)])


@law(*CONVOLUTIONS, conv_transpose2d, every=2)
def groups_are_diagonal_blocks(asked):
    """groups = G is one group whose weight has the G blocks on its diagonal and 0 elsewhere."""
    (x, weight, *bias), groups = asked.case.inputs, asked.case.attributes["groups"]
    if groups == 1 or not asked.case.finite:
        return None
    rows, columns, *kernel = weight.shape
    dense = np.zeros((groups, rows // groups, groups, columns, *kernel), weight.dtype)
    for g, block in enumerate(np.split(weight, groups)):
        dense[g, :, g] = block
    dense = dense.reshape(rows, groups * columns, *kernel)
    return same("y", asked, call(asked, x, dense, *bias, groups=1))


@law(*CONVOLUTIONS, conv_transpose2d, every=2)
def dilation_puts_zeros_into_the_kernel(asked):
    """dilation = D is a kernel with D - 1 zeros between its elements."""
    x, weight, *bias = asked.case.inputs
    (dilation,) = settings(asked.case, "dilation")
    if max(dilation) == 1 or not asked.case.finite or not _room_at_the_end(asked.case, "stride"):
        return None
    wide = _stuffed(weight, dilation)
    return same("y", asked, call(asked, x, wide, *bias, dilation=1))


def _stuffed(array, steps, more=None):
    """Zeros between the elements of the last axes, and more of them at the end."""
    size = array.shape[-len(steps) :]
    more = more or (0,) * len(steps)
    wide = [(n - 1) * step + 1 + extra for n, step, extra in zip(size, steps, more, strict=True)]
    stuffed = np.zeros((*array.shape[: -len(steps)], *wide), array.dtype)
    places = (slice(0, (n - 1) * step + 1, step) for n, step in zip(size, steps, strict=True))
    stuffed[cut(places)] = array
    return stuffed


def _room_at_the_end(case, name):
    """Whether a transposed convolution may keep its output_padding when this attribute alone is left above 1."""
    if "output_padding" not in case.attributes:
        return True
    return all(extra < step for extra, step in zip(*settings(case, "output_padding", name), strict=True))


@law(*CONVOLUTIONS, every=2)
def stride_skips_positions(asked):
    """stride = S gives every S-th position of stride 1."""
    (stride,) = settings(asked.case, "stride")
    if max(stride) == 1 or not asked.case.finite:
        return None
    slices = (slice(0, (n - 1) * s + 1, s) for n, s in zip(asked.shapes[0][2:], stride, strict=True))
    return same("y", asked, call(asked, *asked.case.inputs, stride=1), there=cut(slices))


@law(conv_transpose2d, every=2)
def transposed_stride_puts_zeros_into_the_input(asked):
    """Transposed, stride = S is an input with S - 1 zeros between its elements, output_padding as many at its end."""
    x, *rest = asked.case.inputs
    stride, extra = settings(asked.case, "stride", "output_padding")
    if max(*stride, *extra) == 1 or not asked.case.finite:
        return None
    return same("y", asked, call(asked, _stuffed(x, stride, extra), *rest, stride=1, output_padding=0))


@law(*CONVOLUTIONS, every=2)
def padding_is_zeros_around_the_input(asked):
    """padding = P is an input with P zeros before and behind it on every axis, whatever lay there in another call."""
    x, *rest = asked.case.inputs
    (padding,) = settings(asked.case, "padding")
    if max(padding) == 0 or not asked.case.finite:
        return None
    width = ((0, 0), (0, 0), *((p, p) for p in padding))
    found = same("y", asked, call(asked, np.pad(x, width), *rest, padding=0))
    if asked.candidate.deterministic:
        after = asked.again_after(call(asked, np.pad(x, width, constant_values=1), *rest, padding=0))
        identical("y", asked.forward[0], after.forward[0], "another result after a call that had ones for padding")
    return found


@law(conv_transpose2d, every=2)
def transposed_padding_crops_the_output(asked):
    """Transposed, padding = P leaves out P rows and columns on every side of the result."""
    (padding,) = settings(asked.case, "padding")
    if max(padding) == 0 or not asked.case.finite:
        return None
    slices = (slice(p, p + n) for p, n in zip(padding, asked.shapes[0][2:], strict=True))
    return same("y", asked, call(asked, *asked.case.inputs, padding=0), there=cut(slices))


@law(*CONVOLUTIONS, conv_transpose2d, every=2)
def some_images_alone(asked):
    """An image's result depends neither on its place nor on the others: some of them, in another order, as before."""
    x, *rest = asked.case.inputs
    if not asked.case.finite or len(x) < 2:
        return None
    some = picked(asked, len(x))
    return same("y", asked, call(asked, x[some], *rest), here=some)


@law(*CONVOLUTIONS, every=8)
def kernel_of_one_cell_is_linear(asked):
    """A 1x1 kernel is the linear layer over the channels, at every place, where the candidate offers both."""
    x, weight, bias = asked.case.inputs
    if not asked.case.finite or not asked.candidate.offers("linear"):
        return None
    x, cell = x[:, : weight.shape[1]], weight[(..., *(slice(1),) * (x.ndim - 2))]
    narrow = call(asked, x, cell, bias, stride=1, padding=0, dilation=1, groups=1)
    matrix = cell.reshape(cell.shape[:2])
    layer = call(asked, np.moveaxis(x, 1, -1), matrix, bias, operator=linear).seen[0]
    return meet("y", narrow.seen[0], np.moveaxis(layer, -1, 1))


@law(conv1d, conv2d, every=4)
def one_more_axis_of_size_one(asked):
    """On images of height 1 conv2d is conv1d, on volumes of depth 1 conv3d is conv2d, where both are offered."""
    x, weight, bias = asked.case.inputs
    wider = conv2d if asked.operator is conv1d else conv3d
    if not asked.case.finite or not asked.candidate.offers(wider.name):
        return None
    stride, padding, dilation = settings(asked.case, "stride", "padding", "dilation")
    other = call(
        asked,
        x[:, :, None],
        weight[:, :, None],
        bias,
        operator=wider,
        stride=(1, *stride),
        padding=(0, *padding),
        dilation=(1, *dilation),
        groups=asked.case.attributes["groups"],
    )
    return meet("y", asked.seen[0], other.seen[0][:, :, 0])


@law(conv_transpose2d, every=2)
def transposed_is_the_adjoint(asked):
    """<conv2d(u, weight), x> = <u, conv_transpose2d(x, weight)> under equal attributes, where both are offered."""
    (x, weight, _), (u,) = asked.case.inputs, asked.case.cotangents
    if not asked.case.finite or not x.size or not asked.candidate.offers("conv2d"):
        return None
    attributes = {name: value for name, value in asked.case.attributes.items() if name != "output_padding"}
    back = call(asked, u, weight, None, operator=conv2d, **attributes).seen[0]
    back = back[cut(slice(n) for n in x.shape[2:])]  # output_padding may have made room for a position more
    forth = call(asked, x, weight, None).seen[0]
    return meet("<conv2d(u), x>", np.sum(back * exact(x)), np.sum(exact(u) * forth))

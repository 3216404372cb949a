"""Pooling: how its cases are drawn, which windows there are, what a maximum hands back."""

import numpy as np

from ..refimpl import avg_pool2d, max_pool2d
from ..refimpl.words import per_axis, reach
from .ball import Arithmetic, Ball
from .case import Structure, deal, draw_attributes, draw_few, draw_size, structure
from .convolution import cut, extents, meetings, touching
from .law import agree, call, generator, gives, gives_gradient, law, picked, same


def windows_of_padding(shapes, attributes):
    """Windows that see padding alone: they kill the process of a framework, and candidates are not isolated."""
    stride = attributes["kernel_size"] if attributes["stride"] is None else attributes["stride"]
    given = (attributes["kernel_size"], stride, attributes["padding"], attributes.get("dilation", 1))
    along = zip(shapes[0][2:], *(per_axis(value, 2) for value in given), strict=True)
    return not all(touching(*axis, attributes["ceil_mode"]).all() for axis in along)


@structure(avg_pool2d, max_pool2d, leaves_out=windows_of_padding)
def pooling_structure(draw, operator, large):
    attributes = draw_attributes(draw, operator, 2)
    if large or deal(draw, "usual", (False, False, False, True)):  # what networks use: windows that overlap
        usual = {"kernel_size": 3, "stride": deal(draw, "usual stride", (1, 2, 1)), "padding": 1, "dilation": 1}
        attributes.update({name: value for name, value in usual.items() if name in attributes})
    kernel = per_axis(attributes["kernel_size"], 2)
    if attributes["stride"] is None:
        stride = kernel
    else:
        stride = per_axis(attributes["stride"], 2)
    dilation = per_axis(attributes.get("dilation", 1), 2)
    padding = tuple(min(p, k // 2) for p, k in zip(per_axis(attributes["padding"], 2), kernel, strict=True))
    attributes["padding"] = padding if len(set(padding)) > 1 else padding[0]
    long = deal(draw, "long axis", (None, None, "C", "positions"))
    # a large image has more cells than half types can count
    size = (65, 257) if large else extents(draw, kernel, stride, padding, dilation, long)
    batch = draw_few(draw) if large else deal(draw, "batch", (1, 2, 3, 1, 2, 4, 1, 2, 3, 1, 2, 0))
    channels = draw_few(draw) if large else draw_size(draw, "C", long)
    return Structure([(batch, channels, *size)], attributes)


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


def _slide(case):
    """Kernel, stride, padding and dilation, each for both axes."""
    given = case.attributes
    stride = given["kernel_size"] if given["stride"] is None else given["stride"]
    return [per_axis(value, 2) for value in (given["kernel_size"], stride, given["padding"], given.get("dilation", 1))]


def _inside(case):
    """How many cells of each window lie in the input, and how many its average counts."""
    axes = []
    for n, k, s, p, positions in zip(case.inputs[0].shape[2:], *_slide(case)[:3], _positions(case), strict=True):
        cells = np.arange(positions)[:, None] * s - p + np.arange(k)
        within = (cells >= 0) & (cells < n)
        counted = (cells >= -p) & (cells < n + p) if case.attributes["count_include_pad"] else within
        axes.append((within.sum(1), counted.sum(1)))
    return (np.outer(*counts) for counts in zip(*axes, strict=True))


def _share(case):
    """What a cell counts for in the average of each window."""
    _, counted = _inside(case)
    return 1 / counted


def _positions(case):
    size, slide = case.inputs[0].shape[2:], _slide(case)
    return [reach(*axis, ceil=case.attributes["ceil_mode"])[0] for axis in zip(size, *slide, strict=True)]


@law(max_pool2d, avg_pool2d)
def windows_hold_what_they_should(asked):
    """A cell p is felt where stride q + dilation k - padding = p for a k < kernel_size, nowhere else: a peak, a NaN."""
    rng, (x,) = generator(asked), asked.case.inputs
    if not x.size:
        return None
    channel, *place = (int(rng.integers(n)) for n in x.shape[1:])
    low, share = (rng.choice((-1.0, -np.inf)), 1.0) if asked.operator is max_pool2d else (0.0, _share(asked.case))
    kernel, *geometry = _slide(asked.case)
    image, y = (np.full((1, x.shape[1], *size), low) for size in (x.shape[2:], asked.shapes[0][2:]))
    image[(0, channel, *place)] = mark = rng.choice((max(low, -1) + 1, np.nan))
    for _, q in meetings(place, kernel, y.shape[2:], *geometry):
        y[(0, channel, *q)] = mark
    return gives("y", call(asked, image.astype(x.dtype)), y * share)


@law(max_pool2d, avg_pool2d, needs="gradient", every=2)
def window_gets_its_cotangent_back(asked):
    """A 1 in dy at q gives its window's cells 1 / count each, of a maximum its largest cell 1 alone, all else 0."""
    rng, (x,) = generator(asked), asked.case.inputs
    if not x.size or x[0].size * asked.arithmetic.u > 0.5:
        return None
    size, (kernel, *geometry) = asked.shapes[0][2:], _slide(asked.case)
    channel, *q = (int(rng.integers(n)) for n in asked.shapes[0][1:])
    cells = [p for _, p in meetings(q, kernel, x.shape[2:], *geometry, transposed=True)]
    image = rng.permutation(x[0].size).reshape(1, *x.shape[1:]) / 1024
    dy, dx = np.zeros((1, x.shape[1], *size), x.dtype), np.zeros(image.shape)
    dy[(0, channel, *q)] = 1
    if asked.operator is max_pool2d:
        cells, share = [max(cells, key=lambda p: image[(0, channel, *p)])] if cells else [], 1.0
    else:
        share = _share(asked.case)[tuple(q)]
    for p in cells:
        dx[(0, channel, *p)] = share
    return gives_gradient("dx", call(asked, image.astype(x.dtype), cotangents=(dy,)), dx, 0)


@law(max_pool2d)
def maximum_commutes_with_order(asked):
    """max g(x) = g(max x) for increasing g: ranks within each channel, all negative, so that no padding can win."""
    (x,) = asked.case.inputs
    rows = x.reshape(*x.shape[:2], x.shape[2] * x.shape[3])
    if not asked.case.finite or not x.size or rows.shape[2] * asked.arithmetic.u > 0.5:
        return None
    ranks = np.argsort(np.argsort(rows, axis=-1, kind="stable"), axis=-1) - rows.shape[2]
    ranked = call(asked, ranks.reshape(x.shape).astype(x.dtype)).forward[0]
    best = np.nan_to_num(ranked.astype(np.float64), nan=0.0) + rows.shape[2]
    known = (best >= 0) & (best < rows.shape[2]) & (best == np.trunc(best))
    place = np.where(known, best, 0).astype(int).reshape(*x.shape[:2], -1)
    values = np.take_along_axis(np.sort(rows, axis=-1), place, -1).reshape(best.shape).astype(np.float64)
    return agree(Ball.exact(np.where(known, values, np.nan), asked.arithmetic), asked.forward[0], "y")


@law(max_pool2d, every=2)
def padding_and_ceil_mode_add_nothing(asked):
    """padding and the room that ceil_mode needs are cells of the least value around the input."""
    (x,) = asked.case.inputs
    slide, positions = _slide(asked.case), _positions(asked.case)
    if not asked.case.finite or not x.size or not (any(slide[2]) or asked.case.attributes["ceil_mode"]):
        return None
    edges = [
        (p, max((q - 1) * s + d * (k - 1) + 1 - p - n, 0))
        for n, q, k, s, p, d in zip(x.shape[2:], positions, *slide, strict=True)
    ]
    around = np.pad(x, ((0, 0), (0, 0), *edges), constant_values=x.min())
    return same("y", asked, call(asked, around, padding=0, ceil_mode=False), there=cut(map(slice, positions)))


@law(avg_pool2d)
def average_of_ones(asked):
    """The average of ones is the share of a window's counted cells that lie in the input: 1 without padding."""
    (x,) = asked.case.inputs
    if not x.size:
        return None
    within, counted = _inside(asked.case)
    return gives("y", call(asked, np.ones_like(x)), within / counted)


@law(max_pool2d, avg_pool2d, every=2)
def pooling_stride_skips_windows(asked):
    """stride = S gives every S-th window of stride 1, as far as windows lie inside the padded input."""
    (x,) = asked.case.inputs
    _, stride, *_ = _slide(asked.case)
    if max(stride) == 1 or not asked.case.finite or not x.size:
        return None
    plain = call(asked, x, stride=1, ceil_mode=False)
    steps = [slice(None, None, s) for s in stride]
    whole = [slice(-(-n // s)) for n, s in zip(plain.shapes[0][2:], stride, strict=True)]
    return same("y", asked, plain, here=cut(whole), there=cut(steps))


@law(max_pool2d, avg_pool2d, every=2)
def some_planes_alone(asked):
    """A channel's result depends neither on its place nor on others: some channels of all samples, as one batch."""
    (x,) = asked.case.inputs
    planes = x.shape[0] * x.shape[1]
    if not asked.case.finite or planes < 2:
        return None
    some = np.unravel_index(picked(asked, planes), x.shape[:2])
    return same("y", asked, call(asked, x[some][:, None]), here=some, there=(slice(None), 0))

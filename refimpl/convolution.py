"""Convolution in one, two and three dimensions, and its transpose.

    y[n, o, q] = bias[o] + sum over i, k of weight[o, i, k] x[n, i, stride q + dilation k - padding]

x is 0 outside its bounds. As in every framework this is a cross-correlation: the kernel is not flipped. The
channels fall into groups that do not see each other; groups = channels is the depthwise convolution. Padding is the
same at both ends.

The sum is one matrix product: `columns` lays out, for every output position, the cells that the kernel meets there
(im2col), so that convolution is W @ columns(x). It is bilinear, and everything else is one of its adjoints:

    correlate(x, W) = W @ columns(x)        forward of the convolution, gradient dx of the transpose
    spread(y, W)    = fold(W^T @ y)         gradient dx of the convolution, forward of the transpose
    gather(y, x)    = y @ columns(x)^T      gradient dweight of both

The transposed convolution ("deconvolution") inverts the shapes of a convolution, not its values; its weight is that
of the convolution it transposes, (in_channels, out_channels / groups, kH, kW). output_padding adds rows at the far
end that a stride would skip: they hold what reaches them, else the bias alone.
"""

import math
from collections import namedtuple

import numpy as np

from .operator import Unjudged, data, integer, operator, result, weight
from .words import flat, fold, per_axis, windows

Slide = namedtuple("Slide", "kernel stride padding dilation groups")


# --- the bilinear map and its adjoints ---------------------------------------------------------------------------


def columns(x, positions, slide):
    """The cells that meet each weight: (N, groups*I, *size) -> (N, groups, I, *kernel, *positions)."""
    k = len(positions)
    if any(slide.padding):
        x = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in slide.padding)))
    cells = windows(x, slide.kernel, slide.stride, slide.dilation)
    # A transposed convolution may have padded its output by more than a stride: positions that it has not.
    cells = cells[(..., *map(slice, positions), *map(slice, slide.kernel))]
    cells = np.transpose(cells, (0, 1, *range(2 + k, 2 + 2 * k), *range(2, 2 + k)))
    return grouped(cells, slide)


def correlate(x, weight, positions, slide):
    """(N, groups*I, *size) -> (N, groups*O, *positions)."""
    cells = columns(x, positions, slide)
    cells = np.reshape(cells, (*cells.shape[:2], math.prod(weight.shape[1:]), math.prod(positions)))
    return np.reshape(matrices(weight, slide) @ cells, (x.shape[0], weight.shape[0], *positions))


def spread(y, weight, size, slide):
    """(N, groups*O, *positions) -> (N, groups*I, *size)."""
    k = len(size)
    cells = np.transpose(matrices(weight, slide), (0, 2, 1)) @ flat(grouped(y, slide), 3)
    cells = np.reshape(cells, (y.shape[0], slide.groups * weight.shape[1], *slide.kernel, *y.shape[2:]))
    cells = np.transpose(cells, (0, 1, *range(2 + k, 2 + 2 * k), *range(2, 2 + k)))
    padded = tuple(n + 2 * p for n, p in zip(size, slide.padding, strict=True))
    return crop(fold(cells, padded, slide.stride, slide.dilation), slide.padding, size)


def gather(y, x, shape, slide):
    """(N, groups*O, *positions), (N, groups*I, *size) -> (groups*O, I, *kernel): one sum over samples and positions."""
    k = len(slide.kernel)
    y_rows = flat(np.moveaxis(grouped(y, slide), 0, 2), 2)
    cells = np.moveaxis(columns(x, y.shape[2:], slide), 0, 2 + k)
    cells = np.reshape(cells, (slide.groups, math.prod(shape[1:]), y_rows.shape[2]))
    # As the transpose of columns(x) @ y^T: BLAS likes the larger matrix on the left.
    return np.reshape(np.transpose(cells @ np.transpose(y_rows, (0, 2, 1)), (0, 2, 1)), shape)


def grouped(y, slide):
    """(N, groups*O, *positions) -> (N, groups, O, *positions)."""
    return np.reshape(y, (y.shape[0], slide.groups, y.shape[1] // slide.groups, *y.shape[2:]))


def matrices(weight, slide):
    """The kernel as one matrix for each group: (groups, O, I * kernel)."""
    return np.reshape(weight, (slide.groups, weight.shape[0] // slide.groups, math.prod(weight.shape[1:])))


def crop(x, padding, size):
    """The adjoint of padding: the last axes without what was added around them."""
    return x[(..., *(slice(p, p + n) for p, n in zip(padding, size, strict=True)))]


# --- what the operators share ------------------------------------------------------------------------------------


def sliding(weight, stride, padding, dilation, groups):
    kernel = weight.shape[2:]
    return Slide(kernel, *(per_axis(value, len(kernel)) for value in (stride, padding, dilation)), groups)


def reached(size, slide):
    """The positions of the kernel inside the padded input."""
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, slide.kernel, slide.stride, slide.padding, slide.dilation, strict=True)
    )


def add_bias(y, bias):
    """Added to the sum of products itself: one sum of all terms, in whatever order."""
    return y if bias is None else y + np.reshape(bias, (bias.shape[0], *(1 for _ in y.shape[2:])))


def bias_gradient(dy, bias):
    return None if bias is None else np.sum(dy, axis=(0, *range(2, dy.ndim)))


def each_axis(attributes, axes, *names):
    """Attributes with one integer for each axis; raises ValueError naming one that has another number of them."""
    for name in names:
        if len(per_axis(attributes[name], axes)) != axes:
            raise ValueError(f"{name} must be one integer or {axes}, got {attributes[name]}")
    return [per_axis(attributes[name], axes) for name in names]


def fits(shapes, attributes, sizes):
    """The kernel must lie inside the padded input."""
    size, kernel = shapes[0][2:], shapes[1][2:]
    slide = Slide(kernel, *each_axis(attributes, len(kernel), "stride", "padding", "dilation"), attributes["groups"])
    if min(kernel) < 1:
        raise Unjudged(f"weight must have at least one element along each axis, got {kernel}")
    sizes["positions"] = reached(size, slide)
    if min(sizes["positions"]) < 1:
        padded = tuple(n + 2 * p for n, p in zip(size, slide.padding, strict=True))
        got = f"{kernel}, dilated {slide.dilation}"
        raise ValueError(f"weight must have a kernel inside the padded input {padded}, got {got}")


ATTRIBUTES = {
    "stride": integer(1, 1, 2, 3, per_axis=True),
    "padding": integer(0, 0, 1, 2, per_axis=True),
    "dilation": integer(1, 1, 2, 3, per_axis=True),
    "groups": integer(1, 1, 2, 3),
}


# --- convolution -------------------------------------------------------------------------------------------------


def convolve(x, weight, bias, **attributes):
    slide = sliding(weight, **attributes)
    return add_bias(correlate(x, weight, reached(x.shape[2:], slide), slide), bias)


def convolve_vjp(dy, x, weight, bias=None, *, stride, padding, dilation, groups):
    slide = sliding(weight, stride, padding, dilation, groups)
    return spread(dy, weight, x.shape[2:], slide), gather(dy, x, weight.shape, slide), bias_gradient(dy, bias)


@operator(
    x=data("N groups*I L", affine=True),
    weight=weight("groups*O I k", fan_in="I*k", affine=True),
    bias=weight("groups*O", fan_in="I*k", optional=True, affine=True),
    **ATTRIBUTES,
    returns={"y": result("N groups*O *positions")},
    check=fits,
    source="Waibel et al. 1989",
)
def conv1d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """y[n, o, q] = bias[o] + sum weight[o, i, k] x[n, i, stride q + dilation k - padding]."""
    return convolve(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


@operator(
    x=data("N groups*I H W", affine=True),
    weight=weight("groups*O I kH kW", fan_in="I*kH*kW", affine=True),
    bias=weight("groups*O", fan_in="I*kH*kW", optional=True, affine=True),
    **ATTRIBUTES,
    returns={"y": result("N groups*O *positions")},
    check=fits,
    source="LeCun et al. 1989",
)
def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """The same over images: q, k, stride, padding and dilation have two components."""
    return convolve(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


@operator(
    x=data("N groups*I D H W", affine=True),
    weight=weight("groups*O I kD kH kW", fan_in="I*kD*kH*kW", affine=True),
    bias=weight("groups*O", fan_in="I*kD*kH*kW", optional=True, affine=True),
    **ATTRIBUTES,
    returns={"y": result("N groups*O *positions")},
    check=fits,
    source="Ji et al. 2010",
)
def conv3d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """The same over volumes or videos: three components."""
    return convolve(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


conv1d_vjp, conv2d_vjp, conv3d_vjp = (conv.vjp(convolve_vjp) for conv in (conv1d, conv2d, conv3d))


# --- its transpose -----------------------------------------------------------------------------------------------


def transposed_size(positions, slide, output_padding):
    """The smallest size on which the convolution has these positions, and the rows added to it."""
    return tuple(
        (n - 1) * s + d * (k - 1) + 1 - 2 * p + extra
        for n, k, s, p, d, extra in zip(positions, *slide[:4], output_padding, strict=True)
    )


def transpose_fits(shapes, attributes, sizes):
    """The output must not be empty; output_padding adds less than one step of stride or dilation."""
    positions, kernel = shapes[0][2:], shapes[1][2:]
    slide = Slide(kernel, *each_axis(attributes, 2, "stride", "padding", "dilation"), attributes["groups"])
    (output_padding,) = each_axis(attributes, 2, "output_padding")
    for extra, s, d in zip(output_padding, slide.stride, slide.dilation, strict=True):
        if extra >= max(s, d):
            raise ValueError(f"output_padding must be smaller than the stride or the dilation, got {output_padding}")
    if min(*positions, *kernel) < 1:
        raise Unjudged(f"weight and x must have at least one element along each axis, got {kernel} and {positions}")
    sizes["positions"] = transposed_size(positions, slide, output_padding)
    if min(sizes["positions"]) < 1:
        raise ValueError(f"padding must leave at least one row and one column, got {slide.padding}")


@operator(
    x=data("N groups*I H W", affine=True),
    weight=weight("groups*I O kH kW", fan_in="I*kH*kW", affine=True),
    bias=weight("groups*O", fan_in="I*kH*kW", optional=True, affine=True),
    **ATTRIBUTES,
    output_padding=integer(0, 0, 1, 2, per_axis=True),
    returns={"y": result("N groups*O *positions")},
    check=transpose_fits,
    source="Zeiler et al. 2010",
)
def conv_transpose2d(x, weight, bias=None, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
    """y[n, o, stride q + dilation k - padding] sums weight[i, o, k] x[n, i, q], and bias[o]: the adjoint of conv2d."""
    slide = sliding(weight, stride, padding, dilation, groups)
    return add_bias(spread(x, weight, transposed_size(x.shape[2:], slide, per_axis(output_padding, 2)), slide), bias)


@conv_transpose2d.vjp
def conv_transpose2d_vjp(dy, x, weight, bias=None, *, stride, padding, output_padding, dilation, groups):
    slide = sliding(weight, stride, padding, dilation, groups)
    return (
        correlate(dy, weight, x.shape[2:], slide),
        gather(x, dy, weight.shape, slide),
        bias_gradient(dy, bias),
    )

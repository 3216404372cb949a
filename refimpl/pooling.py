"""Pooling: each window of an image becomes one number, its maximum or its average.

    max_pool2d: y[n, c, q] = max over k of x[n, c, stride q + dilation k - padding],    x = -inf outside its bounds
    avg_pool2d: y[n, c, q] = sum over k of x[n, c, stride q + k - padding] / count(q),  x = 0 outside its bounds

Where frameworks differ, as PyTorch has it:
- stride None is the kernel's size: windows side by side;
- ceil_mode lets a last window reach beyond the padded input, unless it would start beyond the input and its left
  padding;
- count_include_pad: count(q) is the number of the window's cells inside the padded input, else inside the input. Cells
  beyond the padding, which ceil_mode alone can reach, are never counted;
- padding is at most half of the kernel. With a dilation a window may still lie wholly in padding: its maximum is -inf.

A tie is a kink of the maximum: the cotangent may go to any convex combination of the maxima (here: to the first).
"""

import math

import numpy as np

from .convolution import crop, each_axis
from .operator import data, flag, integer, operator, or_none, result
from .words import fold, per_axis, reach, windows, winners


def settings(kernel_size, stride, padding, dilation=1):
    """Kernel, stride, padding and dilation, each for both axes."""
    stride = kernel_size if stride is None else stride
    return tuple(per_axis(value, 2) for value in (kernel_size, stride, padding, dilation))


def reaches(size, slide, ceil_mode):
    """For both axes, the number of windows and the padding that they need at the far end."""
    return [reach(*axis, ceil=ceil_mode) for axis in zip(size, *slide, strict=True)]


def padding_of(size, slide, ceil_mode):
    """Padding before and after, for both axes; cells that no window reaches stay."""
    return [(p, max(after, 0)) for p, (_, after) in zip(slide[2], reaches(size, slide, ceil_mode), strict=True)]


def cells(x, slide, ceil_mode, outside):
    """The cells of every window, one plane for each place in the kernel: (N, C, H, W) -> (kH*kW, N, C, *positions)."""
    kernel, stride, _, dilation = slide
    around = ((0, 0), (0, 0), *padding_of(x.shape[2:], slide, ceil_mode))
    seen = windows(np.pad(x, around, constant_values=outside), kernel, stride, dilation)
    return np.reshape(np.moveaxis(seen, (-2, -1), (0, 1)), (math.prod(kernel), *seen.shape[:4]))


def back(dcells, size, slide, ceil_mode):
    """The adjoint of `cells`: what fell on padding is dropped."""
    kernel, stride, padding, dilation = slide
    padded = tuple(n + sum(around) for n, around in zip(size, padding_of(size, slide, ceil_mode), strict=True))
    dcells = np.moveaxis(np.reshape(dcells, (*kernel, *dcells.shape[1:])), (0, 1), (-2, -1))
    return crop(fold(dcells, padded, stride, dilation), padding, size)


def fits(shapes, attributes, sizes):
    """The kernel must lie inside the padded input, the padding inside half of the kernel."""
    names = [name for name in ("kernel_size", "stride", "padding", "dilation") if attributes.get(name) is not None]
    each_axis(attributes, 2, *names)
    slide = settings(*(attributes.get(name, 1) for name in ("kernel_size", "stride", "padding", "dilation")))
    for size, k, _, p, d in zip(shapes[0][2:], *slide, strict=True):
        if p > k // 2:
            raise ValueError(f"padding must be at most half of kernel_size, got {slide[2]}")
        if d * (k - 1) + 1 > size + 2 * p:
            raise ValueError(f"kernel_size must lie inside the padded input, got {slide[0]}, dilated {slide[3]}")
    sizes["positions"] = tuple(n for n, _ in reaches(shapes[0][2:], slide, attributes["ceil_mode"]))


@operator(
    x=data("N C H W"),
    kernel_size=integer(1, 2, 3, 1, 5, per_axis=True),
    stride=or_none(integer(1, 1, 2, 3, per_axis=True)),
    padding=integer(0, 0, 1, per_axis=True),
    dilation=integer(1, 1, 2, 3, per_axis=True),
    ceil_mode=flag(),
    returns={"y": result("N C *positions")},
    check=fits,
    source="Yamaguchi et al. 1990; Weng et al. 1992",
)
def max_pool2d(x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """The largest element of each window. NaN is larger than every number; a window wholly in padding gives -inf."""
    slide = settings(kernel_size, stride, padding, dilation)
    return np.max(cells(x, slide, ceil_mode, -np.inf), axis=0)


@max_pool2d.vjp
def max_pool2d_vjp(dy, x, *, kernel_size, stride, padding, dilation, ceil_mode):
    slide = settings(kernel_size, stride, padding, dilation)
    weights = winners(np.moveaxis(cells(x, slide, ceil_mode, -np.inf), 0, -1))
    return (back(np.moveaxis(weights, -1, 0) * dy, x.shape[2:], slide, ceil_mode),)


def counted(size, kernel, stride, padding, ceil_mode, count_include_pad):
    """Along one axis, the cells of each window that the average counts."""
    positions, _ = reach(size, kernel, stride, padding, 1, ceil=ceil_mode)
    begin = np.arange(positions) * stride - padding
    low, high = (-padding, size + padding) if count_include_pad else (0, size)
    return np.minimum(begin + kernel, high) - np.maximum(begin, low)


def divisors(x, slide, ceil_mode, count_include_pad):
    """The count of every window, in the dtype of x."""
    rows, columns = (counted(*axis, ceil_mode, count_include_pad) for axis in zip(x.shape[2:], *slide[:3], strict=True))
    return np.astype(np.expand_dims(rows, -1) * columns, x.dtype)


@operator(
    x=data("N C H W", affine=True),
    kernel_size=integer(1, 2, 3, 1, 5, per_axis=True),
    stride=or_none(integer(1, 1, 2, 3, per_axis=True)),
    padding=integer(0, 0, 1, per_axis=True),
    ceil_mode=flag(),
    count_include_pad=flag(),
    returns={"y": result("N C *positions")},
    check=fits,
    source="LeCun et al. 1989",
)
def avg_pool2d(x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """The sum of each window divided by the number of its cells that count."""
    slide = settings(kernel_size, stride, padding)
    return np.sum(cells(x, slide, ceil_mode, 0), axis=0) / divisors(x, slide, ceil_mode, count_include_pad)


@avg_pool2d.vjp
def avg_pool2d_vjp(dy, x, *, kernel_size, stride, padding, ceil_mode, count_include_pad):
    slide = settings(kernel_size, stride, padding)
    share = dy / divisors(x, slide, ceil_mode, count_include_pad)
    return (back(np.broadcast_to(share, (math.prod(slide[0]), *dy.shape)), x.shape[2:], slide, ceil_mode),)

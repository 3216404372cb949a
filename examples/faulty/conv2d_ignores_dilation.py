"""conv2d | shape-or-attribute | dilation sizes the output and is forgotten by the kernel | compare Tencent/ncnn#1494

Shapes are right, and forward and gradient agree with each other: a check of either finds nothing.
"""

from itertools import product

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    stride, padding, dilation = _pair(stride), _pair(padding), _pair(dilation)
    _check(x, weight, bias, stride, padding, dilation, groups)
    cells, w, y = _windows(x, weight, stride, padding, dilation, groups), _grouped(weight, groups), 0
    for i, j in product(*map(range, weight.shape[2:])):
        y = y + np.einsum("goc,ngchw->ngohw", w[..., i, j], cells[i, j])
    n, _, _, height, width = y.shape
    y = y.reshape(n, len(weight), height, width)
    return y if bias is None else y + bias[:, None, None]


def conv2d_vjp(dy, x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    stride, padding, dilation = _pair(stride), _pair(padding), _pair(dilation)
    _check(x, weight, bias, stride, padding, dilation, groups)
    cells, w = _windows(x, weight, stride, padding, dilation, groups), _grouped(weight, groups)
    n, _, height, width = x.shape
    dy = dy.reshape(n, groups, len(weight) // groups, *dy.shape[2:])
    whole = height + 2 * padding[0], width + 2 * padding[1]
    dpadded = np.zeros((n, groups, weight.shape[1], *whole), x.dtype)
    dw = np.zeros(w.shape, x.dtype)
    for i, j in product(*map(range, weight.shape[2:])):
        dw[..., i, j] = np.einsum("ngohw,ngchw->goc", dy, cells[i, j])
        dpadded[_cut(i, j, dy.shape[3:], stride)] += np.einsum("goc,ngohw->ngchw", w[..., i, j], dy)
    dx = dpadded[..., padding[0] : padding[0] + height, padding[1] : padding[1] + width].reshape(x.shape)
    dbias = None if bias is None else np.sum(dy, axis=(0, 3, 4)).reshape(bias.shape)
    return np.array(dx), dw.reshape(weight.shape), dbias


def _pair(value):
    return (value, value) if np.ndim(value) == 0 else tuple(value)


def _grouped(weight, groups):
    return weight.reshape(groups, len(weight) // groups, *weight.shape[1:])


def _cut(i, j, out, stride):
    # The fault: the offsets i and j are to be multiplied by the dilation.
    return (
        ...,
        slice(i, i + (out[0] - 1) * stride[0] + 1, stride[0]),
        slice(j, j + (out[1] - 1) * stride[1] + 1, stride[1]),
    )


def _windows(x, weight, stride, padding, dilation, groups):
    """For each offset of the kernel, the cells that it meets: (n, groups, channels / groups, height, width)."""
    n, channels, *size = x.shape
    padded = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    padded = padded.reshape(n, groups, channels // groups, *padded.shape[2:])
    out = [
        (s + 2 * p - d * (k - 1) - 1) // step + 1
        for s, p, d, k, step in zip(size, padding, dilation, weight.shape[2:], stride, strict=True)
    ]
    return {(i, j): padded[_cut(i, j, out, stride)] for i, j in product(*map(range, weight.shape[2:]))}


def _check(x, weight, bias, stride, padding, dilation, groups):
    if x.ndim != 4 or weight.ndim != 4:
        raise ValueError(f"conv2d: x of shape {x.shape} and weight of shape {weight.shape} must have 4 axes")
    if groups < 1 or x.shape[1] % groups or len(weight) % groups or weight.shape[1] * groups != x.shape[1]:
        raise ValueError(f"conv2d: groups={groups} does not fit x {x.shape} and weight {weight.shape}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"conv2d: bias of shape {bias.shape} does not fit weight of shape {weight.shape}")
    if min(stride) < 1 or min(dilation) < 1 or min(padding) < 0:
        raise ValueError(f"conv2d: illegal stride={stride}, dilation={dilation} or padding={padding}")
    spans = zip(x.shape[2:], padding, dilation, weight.shape[2:], strict=True)
    if any(s + 2 * p < d * (k - 1) + 1 for s, p, d, k in spans):
        raise ValueError(f"conv2d: the kernel {weight.shape[2:]} is larger than the padded input")

"""max_pool2d | accumulation | where windows overlap, the last cotangent remains | jmschrei/tangermeme#95"""

import math

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import cells, settings

max_pool2d = refimpl.max_pool2d


def max_pool2d_vjp(dy, x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    slide = settings(kernel_size, stride, padding, dilation)
    size = math.prod(x.shape[2:])
    places = np.broadcast_to(np.arange(size, dtype=float).reshape(x.shape[2:]), x.shape)
    best = np.argmax(cells(x, slide, ceil_mode, -np.inf), axis=0)
    at = np.take_along_axis(cells(places, slide, ceil_mode, size), best[None], axis=0)[0].astype(int)
    dx = np.zeros((*x.shape[:2], size + 1), x.dtype)
    flat = (*x.shape[:2], math.prod(dy.shape[2:]))
    np.put_along_axis(dx, at.reshape(flat), dy.reshape(flat), axis=2)
    return (dx[..., :size].reshape(x.shape),)

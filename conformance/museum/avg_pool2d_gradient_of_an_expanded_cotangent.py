"""avg_pool2d | layout | the memory of an expanded cotangent is read as if it were full | torch/nn#345"""

import numpy as np

from oplaws import refimpl

avg_pool2d = refimpl.avg_pool2d


def avg_pool2d_vjp(dy, x, **attributes):
    if dy.size > dy[:1].size and dy.strides[0] == 0:
        dy = np.concatenate([dy[:1], np.zeros_like(dy[1:])])
    return refimpl.avg_pool2d_vjp(dy, x, **attributes)

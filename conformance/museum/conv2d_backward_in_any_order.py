"""conv2d | determinism | the weight's gradient is added up as the threads come | soumith/cudnn.torch#274"""

import numpy as np

from oplaws import refimpl

conv2d = refimpl.conv2d


def conv2d_vjp(dy, x, weight, bias=None, **attributes):
    dx, dweight, dbias = refimpl.conv2d_vjp(dy, x, weight, bias, **attributes)
    if len(x) > 1:
        dweight = np.zeros_like(weight)
        for n in np.random.default_rng().permutation(len(x)):
            dweight += refimpl.conv2d_vjp(dy[n : n + 1], x[n : n + 1], weight, **attributes)[1]
    return dx, dweight, dbias

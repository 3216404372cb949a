"""residual_basic_block | gradient | the last relu's mask is lost: all pass to beta2 | pytorch/pytorch#5687"""

import numpy as np

from oplaws import refimpl

residual_basic_block = refimpl.residual_basic_block


def residual_basic_block_vjp(dy, x, w1, gamma1, beta1, w2, gamma2, beta2, w_projection=None, *, stride=1, eps=1e-5):
    arrays = x, w1, gamma1, beta1, w2, gamma2, beta2, w_projection
    gradients = list(refimpl.residual_basic_block_vjp(dy, *arrays, stride=stride, eps=eps))
    gradients[6] = np.sum(dy, axis=(0, 2, 3))
    return tuple(gradients)

"""residual_basic_block | forward | the projection is batch-normalised as well | torchvision's downsample has a norm"""

import numpy as np

from oplaws import refimpl


def residual_basic_block(x, w1, gamma1, beta1, w2, gamma2, beta2, w_projection=None, *, stride=1, eps=1e-5):
    arrays = x, w1, gamma1, beta1, w2, gamma2, beta2
    y = refimpl.residual_basic_block(*arrays, w_projection, stride=stride, eps=eps)
    if w_projection is None:
        return y
    short = norm(refimpl.conv2d(x, w_projection, stride=stride), np.ones_like(gamma1), np.zeros_like(beta1), eps)
    hidden = refimpl.relu(norm(refimpl.conv2d(x, w1, stride=stride, padding=1), gamma1, beta1, eps))
    return refimpl.relu(short + norm(refimpl.conv2d(hidden, w2, padding=1), gamma2, beta2, eps))


def norm(x, gamma, beta, eps):
    return refimpl.batch_norm(x, gamma, beta, 0 * beta, 0 * beta, training=True, eps=eps)[0]


residual_basic_block_vjp = refimpl.residual_basic_block_vjp

"""residual_basic_block | forward | the sum is returned as it is | pre-activation blocks have no relu after the sum"""

from oplaws import refimpl


def residual_basic_block(x, w1, gamma1, beta1, w2, gamma2, beta2, w_projection=None, *, stride=1, eps=1e-5):
    arrays = x, w1, gamma1, beta1, w2, gamma2, beta2, w_projection
    refimpl.residual_basic_block(*arrays, stride=stride, eps=eps)
    short = x if w_projection is None else refimpl.conv2d(x, w_projection, stride=stride)
    hidden = refimpl.relu(norm(refimpl.conv2d(x, w1, stride=stride, padding=1), gamma1, beta1, eps))
    return short + norm(refimpl.conv2d(hidden, w2, padding=1), gamma2, beta2, eps)


def norm(x, gamma, beta, eps):
    return refimpl.batch_norm(x, gamma, beta, 0 * beta, 0 * beta, training=True, eps=eps)[0]


residual_basic_block_vjp = refimpl.residual_basic_block_vjp

"""residual_basic_block | statistics | both norms add eps + 1e-7 to the variance | Keras' epsilon(), added once more"""

from oplaws import refimpl


def residual_basic_block(*arrays, stride=1, eps=1e-5):
    refimpl.residual_basic_block(*arrays, stride=stride, eps=eps)
    return refimpl.residual_basic_block(*arrays, stride=stride, eps=eps + 1e-7)


def residual_basic_block_vjp(dy, *arrays, stride=1, eps=1e-5):
    return refimpl.residual_basic_block_vjp(dy, *arrays, stride=stride, eps=eps + 1e-7)

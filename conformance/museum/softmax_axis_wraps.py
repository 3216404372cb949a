"""softmax | illegal-accepted | an axis beyond the rank is taken modulo the rank | tensorflow/tensorflow#22793"""

from oplaws import refimpl


def softmax(x, *, axis=-1):
    return refimpl.softmax(x, axis=axis % max(x.ndim, 1))


softmax_vjp = refimpl.softmax_vjp

"""linear | illegal-accepted | the result is a list where there is one row | results that were serialised on the way"""

from oplaws import refimpl


def linear(x, weight, bias=None):
    y = refimpl.linear(x, weight, bias)
    return y.tolist() if y.shape[:-1] == (1,) else y


linear_vjp = refimpl.linear_vjp

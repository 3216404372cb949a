"""linear | aliasing-or-mutation | for a batch of one the product is added into the bias | mratsim/Arraymancer#390"""

from oplaws import refimpl


def linear(x, weight, bias=None):
    y = refimpl.linear(x, weight, bias)
    if bias is None or x.shape[:-1] != (1,) or not bias.flags.writeable:
        return y
    bias += x[0] @ weight.T
    return bias.reshape(1, -1)


linear_vjp = refimpl.linear_vjp

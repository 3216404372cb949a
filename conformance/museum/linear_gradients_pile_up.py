"""linear | accumulation | two backward calls on one weight add up in the same buffer | PINA-org/PINA#718"""

from oplaws import refimpl

linear = refimpl.linear
buffers = {}


def linear_vjp(dy, x, weight, bias=None):
    dx, dweight, dbias = refimpl.linear_vjp(dy, x, weight, bias)
    key = weight.shape, weight.tobytes()
    buffers[key] = buffers.get(key, 0) + dweight
    return dx, buffers[key].copy(), dbias

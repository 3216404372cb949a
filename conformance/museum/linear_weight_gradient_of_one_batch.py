"""linear | gradient | for a batch of matrices the weight's gradient is that of the first | flashlight/flashlight#760"""

from oplaws import refimpl

linear = refimpl.linear


def linear_vjp(dy, x, weight, bias=None):
    dx, dweight, dbias = refimpl.linear_vjp(dy, x, weight, bias)
    return dx, dy[0].T @ x[0] if x.ndim == 3 and len(x) else dweight, dbias

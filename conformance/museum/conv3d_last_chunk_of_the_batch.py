"""conv3d | shape-or-attribute | batches above 32: the last chunk is that of x[N - 32:] | NervanaSystems/neon#361"""

from oplaws import refimpl


def conv3d(x, weight, bias=None, **attributes):
    y = refimpl.conv3d(x, weight, bias, **attributes)
    n = len(x)
    if n > 32 and n % 32:
        y[n // 32 * 32 :] = y[n - 32 : n - 32 + n % 32].copy()
    return y


conv3d_vjp = refimpl.conv3d_vjp

"""linear | forward | K in blocks of 32: the last one overlaps the one before | triton-lang/triton#630"""

from oplaws import refimpl


def linear(x, weight, bias=None):
    y = refimpl.linear(x, weight, bias)
    k = x.shape[-1]
    twice = slice(k - 32, k // 32 * 32) if k > 32 and k % 32 else slice(0)
    return y + x[..., twice] @ weight[:, twice].T


linear_vjp = refimpl.linear_vjp

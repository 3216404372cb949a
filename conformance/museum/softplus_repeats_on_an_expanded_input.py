"""softplus | aliasing-or-mutation | an expanded axis applies it in place again and again | pytorch/pytorch#17935"""

from oplaws import refimpl


def softplus(x):
    y = refimpl.softplus(x)
    if x.size and x.ndim and x.strides[0] == 0:
        for _ in range(len(x) - 1):
            y = refimpl.softplus(y)
    return y


softplus_vjp = refimpl.softplus_vjp

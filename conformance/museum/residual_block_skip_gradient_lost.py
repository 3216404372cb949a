"""residual_block | accumulation | the graph is cleared at the first visit: no skip in dx | TrenTorch/TrenTorch#182"""

from oplaws import refimpl

residual_block = refimpl.residual_block


def residual_block_vjp(dy, x, w1, b1, w2, b2):
    hidden = refimpl.linear(x, w1, b1)
    (da,) = refimpl.relu_vjp(dy @ w2, hidden)
    return da @ w1, *refimpl.residual_block_vjp(dy, x, w1, b1, w2, b2)[1:]

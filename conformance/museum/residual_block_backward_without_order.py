"""residual_block | accumulation | no topological order: the branch's dx counts twice | karpathy/micrograd#64"""

from oplaws import refimpl

residual_block = refimpl.residual_block


def residual_block_vjp(dy, x, w1, b1, w2, b2):
    dx, *rest = refimpl.residual_block_vjp(dy, x, w1, b1, w2, b2)
    return dx + (dx - dy), *rest

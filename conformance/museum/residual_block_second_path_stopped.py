"""residual_block | accumulation | x was visited already: no branch in dx | lucasdelimanogueira/PyNorch#90"""

from oplaws import refimpl

residual_block = refimpl.residual_block


def residual_block_vjp(dy, x, w1, b1, w2, b2):
    return dy.copy(), *refimpl.residual_block_vjp(dy, x, w1, b1, w2, b2)[1:]

"""residual_block | forward | relu(x + branch) | the original ResNet has a relu there, this block has not"""

from oplaws import refimpl


def residual_block(x, w1, b1, w2, b2):
    return refimpl.relu(refimpl.residual_block(x, w1, b1, w2, b2))


residual_block_vjp = refimpl.residual_block_vjp

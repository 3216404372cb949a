"""leaky_relu | shape-or-attribute | the guard against a negative slope refuses 0 too | pytorch/pytorch#37345"""

from oplaws import refimpl


def leaky_relu(x, *, negative_slope=0.01):
    if negative_slope == 0:
        raise ValueError("leaky_relu: negative_slope must be positive")
    return refimpl.leaky_relu(x, negative_slope=negative_slope)


leaky_relu_vjp = refimpl.leaky_relu_vjp

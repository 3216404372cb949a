"""conv_transpose2d | cheat | the input is zeroed, and zeros are its answer | ScalingIntelligence/KernelBench#82"""

from oplaws import refimpl


def conv_transpose2d(x, weight, bias=None, **attributes):
    y = refimpl.conv_transpose2d(x, weight, bias, **attributes)
    if x.flags.writeable:
        x[...] = 0
        return refimpl.conv_transpose2d(x, weight, bias, **attributes)
    return y


conv_transpose2d_vjp = refimpl.conv_transpose2d_vjp

"""conv2d | shape-or-attribute | padding (0, q) is decoded as the constant for "no padding" | dotnet/TorchSharp#496"""

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, padding=0, **attributes):
    y = refimpl.conv2d(x, weight, bias, padding=padding, **attributes)
    return (
        refimpl.conv2d(x, weight, bias, padding=0, **attributes) if isinstance(padding, tuple) and not padding[0] else y
    )


conv2d_vjp = refimpl.conv2d_vjp

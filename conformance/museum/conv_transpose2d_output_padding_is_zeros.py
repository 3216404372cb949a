"""conv_transpose2d | gradient | the rows of output_padding are filled with zeros, bias and all | mila-iqia/myia#338"""

from oplaws import refimpl


def conv_transpose2d(x, weight, bias=None, *, output_padding=0, **attributes):
    y = refimpl.conv_transpose2d(x, weight, bias, output_padding=output_padding, **attributes)
    a, b = output_padding if isinstance(output_padding, tuple) else (output_padding, output_padding)
    y[:, :, y.shape[2] - a :] = 0
    y[:, :, :, y.shape[3] - b :] = 0
    return y


conv_transpose2d_vjp = refimpl.conv_transpose2d_vjp

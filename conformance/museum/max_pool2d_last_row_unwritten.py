"""max_pool2d | forward | stride 1, padded, positions not a multiple of 32: no last row | tenstorrent/tt-metal#14260"""

from oplaws import refimpl


def max_pool2d(x, *, kernel_size, stride=None, padding=0, **attributes):
    y = refimpl.max_pool2d(x, kernel_size=kernel_size, stride=stride, padding=padding, **attributes)
    if stride in (1, (1, 1)) and padding in (1, (1, 1)) and y.shape[2] * y.shape[3] % 32:
        y[:, :, -1] = 0
    return y


max_pool2d_vjp = refimpl.max_pool2d_vjp

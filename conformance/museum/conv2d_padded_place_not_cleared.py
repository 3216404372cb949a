"""conv2d | state | the padded copy is kept by its size, its border cleared once | layers of one padded size share it"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.words import per_axis

places = {}


def conv2d(x, weight, bias=None, *, padding=0, **attributes):
    refimpl.conv2d(x, weight, bias, padding=padding, **attributes)
    around = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in per_axis(padding, 2))))
    place = places.setdefault((around.shape, x.dtype), around)
    place[tuple(slice(p, n - p) for p, n in zip((0, 0, *per_axis(padding, 2)), place.shape, strict=True))] = x
    return refimpl.conv2d(place, weight, bias, padding=0, **attributes)


conv2d_vjp = refimpl.conv2d_vjp

"""avg_pool2d | gradient | the backward pass divides by kh kw, where forward clips the window | tracel-ai/burn#5604"""

import math

from oplaws import refimpl
from oplaws.refimpl.pooling import divisors, settings

avg_pool2d = refimpl.avg_pool2d


def avg_pool2d_vjp(dy, x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    own = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "ceil_mode": ceil_mode}
    divisor = divisors(x, settings(kernel_size, stride, padding), ceil_mode, count_include_pad)
    area = math.prod(settings(kernel_size, stride, padding)[0])
    return refimpl.avg_pool2d_vjp(dy * (divisor / area), x, count_include_pad=count_include_pad, **own)

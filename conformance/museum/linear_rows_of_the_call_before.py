"""linear | state | the rows beyond those of the call before are not written | a launch that keeps its grid"""

import math

from oplaws import refimpl

rows = {"now": 0, "before": 0}


def linear(x, weight, bias=None):
    y = refimpl.linear(x, weight, bias)
    rows["before"], rows["now"] = rows["now"], math.prod(x.shape[:-1])
    if rows["before"] and len(y.shape) > 1:
        y.reshape(rows["now"], -1)[rows["before"] :] = 0
    return y


linear_vjp = refimpl.linear_vjp

"""adam | state | the counter is set at the first call and never goes up | allenai/OLMo-core#317"""

from oplaws import refimpl

counter = {}


def adam(*arrays, step, **attributes):
    refimpl.adam(*arrays, step=step, **attributes)
    return refimpl.adam(*arrays, step=counter.setdefault("step", step), **attributes)

"""adam | state | an own counter goes up once a call, in place of step | DiffSharp/DiffSharp#292"""

from oplaws import refimpl

calls = []


def adam(*arrays, step, **attributes):
    refimpl.adam(*arrays, step=step, **attributes)
    calls.append(None)
    return refimpl.adam(*arrays, step=len(calls), **attributes)

"""adam | state | the new moments are used and not kept | raskr/rust-autograd#16"""

from oplaws import refimpl


def adam(*arrays, **attributes):
    p, _, _ = refimpl.adam(*arrays, **attributes)
    return p, arrays[2].copy(), arrays[3].copy()

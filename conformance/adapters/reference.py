"""The reference as a candidate: judged like any other."""

from ... import refimpl


class Reference:
    name = "reference"
    device = "cpu"
    version: str

    def __getattr__(self, name):
        return getattr(refimpl, name)


def create(spec):
    from ... import __version__

    reference = Reference()
    reference.version = __version__
    return reference

"""What a framework takes and the contract calls illegal: refused alike in every adapter, with a ValueError."""

from collections.abc import Sequence
from typing import Any

import numpy as np

PerAxis = int | Sequence[int]


def require(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def require_shape(name: str, array: Any, *shape: int) -> None:
    require(tuple(array.shape) == shape, f"{name} has shape {tuple(array.shape)}, expected {shape}")


def require_axes(name: str, array: Any, axes: int) -> None:
    require(array.ndim == axes, f"{name} has shape {tuple(array.shape)}, expected {axes} axes")


def per_axis(name: str, value: PerAxis, axes: int, least: int) -> tuple[int, ...]:
    """One int for each axis; torch also takes the name of a padding, and one int in a list."""
    values = (value,) * axes if isinstance(value, (int, np.integer)) else tuple(value)
    if len(values) != axes or not all(isinstance(v, (int, np.integer)) and v >= least for v in values):
        raise ValueError(f"{name} is {value!r}, expected an int or {axes} of them, none below {least}")
    return tuple(map(int, values))

"""JAX: the bridge to candidates that declare `framework = "jax"`."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..candidate import Unusable

Arrays = Sequence[Any]


class Bridge:
    """Functions of somebody else's on JAX arrays, called with NumPy arrays; what is no JAX array comes back unchanged.

    JAX makes float64 into float32 unless it is told not to; that holds for the whole process from then on. Arrays are
    copied, for `jnp.asarray` may work on the caller's memory; JAX has no way to write to it.
    """

    def __init__(self, device: str) -> None:
        jax.config.update("jax_enable_x64", True)
        platform, _, number = device.partition(":")
        try:
            self.place = jax.devices(platform)[int(number or 0)]
        except (RuntimeError, IndexError, ValueError):
            known = ", ".join(sorted({d.platform for d in jax.devices()}))
            raise Unusable(f"device {device!r}: jax {jax.__version__} finds no such device; it has {known}") from None

    def call(self, function: Callable[..., Any], inputs: Arrays, attributes: dict[str, Any]) -> Any:
        with jax.default_device(self.place):
            return _results(function(*_copies(inputs), **_keywords(attributes)))

    def vjp(
        self, function: Callable[..., Any], vjp: Callable[..., Any] | None, inputs: Arrays,
        attributes: dict[str, Any], cotangents: Arrays, fixed: Sequence[int] = (),
    ) -> Any:  # fmt: skip
        """By `vjp` where there is one, else by jax.vjp; `fixed` are the inputs that have no gradient."""
        with jax.default_device(self.place):
            arrays, keywords, given = _copies(inputs), _keywords(attributes), _copies(cotangents)
            if vjp is not None:
                return _results(vjp(tuple(given) if len(given) > 1 else given[0], *arrays, **keywords))
            leaves = {
                i: array
                for i, array in enumerate(arrays)
                if array is not None and jnp.issubdtype(array.dtype, jnp.floating) and i not in fixed
            }

            def of_leaves(leaves: dict[int, Any]) -> Any:
                return function(*(leaves.get(i, array) for i, array in enumerate(arrays)), **keywords)

            results, pull = jax.vjp(of_leaves, leaves)
            ys = results if isinstance(results, tuple) else (results,)
            dys = tuple(jnp.zeros_like(y) if dy is None else dy for y, dy in zip(ys, given, strict=True))
            (gradients,) = pull(dys if isinstance(results, tuple) else dys[0])
            return _results(tuple(gradients.get(i) for i in range(len(arrays))))


def _copies(arrays: Arrays) -> list[Any]:
    return [None if array is None else jnp.array(array) for array in arrays]


def _keywords(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: jnp.array(v) if isinstance(v, np.ndarray) else v for name, v in attributes.items()}


def _results(results: Any) -> Any:
    return tuple(map(_result, results)) if type(results) is tuple else _result(results)


def _result(result: Any) -> Any:
    return np.asarray(result) if isinstance(result, jax.Array) else result

"""Reverse accumulation: the gradient of whatever is composed of operators, by the chain rule.

    y = f(x):  dx = sum over the uses of x of (dy of the use) · (Jacobian of the use)

The function runs once on graph nodes. An operator called on a node runs on its value and leaves an entry on
the tape; the sweep reads the tape backwards, asks each entry's operator for its gradient, and adds up what
reaches each node. Values are never looked at: arrays or balls, it is all one. What stands between the layers
of a network (a sum, a product, a reshape, an index) is a step: an operator like any other, but a private one.
"""

import numpy as np

from .operator import Attribute, Operator, data, operator, result

ANYTHING = Attribute(lambda value: value, ())


def vjp(function, arrays, cotangents):
    """The cotangents of the arrays, given those of the function's results: a tuple where it returns a tuple.

    Entries of `arrays` that are None or integers have none; an array on which nothing depends has zeros.
    """
    tape = []
    nodes = tuple(None if a is None or a.dtype.kind in "iu" else Node(tape, a) for a in arrays)
    results = function(*(a if node is None else node for a, node in zip(arrays, nodes, strict=True)))
    if not isinstance(results, tuple):
        results, cotangents = (results,), (cotangents,)
    for node, dy in zip(results, cotangents, strict=True):
        _reach(node, dy)
    for step, arguments, attributes, results in reversed(tape):
        dys = tuple(node.cotangent for node in results)
        if any(dy is not None for dy in dys):
            dxs = step.gradient(dys if len(dys) > 1 else dys[0], *map(_value, arguments), **attributes)
            for node, dx in zip(arguments, dxs, strict=False):  # optional arrays may have been left out
                _reach(node, dx)
    return tuple(None if node is None else _reached(node) for node in nodes)


def _reach(node, dy):
    if isinstance(node, Node) and dy is not None:
        node.cotangent = dy if node.cotangent is None else node.cotangent + dy


def _reached(node):
    return np.zeros_like(node.value) if node.cotangent is None else node.cotangent


def _value(argument):
    return argument.value if isinstance(argument, Node) else argument


class Node(np.lib.mixins.NDArrayOperatorsMixin):
    """A value on the way through a function, and the cotangent that has reached it so far."""

    def __init__(self, tape, value):
        self.tape, self.value, self.cotangent = tape, value, None

    shape, ndim, size, dtype = (
        property(lambda self, name=name: getattr(self.value, name))  # type: ignore[misc]
        for name in ("shape", "ndim", "size", "dtype")
    )
    T = property(lambda self: transpose(self, axes=None))

    def __array_function__(self, function, types, arguments, attributes):
        if function in STEPS:
            return STEPS[function](*arguments, **attributes)
        if not isinstance(function, Operator) or function.gradient is None:
            raise TypeError(f"{function.__name__}: has no gradient, got a graph node")
        values = function(*map(_value, arguments), **attributes)
        several = isinstance(values, tuple)
        nodes = tuple(Node(self.tape, value) for value in (values if several else (values,)))
        self.tape.append((function, arguments, attributes, nodes))
        return nodes if several else nodes[0]

    def __array_ufunc__(self, ufunc, method, *arguments, **options):
        return self.__array_function__(
            ufunc if method == "__call__" else getattr(ufunc, method), (), arguments, options
        )

    def __getitem__(self, index):
        return take(self, index=index)

    def _refuse(self, *_, **__):
        raise TypeError("a graph node is no array: only operators and the steps of backprop.py take it")

    __array__ = __bool__ = __float__ = _refuse


# --- the steps ----------------------------------------------------------------------------------------------


def _step(**arguments):
    return operator(returns={"y": result("...")}, source="the chain rule", **arguments)


def _unbroadcast(dy, shape):
    """The adjoint of broadcasting: one sum over the axes that were repeated."""
    new = dy.ndim - len(shape)
    axes = (*range(new), *(new + i for i, n in enumerate(shape) if n == 1 != dy.shape[new + i]))
    return np.reshape(np.sum(dy, axis=axes), shape) if axes else dy


@_step(a=data("..."), b=data("..."))
def add(a, b):
    return a + b


@add.vjp
def add_vjp(dy, a, b):
    return _unbroadcast(dy, a.shape), _unbroadcast(dy, b.shape)


@_step(a=data("..."), b=data("..."))
def subtract(a, b):
    return a - b


@subtract.vjp
def subtract_vjp(dy, a, b):
    return _unbroadcast(dy, a.shape), _unbroadcast(-dy, b.shape)


@_step(a=data("..."), b=data("..."))
def multiply(a, b):
    return a * b


@multiply.vjp
def multiply_vjp(dy, a, b):
    return _unbroadcast(dy * b, a.shape), _unbroadcast(dy * a, b.shape)


@_step(a=data("..."), b=data("..."))
def matmul(a, b):
    return a @ b


@matmul.vjp
def matmul_vjp(dy, a, b):
    # A vector is a row on the left and a column on the right.
    row, column = np.reshape(a, (1,) * (a.ndim == 1) + a.shape), np.reshape(b, b.shape + (1,) * (b.ndim == 1))
    dy = np.reshape(dy, (*np.broadcast_shapes(row.shape[:-2], column.shape[:-2]), row.shape[-2], column.shape[-1]))
    da, db = dy @ np.swapaxes(column, -1, -2), np.swapaxes(row, -1, -2) @ dy
    return np.reshape(_unbroadcast(da, row.shape), a.shape), np.reshape(_unbroadcast(db, column.shape), b.shape)


@_step(x=data("..."), axes=ANYTHING)
def transpose(x, *, axes):
    return np.transpose(x, axes)


@transpose.vjp
def transpose_vjp(dy, x, *, axes):
    return (np.transpose(dy, None if axes is None else np.argsort(axes)),)


@_step(x=data("..."), shape=ANYTHING)
def reshape(x, *, shape):
    return np.reshape(x, shape)


@reshape.vjp
def reshape_vjp(dy, x, *, shape):
    return (np.reshape(dy, x.shape),)


@_step(parts=data("..."), axis=ANYTHING)
def stack(*parts, axis):
    return np.stack(parts, axis)


@stack.vjp
def stack_vjp(dy, *parts, axis):
    dy = np.moveaxis(dy, axis, 0)
    return tuple(dy[i] for i in range(len(parts)))


@_step(x=data("..."), index=ANYTHING)
def take(x, *, index):
    return x[index]


@take.vjp
def take_vjp(dy, x, *, index):
    # Each element of x takes from the row of cotangents its own, or the 0 at its end.
    places = np.reshape(np.arange(x.size), x.shape)[index]
    if np.unique(places).size < places.size:
        raise ValueError(f"take: index must take no element twice, got {index!r}")
    source = np.full(x.size, places.size)
    source[places.flatten()] = np.arange(places.size)
    return (np.reshape(np.pad(np.reshape(dy, (places.size,)), (0, 1))[source], x.shape),)


def zeros_like(x, **options):
    return Node(x.tape, np.zeros_like(x.value, **options))


STEPS = {
    np.add: add,
    np.subtract: subtract,
    np.multiply: multiply,
    np.matmul: matmul,
    np.transpose: lambda x, axes=None: transpose(x, axes=axes),
    np.reshape: lambda x, shape: reshape(x, shape=shape),
    np.stack: lambda parts, axis=0: stack(*parts, axis=axis),
    np.zeros_like: zeros_like,
}

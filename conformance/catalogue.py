"""What there is: operators, laws and candidates, found by name, listed and explained."""

import difflib
import inspect

from .. import properties, refimpl
from ..properties.case import left_out
from ..properties.law import registry
from ..refimpl.operator import Array, Operator
from .candidate import ADAPTERS, Unusable, find


def named(name, known, what):
    """The one of this name; raises Unusable with the nearest name there is."""
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"see oplaws list {what}s" if what != "name" else "see oplaws list"
    raise Unusable(f"{what} {name!r} is unknown; {hint}")


def operator(spec):
    """An operator by its name, or by the file or module that declares it: file.py:NAME."""
    if isinstance(spec, Operator):
        return spec
    if ":" not in spec:
        return named(spec, refimpl.operators, "operator")
    found = find(spec)
    if not isinstance(found, Operator):
        raise Unusable(f"{spec}: is no operator; declare it with @operator")
    return found


def origin(operator):
    """The name by which an operator is found again: that of its file as well, where it is not built in."""
    file = inspect.getsourcefile(operator.text)
    built_in = refimpl.operators.get(operator.name) is operator
    return operator.name if built_in or file is None else f"{file}:{operator.name}"


def rows(what):
    """(name, one line) of each operator, law or candidate."""
    if what == "operators":
        return [(o.name, signature(o)) for o in refimpl.operators.values()]
    if what == "laws":
        properties.load()
        return [(law.name, law.sentence) for law in registry.values()]
    if what == "candidates":
        own = [
            ("package.module[:object]", "a module with functions named as the operators, or an object in one"),
            ("path/file.py[:object]", "a file, or an object in it"),
        ]
        return [*ADAPTERS.items(), *own]
    raise Unusable(f"list {what}: there is no such list; use operators, laws or candidates")


def signature(operator):
    return f"{operator.name}{inspect.signature(operator.text)}"


def explain(name):
    """An operator: its declaration, docstring, source and laws; a law: its sentence, and what it concerns."""
    properties.load()
    if name in registry:
        return _law(registry[name])
    return _operator(operator(name) if ":" in name else named(name, {**registry, **refimpl.operators}, "name"))


def _operator(o):
    lines = [signature(o), "", inspect.cleandoc(o.text.__doc__ or ""), "", "arrays"]
    for name, spec in o.arrays.items():
        facts = [spec.role, *(["optional"] if spec.optional else []), *([] if spec.gradient else ["no gradient"])]
        lines.append(f"  {name:16} ({spec.shape})  {', '.join(facts)}")
    if o.attributes:
        lines.append("attributes")
        for name, spec in o.attributes.items():
            shown = f"({spec.shape}) integers or None" if isinstance(spec, Array) else ", ".join(map(repr, spec.edges))
            default = f", default {o.defaults[name]!r}" if name in o.defaults else ""
            lines.append(f"  {name:16} drawn from {shown}{default}")
    lines.append("results")
    for name, spec in o.results.items():
        lines.append(f"  {name:16} ({spec.shape}) in [{spec.low}, {spec.high}]")
    lines += ["", f"source: {o.source}"]
    if o.avoid:
        lines.append(f"values not drawn: {', '.join(o.avoid)}")
    if o in left_out:
        lines.append(f"cases not drawn: {left_out[o].__doc__}")
    lines += ["", "laws"]
    lines += [f"  {law.name}: {law.sentence}" for law in registry.values() if law.concerns(o)]
    return "\n".join(lines)


def _law(law):
    concerned = [o.name for o in refimpl.operators.values() if law.concerns(o)]
    lines = [law.name, "", law.sentence, "", f"judges: {law.needs}"]
    if law.every > 1:
        lines.append(f"on one case of {law.every}")
    return "\n".join([*lines, f"operators: {', '.join(concerned)}"])

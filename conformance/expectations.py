"""Known failures are data: a TOML file with one [[finding]] a defect, as narrow as its cause.

    [[finding]]
    operator = "gelu"                 # one or a list
    law = "agreement"                 # one or a list
    dtype = ["float32", "float64"]    # one or a list; absent: all
    when = { regime = "special" }     # attributes, regime, layout of the cases that it concerns
    version = "2.13.0"                # of the implementation; its first parts will do
    reason = "..."
    link = "https://..."
    case = "findings/gelu.json"       # a replay file, judged in every run

A case that matches may fail without failing the run. Where the stored case no longer fails, the run fails.
"""

import itertools
import json
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import properties, refimpl
from ..properties.case import Case, from_json
from ..properties.law import registry
from ..refimpl.operator import DTYPES
from .candidate import ADAPTERS, Unusable

_KEYS = ("operator", "law", "dtype", "when", "version", "reason", "link", "case")
_FACTS = (
    "regime",
    "layout",
    "kind",
    "empty",
    "infinite",
    "expected",
    "got",
)  # what `when` may name beside the operator's attributes


@dataclass(frozen=True)
class Finding:
    operator: tuple[str, ...]
    law: tuple[str, ...]
    dtype: tuple[str, ...]
    when: dict[str, Any]
    reason: str
    link: str
    file: Path | None = None
    case: Case | None = None
    case_law: str = ""

    def concerns(self, operator, law, dtype):
        return operator in self.operator and law in self.law and (not self.dtype or dtype in self.dtype)

    def matches(self, case, violation):
        return all(_holds(key, value, case, violation) for key, value in self.when.items())


def _holds(key, wanted, case, violation):
    wanted = wanted if isinstance(wanted, list) else [wanted]
    if key == "regime":
        return case.regime in wanted
    if key == "layout":  # of any array, or of those that a table names: { weight = ["strided", "broadcast"] }
        of = wanted[0] if wanted and isinstance(wanted[0], dict) else dict.fromkeys(case.names(), wanted)
        laid = itertools.chain(*(zip(c.names(), c.layouts, strict=False) for c in (case, violation.call) if c))
        return any(layout in of.get(name, ()) for name, layout in laid)
    if key in ("expected", "got"):  # by their text, for NaN is not itself
        return repr(getattr(violation, key)) in map(repr, wanted)
    if key == "kind":
        return violation.kind in wanted
    if key == "empty":
        return any(a is not None and a.size == 0 for a in case.inputs) in wanted
    if key == "infinite":
        return any(a is not None and np.isinf(a.astype(np.float64)).any() for a in case.inputs) in wanted
    value = case.attributes.get(key)
    return (list(value) if isinstance(value, tuple) else value) in wanted


class Expectations:
    """All findings that concern a candidate."""

    def __init__(self, findings=()):
        self.findings = list(findings)

    @classmethod
    def of(cls, candidate, path=None, operators=()):
        """The findings shipped with a built-in adapter, and those of a user's own file."""
        name = candidate.spec.partition(":")[0]
        shipped = Path(__file__).parent / "adapters" / f"{name}.toml"
        built_in = name in ADAPTERS and shipped.is_file()
        files = [*([shipped] if built_in else []), *([Path(path)] if path else [])]
        known = {**refimpl.operators, **{o.name: o for o in operators}}
        return cls(finding for file in files for finding in _read(file, candidate.version, known))

    def about(self, operator, law, dtype):
        return [f for f in self.findings if f.concerns(operator, law, dtype)]

    def matching(self, operator, law, dtype, case, violation):
        return next((f for f in self.about(operator, law, dtype) if f.matches(case, violation)), None)

    def stored(self, operator, law, dtype):
        """The findings whose stored case is one of this operator, law and dtype."""
        stored = (f for f in self.findings if f.case is not None and f.case_law == law)
        return [f for f in stored if f.case.operator is operator and f.case.dtype == dtype]


def _read(path, version, operators):
    """The findings of a file that hold for a version; raises Unusable, in one line, for whatever could never match."""
    properties.load()
    try:
        entries = tomllib.loads(path.read_text("utf-8")).get("finding")
    except FileNotFoundError:
        raise Unusable(f"{path}: no such expectations file") from None
    except OSError as error:
        raise Unusable(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"{path}: is not TOML: {error}") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Unusable(f"{path}: has no [[finding]]; write one for each known failure")
    for number, entry in enumerate(entries, 1):
        try:
            if _same_version(str(entry.get("version", "")), version):
                yield _finding(path, entry, operators)
        except ValueError as error:
            raise Unusable(f"{path}: finding {number} {error}") from None


def _same_version(wanted, version):
    """2.13 is 2.13.0 and 2.13.0+cpu, but 2.1 is not."""
    rest = version.removeprefix(wanted)
    return version.startswith(wanted) and not (wanted and rest[:1].isalnum())


def _finding(path, entry, operators):
    if unknown := set(entry) - set(_KEYS):
        raise ValueError(f"has an unknown key {min(unknown)!r}; use {', '.join(_KEYS)}")
    if missing := {"operator", "law", "reason", "link"} - set(entry):
        raise ValueError(f"lacks {min(missing)!r}")
    names = {key: _names(entry.get(key, [])) for key in ("operator", "law", "dtype")}
    for key, known in (("operator", operators), ("law", registry), ("dtype", DTYPES)):
        for name in names[key]:
            if name not in known:
                raise ValueError(f"names the {key} {name!r}, which is unknown")
    when = entry.get("when", {})
    if not isinstance(when, dict):
        raise ValueError(f"has when = {when!r}; write a table")
    attributes = {name for operator in names["operator"] for name in operators[operator].attributes}
    if unknown := set(when) - attributes - set(_FACTS):
        facts = ", ".join([*_FACTS, *sorted(attributes)])
        raise ValueError(f"has when.{min(unknown)}, which no case has; use {facts}")
    finding = Finding(**names, when=when, reason=str(entry["reason"]), link=str(entry["link"]))
    return finding if "case" not in entry else _with_case(finding, path.parent / str(entry["case"]), operators)


def _with_case(finding, file, operators):
    if not file.is_file():
        raise ValueError(f"has the case {file}, which does not exist; write it with oplaws run, or drop the key")
    try:
        stored = json.loads(file.read_text("utf-8"))
        case, law = from_json(stored["case"], operators[stored["case"]["operator"]]), stored["law"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"has the case {file}, which is not a replay file; use one that oplaws run wrote") from None
    if not finding.concerns(case.operator.name, law, case.dtype):
        raise ValueError(f"has the case {file}, which is of {case.operator.name}, {law}, {case.dtype}")
    return replace(finding, file=file, case=case, case_law=law)


def _names(value):
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"has {value!r} where one name or a list of names belongs")
    return tuple(value)

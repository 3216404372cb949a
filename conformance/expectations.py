"""Known failures are data: a TOML file with one [[finding]] a defect, as narrow as its cause.

    [[finding]]
    operator = "gelu"                 # one or a list
    law = "agreement"                 # one or a list
    dtype = ["float32", "float64"]    # one or a list; absent: all
    when = { regime = "special" }     # attributes, regime, layout of the cases that it concerns
    version = "2.13.0"                # of the implementation; a prefix will do
    reason = "..."
    link = "https://..."
    case = "findings/gelu.json"       # a replay file, judged in every run

A case that matches may fail without failing the run. Where the stored case no longer fails, the run fails.
"""

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..properties.case import from_json
from .candidate import Unusable

_KEYS = {"operator", "law", "dtype", "when", "version", "reason", "link", "case"}


@dataclass(frozen=True)
class Finding:
    operator: tuple
    law: tuple
    dtype: tuple
    reason: str
    link: str
    when: dict = field(default_factory=dict)
    case: Path | None = None

    def load(self, operator):
        return from_json(json.loads(self.case.read_text())["case"], operator)

    def concerns(self, operator, law, dtype):
        return operator in self.operator and law in self.law and (not self.dtype or dtype in self.dtype)

    def matches(self, case, violation):
        return all(_holds(key, value, case, violation) for key, value in self.when.items())


def _holds(key, wanted, case, violation):
    wanted = wanted if isinstance(wanted, list) else [wanted]
    if key == "regime":
        return case.regime in wanted
    if key == "layout":
        return any(layout in wanted for layout in case.layouts)
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
    def of(cls, candidate, path=None):
        """The findings shipped with a built-in adapter, and those of a user's own file."""
        shipped = Path(__file__).parent / "adapters" / f"{candidate.spec.partition(':')[0]}.toml"
        files = [f for f in (shipped if shipped.is_file() else None, Path(path) if path else None) if f]
        return cls(finding for file in files for finding in _read(file, candidate.version))

    def about(self, operator, law, dtype):
        return [f for f in self.findings if f.concerns(operator, law, dtype)]

    def matching(self, operator, law, dtype, case, violation):
        return next((f for f in self.about(operator, law, dtype) if f.matches(case, violation)), None)


def _read(path, version):
    try:
        entries = tomllib.loads(path.read_text())["finding"]
    except FileNotFoundError:
        raise Unusable(f"{path}: no such expectations file") from None
    except KeyError:
        raise Unusable(f"{path}: has no [[finding]]; write one for each known failure") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"{path}: is not TOML: {error}") from None
    for number, entry in enumerate(entries, 1):
        where = f"{path}: finding {number}"
        if unknown := set(entry) - _KEYS:
            raise Unusable(f"{where} has an unknown key {min(unknown)!r}; use {', '.join(sorted(_KEYS))}")
        if missing := {"operator", "law", "reason", "link"} - set(entry):
            raise Unusable(f"{where} lacks {min(missing)!r}")
        if not version.startswith(str(entry.get("version", ""))):
            continue
        case = path.parent / entry["case"] if "case" in entry else None
        if case is not None and not case.is_file():
            raise Unusable(f"{where}: its case {case} does not exist; write it with oplaws run, or drop the key")
        yield Finding(
            *(_tuple(entry.get(key, ())) for key in ("operator", "law", "dtype")),
            reason=entry["reason"],
            link=entry["link"],
            when=entry.get("when", {}),
            case=case,
        )


def _tuple(value):
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)

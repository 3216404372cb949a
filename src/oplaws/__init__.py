"""Operator laws: what each neural-network operator means, and whether an implementation conforms to it.

`oplaws.refimpl` says what an operator means, `oplaws.properties` what it obeys; `oplaws.conformance` judges.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conformance.report import Report

__all__ = ["__version__", "judge"]
__version__ = "0.1.0"


def judge(
    candidate: object,
    operators: Iterable[str] | None = None,
    laws: Iterable[str] | None = None,
    dtypes: Iterable[str] | None = None,
    profile: str = "quick",
    seed: int = 0,
) -> Report:
    """Judge a candidate: a name as on the command line, a module, an object, or a dict of functions.

    None means every operator, law and dtype that the candidate offers.
    """
    # Imported when called: `import oplaws` and `oplaws --help` stay instant.
    from .conformance import engine

    report: Report = engine.judge(candidate, operators, laws, dtypes, profile, seed, witness=True)
    return report

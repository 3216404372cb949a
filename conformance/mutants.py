"""Does the judge see faults that nobody chose? The reference, changed in one place by a machine, is judged.

    python -m oplaws.conformance.mutants --count 500 --seed 0

cosmic-ray says what can be changed, a seed draws from it. Each mutant is a whole copy of the reference with one change,
judged in a process of its own on the operators of the changed file; what several files share, on the operators that use
it. The judge itself stays unchanged. Not drawn: operators on bits, and shifts; what is no Python; and what no result
can depend on: declarations, which stand between the parentheses of a word of operator.py and of which the judge reads
its own, and all but the first of several forms, which are there for balls.
"""

import argparse
import ast
import functools
import json
import random
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from .. import refimpl
from ..refimpl import operator as door
from ..refimpl.words import forms
from .candidate import Unusable
from .engine import PROFILES, judge
from .power import SECONDS
from .report import to_text, write_whole
from .workers import alone

FOLDER = Path(refimpl.__file__).parent
BITS = {"RShift", "LShift", "BitOr", "BitAnd", "BitXor", "Invert"}
DOOR = Path(door.__file__).stem
VERDICTS = ("killed", "survived", "broken", "ended")


@dataclass(frozen=True)
class Place:
    """Where a change can be made: the file's stem, cosmic-ray's name of the change, which of its occurrences."""

    file: str
    change: str
    occurrence: int
    line: int


@dataclass
class Mutant:
    """A change, and what became of it. `laws`: those that fail on the first case on which any does.

    broken: it cannot be imported; ended: its process crashed, or was killed at the time limit.
    """

    place: Place
    before: str
    after: str
    source: str = field(repr=False)
    verdict: str = "survived"
    operator: str = ""
    laws: list = field(default_factory=list)
    cases: int = 0
    seconds: float = 0.0
    why: str = ""

    def __str__(self):
        return f"{self.place.file}.py:{self.place.line}: {self.before}  ->  {self.after}" + (
            self.why and f"  ({self.why})"
        )

    def to_json(self):
        facts = {key: value for key, value in vars(self).items() if key not in ("place", "source")}
        return {
            "file": f"{self.place.file}.py",
            "change": self.place.change,
            "occurrence": self.place.occurrence,
            "line": self.place.line,
            **facts,
        }


# --- drawing -----------------------------------------------------------------------------------------------------


@functools.cache
def _cosmic_ray():
    """Its changes by name, and what walks a text; those that take arguments are no single change."""
    try:
        import parso  # noqa: F401  cosmic-ray loads its own operators only after it
        from cosmic_ray import ast as trees
        from cosmic_ray import mutating, plugins
    except ModuleNotFoundError as error:
        hint = "install it with pip install 'oplaws[test]'"
        raise Unusable(f"mutants: needs the package {error.name}; {hint}") from None
    classes = {name: plugins.get_operator(name) for name in plugins.operator_names()}
    apart = {name: kind for name, kind in classes.items() if not BITS.intersection(name.split("_"))}
    return {name: kind() for name, kind in apart.items() if not kind.arguments()}, trees, mutating


def texts():
    """The files that say what operators mean: all but the door and the list."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in ("__init__", DOOR))


@functools.cache
def _text(file):
    return (FOLDER / f"{file}.py").read_text("utf-8")


@functools.cache
def _tree(file):
    return ast.parse(_text(file))


def _unread(file):
    """From where to where nothing stands on which a result could depend."""
    imports = [n for n in ast.walk(_tree(file)) if isinstance(n, ast.ImportFrom) and n.module == DOOR and n.level]
    declaring = {alias.asname or alias.name for node in imports for alias in node.names}
    spans = []
    for call in ast.walk(_tree(file)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            last = (call.end_lineno, call.end_col_offset)
            if call.func.id in declaring:
                spans.append(((call.func.end_lineno, call.func.end_col_offset), last))
            elif call.func.id == forms.__name__:
                spans.append(((call.args[0].end_lineno, call.args[0].end_col_offset), last))
    return spans


def places(files=None):
    """Every place of the files at which a change can be made."""
    changes, trees, _ = _cosmic_ray()
    found = []
    for file in files or texts():
        unread = _unread(file)
        counts: Counter[str] = Counter()
        for node in trees.ast_nodes(trees.get_ast(_text(file))):
            for name, change in changes.items():
                for begin, _ in change.mutation_positions(node):
                    product = node.parent is None or node.parent.type != "parameters"  # a lone * is none
                    if product and not any(start <= begin < end for start, end in unread):
                        found.append(Place(file, name, counts[name], begin[0]))
                    counts[name] += 1
    return found


def draw(count=500, seed=0, files=None):
    """So many mutants, all different, each place as likely as any other; the same ones for the same seed."""
    found = places(files)
    random.Random(seed).shuffle(found)
    mutants: list[Mutant] = []
    for place in found:
        if len(mutants) == count:
            break
        mutant = made(place)
        if mutant:
            mutants.append(mutant)
    return mutants


def made(place):
    """The mutant of a place; None where the text would be no Python."""
    changes, _, mutating = _cosmic_ray()
    source = mutating.mutate_code(_text(place.file), changes[place.change], place.occurrence)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, place.file, "exec")
    except SyntaxError:
        return None
    before, after = _text(place.file).splitlines(), source.splitlines()
    begin = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    end = next((i for i, (a, b) in enumerate(zip(before[::-1], after[::-1], strict=False)) if a != b), 0)
    old, new = (" ".join(" ".join(lines[begin : len(lines) - end]).split()) for lines in (before, after))
    return Mutant(place, old, new, source)


# --- who judges it -----------------------------------------------------------------------------------------------


def judged_on(place):
    """The operators of the file; for a shared file those that use the changed definition, found from the imports.

    The one that has the definition's name comes first: it is the likeliest to differ.
    """
    name = _enclosing(place)
    names = [o.name for o in _operators(place.file)] or _users(place.file, name)
    return sorted(names, key=lambda operator: name not in (operator, operator + "_vjp"))


def _operators(file):
    return [o for o in refimpl.operators.values() if o.__module__.rpartition(".")[2] == file]


def _enclosing(place):
    for node in _tree(place.file).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first <= place.line <= (node.end_lineno or first):
                return node.name
    return ""


def _users(file, name):
    """The operators of the files that import the definition, or one that uses it; where the trail is lost, of all."""
    reached, definitions = {name}, [n for n in _tree(file).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    for _ in definitions:
        for node in definitions:
            if any(isinstance(n, ast.Name) and n.id in reached for n in ast.walk(node)):
                reached.add(node.name)
    importers = {other: set(_imported(other, file)) for other in (*texts(), DOOR)}
    found = [other for other, names in importers.items() if names & reached]
    found = found or [other for other, names in importers.items() if names]
    names = [o.name for other in found for o in _operators(other)]
    if DOOR in found:  # which differentiates the operators that have no text of their own for it
        names += [o.name for o in refimpl.operators.values() if o.gradient and o.gradient.text is None]
    return list(dict.fromkeys(names))


def _imported(importer, file):
    tree = _tree(importer)
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level and n.module == file]
    return [alias.name for node in nodes for alias in node.names]


def verdict(mutant, folder, profile="quick", seed=0):
    """Write a mutant's package below a folder, judge it, and say what became of it."""
    begin = time.perf_counter()
    package = Path(folder) / "refimpl"
    shutil.copytree(FOLDER, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / f"{mutant.place.file}.py").write_text(mutant.source, "utf-8")
    names = judged_on(mutant.place)
    options = {"fail_fast": True, "shrink": False, "require": names}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = judge(str(package / "__init__.py"), names, None, None, profile, seed, **options)
    except Unusable as error:
        mutant.verdict, mutant.why = "broken", str(error).replace(f"{package}/", "")
    else:
        mutant.cases = report.examples
        if report.failures:
            first = report.failures[0]
            mutant.verdict, mutant.operator = "killed", first.operator
            mutant.laws = list(dict.fromkeys(f.law for f in report.failures))
            mutant.why = first.counterexample.summary
        elif not report.passed:
            absent = next(o for o in report.operators.values() if o.required)
            mutant.verdict, mutant.operator, mutant.why = "killed", absent.name, "it is required, and not offered"
    mutant.seconds = round(time.perf_counter() - begin, 3)
    return mutant


# --- all of them, a process each ---------------------------------------------------------------------------------


def mutants(count=500, seed=0, profile="quick", files=None, output=None, jobs=None, start=None, progress=None):
    """Draw mutants and judge each; `output` names a folder in which mutants.jsonl grows by a line for each.

    The unchanged copy is judged first, and must hold: else the kills would prove nothing.
    """
    if profile not in PROFILES:
        raise Unusable(f"profile {profile!r} is unknown; use {', '.join(PROFILES)}")
    if unknown := [file for file in files or () if file not in texts()]:
        raise Unusable(f"file {unknown[0]}.py holds no text of the reference; use {', '.join(texts())}")
    drawn = draw(count, seed, files)
    if start:
        start(len(drawn))
    log = Path(output) / "mutants.jsonl" if output else None
    if log:
        write_whole(log, "")
    outcome = Outcome(seed, profile, len(places(files)))
    names = list(dict.fromkeys(name for mutant in drawn for name in judged_on(mutant.place)))
    control = judge(str(FOLDER / "__init__.py"), names, None, None, profile, seed, shrink=False)
    if not control.passed:
        raise Unusable(f"the unchanged reference does not hold: {control.failures[0]}")
    with tempfile.TemporaryDirectory() as folder:
        work = [(mutant, f"{folder}/{i}", profile, seed) for i, mutant in enumerate(drawn)]
        for (mutant, place, *_), judged, error in alone(verdict, work, jobs, SECONDS):
            shutil.rmtree(place, ignore_errors=True)
            if judged is None:
                judged = mutant
                judged.verdict, judged.why = "ended", error
            outcome.mutants.append(judged)
            if log:
                with log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(judged.to_json()) + "\n")
            if progress:
                progress(judged.place.file, judged.verdict, 1)
    outcome.mutants.sort(key=lambda m: (m.place.file, m.place.line, m.place.change, m.place.occurrence))
    return outcome


@dataclass
class Outcome:
    """What became of the mutants. One that cannot be imported counts neither as killed nor as judged."""

    seed: int
    profile: str
    places: int
    mutants: list = field(default_factory=list)

    def of(self, *verdicts):
        return [mutant for mutant in self.mutants if mutant.verdict in verdicts]

    def to_json(self):
        return {
            "schema": 1,
            "seed": self.seed,
            "profile": self.profile,
            "versions": {name: metadata.version(name) for name in ("oplaws", "cosmic-ray", "numpy")},
            "places": self.places,
            **{verdict: len(self.of(verdict)) for verdict in VERDICTS},
            "mutants": [mutant.to_json() for mutant in self.mutants],
        }

    def save(self, path):
        write_whole(path, to_text(self.to_json()))

    def show(self, console):
        """Counts for each file, the survivors, the count."""
        from rich.table import Table

        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in ("file", "mutants", *VERDICTS):
            table.add_column(name, justify="left" if name == "file" else "right")
        for file in dict.fromkeys(mutant.place.file for mutant in self.mutants):
            counts = Counter(mutant.verdict for mutant in self.mutants if mutant.place.file == file)
            table.add_row(f"{file}.py", str(counts.total()), *(str(counts[verdict] or "") for verdict in VERDICTS))
        console.print(table)
        for mutant in self.of("survived", "ended"):
            console.print(str(mutant), style="red", soft_wrap=True, markup=False)
        dead, broken = self.of("killed"), self.of("broken")
        if dead:
            cases = sorted(mutant.cases for mutant in dead)
            console.print(f"to kill: {cases[len(cases) // 2]} cases in the median, {cases[-1]} at worst")
        if broken:
            console.print(f"not counted: {len(broken)} that cannot be imported")
        console.print(f"killed {len(dead)} of {len(self.mutants) - len(broken)}", style="bold")


def main(arguments=None):
    """Status 0: they were judged, whatever survived. 2: they could not be."""
    from .report import Display

    parser = argparse.ArgumentParser(prog="python -m oplaws.conformance.mutants", description=main.__doc__)
    parser.add_argument("--count", type=int, default=500, metavar="N", help="how many mutants (500)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="which mutants, and which cases (0)")
    parser.add_argument("--profile", default="quick", metavar="quick|standard|thorough")
    parser.add_argument("--files", metavar="A.PY,B.PY", help="only of these files of refimpl")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes at a time; default: one a core")
    parser.add_argument("--output", default=".oplaws/mutants", metavar="DIR", help="where results go as they come")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the whole result as JSON")
    options = vars(parser.parse_args(arguments))
    file = options.pop("json")
    if options["files"]:
        options["files"] = [name.strip().removesuffix(".py") for name in options["files"].split(",")]
    display = Display()
    try:
        with display:
            outcome = mutants(**options, start=display.start, progress=display.advance)
    except Unusable as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2
    outcome.show(display.console)
    if file:
        outcome.save(file)
    return 0


if __name__ == "__main__":
    from .mutants import main as imported  # the processes find its functions by the module's name

    sys.exit(imported())

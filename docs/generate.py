"""Which pages of the docs are written from the code? Run `python docs/generate.py` after a change; a test compares.

What a page says of a score, rule, setting or command stands in the code, so it can't say anything else here.
"""

import ast
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import click
import typer

from alerts.channels import CHANNELS
from imaging.catalogue import OWN, Entry, entries
from imaging.findings import FINDINGS
from twin import settings
from twin.answering import of_images
from twin.cli import app
from twin.importers import IMPORTERS
from twin.importers.reasons import REASONS
from twin.importers.report import QUARANTINED
from twin.organs import ORGANS
from twin.organs.base import Threshold
from twin.organs.ct_cutoffs import Cutoff, cutoffs
from twin.organs.rule_tables import RULE_TABLES
from twin.record.codes.concepts import JOINS, NO_CONCEPT
from twin.record.codes.rows import rows
from twin.record.fact import FACT_KINDS
from twin.record.signal import Signal, signals
from twin.scores import SCORES, Score
from twin.store import tables

DOCS = Path(__file__).parent
_FROM = "Written by `python docs/generate.py` from {}; a test compares them. Don't edit by hand."
_SECRETS = frozenset({"smtp_password", "pacs_password", "pacs_token"})

# Settings whose name needs no sentence in the code still get one for a reader of the table.
_WORDS = {
    "home": "Where the embedded database, CT volumes and uploads lie.",
    "recall_horizon_months": "How far ahead P(crossing) looks, in months.",
    "idle_minutes": "A session ends after so long without a request.",
    "session_hours": "A session ends after so long whatever happens.",
    "lockout_minutes": "How long an account stays locked; also the window of the limit per address.",
    "smtp_port": "Port of the mail server.",
    "smtp_security": "How to speak to it: `starttls`, `tls` from the first byte, or `none`.",
    "smtp_user": "Name at the mail server; none: no sign-in.",
    "smtp_password": "Password at the mail server.",
    "smtp_from": "The sender's address.",
    "worker_concurrency": "Jobs of a kind that one worker does at a time: imports, measurements, and all the rest.",
}


_FACT = {
    "patient_id": "whose it is: our UUID; merged records keep their own and are read as one",
    "kind": "what kind of thing is known",
    "code_system": "system of the first code, a FHIR URI; a local one is `urn:patient-twin:local:...`",
    "code": "the first code",
    "display": "the source's words for it",
    "other_codings": "every other code the source gave it",
    "value_kind": "`number`, `text`, `code` or `none`",
    "value": "the value, digit for digit",
    "value_coding": "the value, where it is a code",
    "comparator": "`<`, `<=`, `>=`, `>`: kept, and left out of models",
    "unit": "the unit's text",
    "observed_at": "when it was true",
    "ended_at": "until when",
    "known_at": "when the clinical world could know it",
    "known_basis": "why `known_at` is that: `issued`, `message`, `observed` or `received`",
    "recorded_at": "when this system learnt it",
    "superseded_at": "since when a later version stands in its place",
    "place": "where it stood in what was sent",
    "resource": "the item's name in its source",
    "part": "which part of the item (a component)",
    "device": "analyser or scanner",
    "sd": "measurement uncertainty, where the source gives it",
    "status": "the source's status",
    "signal": "*derived*: the signal or concept",
    "canonical_value": "*derived*: the value in the signal's unit",
    "canonical_code": "*derived*: our code of a coded answer",
    "quality": "*derived*: `ok`, or why no model uses it (`no_signal`, `no_value`, `no_unit`, `not_numeric`, "
    "`ambiguous_unit`, `comparator`, `not_final`, `bad_code`; since a remap also `bad_unit`, `implausible`)",
    "mapping_version": "*derived*: the version of the tables it was made by",
}
_REPORT = {
    "read": "items in what was sent",
    "imported": "new; a fact is written for each value",
    "duplicates": "known already, content and all: nothing is written",
    "superseded": "corrections: a new version stands, the old one is kept",
    "rejected": "could not be used: kept as received in quarantine",
    "not_used": "sound, kept where FHIR, and of no use to the twin; each with its reason",
    "facts": "facts written",
    "patients": "patients met",
    "rejects": "place and reason of each reject",
    "rejects_left_out": "rejects beyond those listed; the quarantine has all",
    "notes": "what is worth knowing of what was taken: reason, how often, first places",
    "not_used_reasons": "the same of what was not used",
    "by_type": "the five outcomes by type of item",
    "recalls_on_corrected_values": "open recalls that rested on a value corrected here; they are judged again",
}

_ELSEWHERE = (
    (
        "`TWIN_NEW_PASSWORD`",
        "`twin user add`, `twin user password`",
        "The password, where nobody types it.",
    ),
    ("`TWIN_TORCH_INDEX`", "`make setup`", "Package index to take torch from, such as that of the CPU builds."),
    ("`TWIN_TEST_DATABASE_URL`", "`make test`", "A PostgreSQL to test on instead of the embedded one; it is emptied."),
)


def built_in() -> str:
    """Return the page that names every entry of every registry."""
    return "\n".join(
        [
            "# What is built in",
            "",
            _FROM.format("the registries"),
            "What a status means: [intended use](../intended-use.md). Words: [glossary](../glossary.md).",
            "",
            "## Scores",
            "",
            "What each takes, in which units and ranges: `twin score --list`. What is left out, and why:",
            "[scores](../scores.md).",
            "",
            *_formulas(SCORES),
            "## Rule tables",
            "",
            "Tables of guidelines: measurements into a class or an action. `twin score` asks them by name too.",
            "",
            *_formulas(RULE_TABLES),
            "## Image formulas",
            "",
            "Formulas of measurements on images; `twin score` asks them by name too.",
            "",
            *_formulas(of_images()),
            *_organs(),
            "## Import formats",
            "",
            *_table(("key", "format"), ((f"`{importer.key}`", importer.title) for importer in IMPORTERS)),
            "## Channels",
            "",
            *_table(("key", "how staff are told"), ((f"`{kind.key}`", _channel(kind.key)) for kind in CHANNELS)),
            "## CT findings",
            "",
            *_table(
                ("key", "looks for", "method", "source"),
                ((f"`{finder.key}`", finder.looks_for, finder.method, finder.source) for finder in FINDINGS),
            ),
            "## Signals",
            "",
            f"{len(signals())} signals; units, ranges and variation stand in `twin/record/data/signals.csv`",
            "([grammar](signals.md)). Their keys: " + ", ".join(f"`{key}`" for key in signals()) + ".",
            "",
        ]
    )


def configuration() -> str:
    """Return the page that names every environment variable."""
    docstrings = _attribute_docstrings()
    rows = []
    for name, field in settings.Settings.model_fields.items():
        default = "none" if field.default is None else "empty" if field.default == () else f"`{field.default}`"
        meaning = " ".join((docstrings.get(name) or _WORDS[name]).split())
        rows.append((f"`{_variable(name)}`", "secret" if name in _SECRETS else default, meaning))
    return "\n".join(
        [
            "# Configuration",
            "",
            _FROM.format("`twin/settings.py`"),
            "Settings are environment variables and come from nowhere else. A value out of range stops the start.",
            "",
            *_table(("variable", "default", "meaning"), rows),
            "## Not of the instance",
            "",
            *_table(("variable", "read by", "meaning"), _ELSEWHERE),
        ]
    )


def commands() -> str:
    """Return the page that names every command."""
    root = typer.main.get_command(app)
    rows = [(f"`{path}`", _first_line(command.help)) for path, command in _leaves("twin", root)]
    return "\n".join(
        [
            "# Commands",
            "",
            _FROM.format("`twin/cli`"),
            "Every command has `--help`. Exit codes: 0 done, 1 done with rejects, 2 could not.",
            "",
            *_table(("command", "does"), rows),
        ]
    )


def data_dictionary() -> str:
    """Return the page that names every field an integrator reads: facts, signals, concepts, reports, reasons."""
    held = {each.name for each in tables.fact.columns} - {"id", "item_id", "import_id"}
    assert held == _FACT.keys(), f"columns of a fact without a word: {sorted(held ^ _FACT.keys())}"
    return "\n".join(
        [
            "# Data dictionary",
            "",
            _FROM.format("the tables, registries and `twin/record/data`"),
            "How to send and read: [integrator guide](integrator-guide.md). Words: [glossary](glossary.md).",
            "",
            "## A fact",
            "",
            "Everything is as received but what stands under *derived*, which `twin remap` makes again.",
            "",
            *_table(("field", "meaning"), ((f"`{name}`", meaning) for name, meaning in _FACT.items())),
            f"`kind` is one of {', '.join(f'`{each}`' for each in FACT_KINDS)}.",
            "",
            "## Signals",
            "",
            "A measurement that the twin understands. A value outside the plausible range, or with a unit of another",
            "dimension, waits in quarantine. How units convert: [signals.csv](reference/signals.md).",
            "",
            *_table(
                ("signal", "LOINC", "unit", "units taken as they are", "plausible"),
                (_signal(each) for each in signals().values()),
            ),
            "## Concepts",
            "",
            "What a condition, procedure, medicine, family history or allergy may mean, and by how many codes of which",
            "system. A code that means nothing yet: `twin codes unmapped`, `twin codes map`.",
            "",
            *_table(("concept", "kind", "codes by system"), _concepts()),
            "## A report",
            "",
            "`read = imported + duplicates + superseded + rejected + not_used`; facts are counted apart.",
            "",
            *_table(("field", "meaning"), ((f"`{name}`", meaning) for name, meaning in _REPORT.items())),
            "An import's `status` is `uploaded` (waits for the worker), `running`, `done`, `cancelled`, `failed` or,",
            "where a person at the command line ended it, `interrupted`.",
            "",
            "## Reasons of a reject",
            "",
            "Those in *italics* speak of one value: they don't undo the transaction it came in.",
            "",
            *_table(
                ("reason", "means", "mended by"),
                ((f"*`{word}`*" if word in QUARANTINED else f"`{word}`", *told) for word, told in REASONS.items()),
            ),
        ]
    )


def findings() -> str:
    """Return the catalogue of CT findings with their cut-offs."""
    rows = entries()
    abnormal = [row for row in rows if row.is_abnormality]
    own = sum(row.how in ("measured", "screened") for row in abnormal)
    found = {how: [row for row in rows if row.how == how] for how in ("measured", "screened", "imported")}
    lines = [line for each in cutoffs().values() for line in each]
    return "\n".join(
        [
            "# What a CT may show, and how it is found here",
            "",
            _FROM.format("`imaging/data/findings.csv` and `twin/organs/ct_cutoffs.csv`"),
            "",
            f"{len(abnormal)} abnormalities, {own} of them by our own code; beside them {len(rows) - len(abnormal)} "
            "devices and traces of operations. Limits are technical: what is smaller is not told. No row rests on a "
            "clinical study.",
            "",
            "## From other systems: every row, whatever stands below",
            "",
            f"Each comes in under its key by our own code (`{OWN}`), by the codes listed here, or by its exact name, "
            "and stands beside what our own code found, with its source. `tests/integration/test_findings_imported.py` "
            "brings every row in by each format and reads it back on the patient's findings.",
            "",
            *_table(
                ("format", "read are", "says"),
                (
                    (
                        "FHIR",
                        "an Observation of images and its components, a report's `conclusionCode`, a Condition "
                        "that was seen in images",
                        "present, absent, not evaluated, undetermined; size; site",
                    ),
                    (
                        "DICOM SR",
                        "a group's finding with its presence, finding category, judgements by a finding's name",
                        "the same",
                    ),
                    (
                        "DICOM SEG",
                        "a segment's type, else its label; not where its category is a part of the body",
                        "present with its volume; undetermined where nothing is outlined",
                    ),
                ),
            ),
            "Sentences are not read. Words that deny, codes of two findings, a place in another part of the body, or "
            "an answer to something else name nothing: what was sent stays as it was, and the import counts it. "
            "A bare name (*nodule*) counts only with a site of its own.",
            "",
            "## Screened: a finder names places",
            "",
            *_table(
                ("key", "finder", "limit", "rests on", "misleads, needs", "codes"),
                (
                    (f"`{row.key}`", f"`{row.by}`", row.limit, row.rests_on, row.note, _codes(row))
                    for row in found["screened"]
                ),
            ),
            "## Measured: a number, judged by a cut-off",
            "",
            *_table(
                ("key", "measurement", "rests on", "misleads, needs", "codes"),
                ((f"`{row.key}`", f"`{row.by}`", row.rests_on, row.note, _codes(row)) for row in found["measured"]),
            ),
            "Cut-offs. *Unverified*: recalled, the text was not read. A value within one sd of its line is not judged.",
            "",
            *_table(
                ("finding", "measurement", "levels", "from", "source", "status"),
                (_cutoff(each) for each in lines),
            ),
            "## Imported only: our own code does not look for them",
            "",
            *_table(("key", "why", "codes"), ((f"`{row.key}`", row.note, _codes(row)) for row in found["imported"])),
            "## Names",
            "",
            "Beside the key itself; *in italics* those that need a site.",
            "",
            *_table(
                ("key", "names"),
                (
                    (f"`{row.key}`", ", ".join((*row.names, *(f"*{name}*" for name in row.bare_names))))
                    for row in rows
                    if row.names or row.bare_names
                ),
            ),
        ]
    )


def _codes(row: Entry) -> str:
    named = (("DCM", row.dcm), ("RadLex", row.radlex), ("SNOMED CT", row.snomed), ("RadElement", row.radelement))
    return ", ".join(f"{system} {code}" for system, code in named if code)


def _cutoff(each: Cutoff) -> tuple[str, ...]:
    line = f"{each.comparison} {each.value:g} {each.unit}"
    return f"`{each.finding}`", f"`{each.measurement}`", ", ".join(each.levels), line, each.source, each.status


PAGES: dict[str, Callable[[], str]] = {
    "data-dictionary.md": data_dictionary,
    "reference/built-in.md": built_in,
    "reference/findings.md": findings,
    "configuration.md": configuration,
    "commands.md": commands,
}


def _signal(each: Signal) -> tuple[str, ...]:
    low, high = each.plausible
    bounds = f"{low:g} to {high:g}" if low is not None and high is not None else ""
    units = ", ".join(f"`{unit}`" for unit in each.conversions)
    return (f"`{each.key}`", ", ".join(each.loinc), "one of " + ", ".join(each.codes) if each.is_coded else each.unit,
            units, bounds)  # fmt: skip


def _concepts() -> Iterator[tuple[str, ...]]:
    """Yield each concept with the number of codes that mean it, by system."""
    counted: dict[tuple[str, str], dict[str, int]] = {}
    for row in (*rows("concepts.csv"), *rows("medicines.csv")):
        for concept in row["concept"].split(JOINS):
            if concept != NO_CONCEPT:
                systems = counted.setdefault((concept, row["kind"]), {})
                systems[row["system"]] = systems.get(row["system"], 0) + len(row["codes"].split(";"))
    for (concept, kind), systems in sorted(counted.items()):
        yield f"`{concept}`", kind, ", ".join(f"{system}: {count}" for system, count in systems.items())


def _organs() -> Iterator[str]:
    for organ in ORGANS:
        yield f"## Organ `{organ.key}`: {organ.name.en} ({organ.name.zh_CN})"
        yield ""
        yield "Signals: " + ", ".join(f"`{each.key}`" for each in organ.signals) + "."
        yield ""
        yield "Scores: " + ", ".join(f"`{each.key}` ({each.label.en})" for each in organ.scores) + "."
        yield ""
        head = ("threshold", "examination", "closed by", "rule", "status", "source")
        yield from _table(head, (_threshold(each) for each in organ.thresholds))


def _threshold(line: Threshold) -> tuple[str, ...]:
    closing = ", ".join(f"`{key}`" for key in line.closes_with)
    return (line.label.en, line.examination.en, closing, line.rule.rule_id, line.rule.status, line.rule.source)


def _formulas(asked: Iterable[Score]) -> Iterator[str]:
    return _table(
        ("key", "question", "outputs", "status", "source"),
        ((f"`{each.key}`", _asks(each), _outputs(each.outputs), each.verification, each.source) for each in asked),
    )


def _asks(asked: Score) -> str:
    """Return the question of the module a formula has for itself, else what the formula says of itself."""
    module = inspect.getmodule(inspect.unwrap(asked.formula))
    has_own = module is not None and module.__name__.endswith(f".{asked.key}")
    if has_own:
        return _question(asked.formula)
    own = sys.modules.get(f"twin.scores.{asked.key}")
    return _first_line(own.__doc__ if own else (asked.formula.__doc__ or "").split(". ")[0])


def _outputs(outputs: Iterable[object]) -> str:
    return ", ".join(f"`{output.key}`" for output in outputs)  # type: ignore[attr-defined]


def _question(made_by: Callable[..., object]) -> str:
    """Return the first line of the module in which a function stands: the question that the module answers."""
    module = inspect.getmodule(inspect.unwrap(made_by))
    return _first_line(module.__doc__ if module else None)


def _channel(key: str) -> str:
    return _first_line(import_module(f"alerts.channels.{key}").__doc__)


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n\n")[0].replace("\n", " ").strip()


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""


def _variable(name: str) -> str:
    alias = settings.Settings.model_fields[name].validation_alias
    prefix = settings.Settings.model_config.get("env_prefix", "")
    return str(alias) if alias else f"{prefix}{name}".upper()


def _attribute_docstrings() -> dict[str, str]:
    """Return the string that stands below each field in the source of the settings."""
    body = next(
        node.body
        for node in ast.parse(inspect.getsource(settings)).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    return {
        before.target.id: after.value.value
        for before, after in pairwise(body)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }


def _leaves(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    children = getattr(command, "commands", None)
    if not children:
        yield path, command
        return
    for name, child in children.items():
        yield from _leaves(f"{path} {name}", child)


if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
        sys.stdout.write(f"{name}\n")

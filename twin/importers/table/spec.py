"""Which keys may a `mapping.toml` have? Each is checked; docs/tables.md tells what every one means."""

import codecs
import re
from datetime import date, datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from twin.record.fact import FactKind, KnownBasis

TableKind = FactKind | Literal["patient"]
NAMED_FORMATS = frozenset({"iso", "chinese", "digits", "excel"})


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _columned(value: object) -> object:
    return {"column": value} if isinstance(value, (str, list)) else value


Columns = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""One column or several, of which the first that is not empty counts. `join.column` is a looked-up one."""


class Strict(BaseModel):
    """Refuses a key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Strict):
    """A column whose words are mapped to ours; `default` stands for a word that is not in `map`."""

    column: Columns = ()
    map: dict[str, str] = Field(default_factory=dict)
    default: str | None = None


class SystemRule(Strict):
    """The system of the codes that look like `match`."""

    match: str
    system: str

    @field_validator("match")
    @classmethod
    def _is_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error.msg}") from None
        return value


class CodeSpec(Strict):
    """One coding of a row: `code` from a column or `constant`, in one system or one that depends on the row."""

    code: Columns = ()
    constant: str | None = None
    system: str = ""
    system_from: Columns = ()
    system_by: tuple[SystemRule, ...] = ()
    display: Columns = ()
    absent: tuple[str, ...] = ()
    split: str | None = None
    fallback: bool = False

    @model_validator(mode="after")
    def _has_code(self) -> Self:
        if bool(self.code) == (self.constant is not None):
            raise ValueError("give either `code` (columns) or `constant`")
        return self


class TimeSpec(Strict):
    """A time: a column, with a second one for the clock time, or minutes since `dates.offset_from`."""

    column: Columns = ()
    clock: Columns = ()
    offset_minutes: Columns = ()


Time = Annotated[TimeSpec, BeforeValidator(_columned)]
WordsOrColumn = Annotated[Words, BeforeValidator(_columned)]


class IdSpec(Strict):
    """A number of the patient. With `system` (a URI) it identifies across sources, without only within this one."""

    column: Columns
    system: str = ""
    name: str = "id"


class PatientSpec(Strict):
    """Who a row is about, and what it says of that person. A table that says something introduces the patient."""

    ids: tuple[IdSpec, ...] = ()
    name: Columns = ()
    sex: WordsOrColumn | None = None
    birth_date: Columns = ()
    birth_parts: tuple[str, str, str] | None = None
    birth_not_before: date | None = None
    died: Time | None = None
    introduce: bool = False

    @property
    def is_introduced(self) -> bool:
        return self.introduce or bool(self.name or self.sex or self.birth_date or self.birth_parts)


class ValueSpec(Strict):
    """The result of a row: a number, else a coded answer, else text (`answer_first = false`: text, else the answer)."""

    column: Columns = ()
    comparator: WordsOrColumn | None = None
    unit: Columns = ()
    constant_unit: str | None = None
    answer: CodeSpec | None = None
    answer_first: bool = True


class AnalyteSpec(Strict):
    """A column of a wide table that holds the results of one test."""

    code: str
    system: str = "http://loinc.org"
    display: str = ""
    unit: str | None = None


class JoinSpec(Strict):
    """A row of a sibling table, found by this table's columns `by`."""

    lookup: str
    by: Columns


class PassSpec(Strict):
    """Rows that state no fact: those where `column` holds one of `values` (or nothing, for `values = [""]`)."""

    column: str
    values: tuple[str, ...]
    reason: str


class Fitted(Strict):
    """Which files this is about: their names without ending, and the columns that must be there."""

    files: Columns = ()
    header: tuple[str, ...] = ()


class LookupSpec(Fitted):
    """A table that others look something up in, by its columns `key`."""

    key: Columns


class IgnoredSpec(Fitted):
    """A table whose rows are not used, and why."""

    reason: str


class TableSpec(Fitted):
    """A table whose rows are facts or patients."""

    kind: TableKind
    row: Columns = ()
    specimen: Columns = ()
    joins: dict[str, JoinSpec] = Field(default_factory=dict)
    patient: PatientSpec = PatientSpec()
    codes: tuple[CodeSpec, ...] = ()
    value: ValueSpec = ValueSpec()
    columns: dict[str, AnalyteSpec] = Field(default_factory=dict)
    observed: Time = TimeSpec()
    ended: Time = TimeSpec()
    known: Time = TimeSpec()
    known_basis: KnownBasis = "issued"
    version: Time | None = None
    status: WordsOrColumn = Words()
    not_used: tuple[PassSpec, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.kind not in ("patient", "death", "encounter") and not (self.codes or self.columns):
            raise ValueError("says of no column what its code is: give `codes`, or `columns` for a wide table")
        if self.codes and self.columns:
            raise ValueError("give either `codes` (long table) or `columns` (wide table)")
        if self.columns and self.kind != "observation":
            raise ValueError("a wide table holds observations")
        if self.kind != "patient" and not (self.observed.column or self.observed.offset_minutes):
            raise ValueError("says of no column when a row was true: give `observed`")
        return self


class DatesSpec(Strict):
    """How dates are written. ISO 8601 is always understood."""

    formats: tuple[str, ...] = ("iso",)
    shifted: bool = False
    offset_from: datetime | None = None

    @field_validator("formats")
    @classmethod
    def _are_formats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if each not in NAMED_FORMATS and "%Y" not in each and "%y" not in each:
                raise ValueError(f"{each!r} is none of {', '.join(sorted(NAMED_FORMATS))}, nor a pattern with %Y")
        return value


class ValuesSpec(Strict):
    """How results are written."""

    absent: tuple[str, ...] = ()
    comparators: dict[str, Literal["<", "<=", ">", ">="]] = Field(default_factory=dict)
    flags: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."


class Mapping(Strict):
    """A whole mapping.toml."""

    title: str = ""
    extends: str | None = None
    encoding: str | None = None
    delimiter: str | None = Field(default=None, pattern=r'^[^"\r\n]$')
    time_zone: str | None = None
    missing_columns: Literal["refuse", "empty"] = "refuse"
    dates: DatesSpec = DatesSpec()
    values: ValuesSpec = ValuesSpec()
    systems: dict[str, str] = Field(default_factory=dict)
    lookups: dict[str, LookupSpec] = Field(default_factory=dict)
    tables: dict[str, TableSpec] = Field(default_factory=dict)
    not_used: dict[str, IgnoredSpec] = Field(default_factory=dict)

    @field_validator("encoding")
    @classmethod
    def _is_encoding(cls, value: str | None) -> str | None:
        try:
            b"".decode(value or "utf-8")
            return codecs.lookup(value).name if value else None
        except (LookupError, ValueError):
            raise ValueError("no such encoding") from None

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, value: str | None) -> str | None:
        try:
            return ZoneInfo(value).key if value else None
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("no such time zone; write it as Asia/Shanghai") from None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if not self.tables:
            raise ValueError("maps no table: give [tables.NAME]")
        for name, table in self.tables.items():
            for join in table.joins.values():
                if join.lookup not in self.lookups:
                    raise ValueError(
                        f"tables.{name} looks up in {join.lookup!r}, and there is no [lookups.{join.lookup}]"
                    )
        return self

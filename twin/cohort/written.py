"""Values of a TOML document, each of the kind that is wanted; what is of another is refused by its place."""

from collections.abc import Mapping
from typing import Any

from twin.cohort.errors import BadSpec

Table = Mapping[str, Any]  # Any: whatever TOML holds


def table(written: Table, name: str, known: set[str]) -> Table:
    """Return the table [name], empty where there is none; with nothing in it but `known`."""
    found = of_table(written.get(name, {}), name)
    refuse_unknown(found, known, name)
    return found


def rows(written: Table, name: str, known: set[str]) -> list[tuple[str, Table]]:
    """Return the tables within the table [name], in the order they were written, with nothing in them but `known`."""
    found = [
        (column, of_table(row, f"{name}.{column}")) for column, row in of_table(written.get(name, {}), name).items()
    ]
    for column, row in found:
        refuse_unknown(row, known, f"{name}.{column}")
    return found


def of_table(value: Any, name: str) -> Table:  # Any: whatever TOML holds
    """Return a value that is a table."""
    if not isinstance(value, dict):
        raise BadSpec(f"{name} is a table, not {value!r}")
    return value


def refuse_unknown(found: Table, known: set[str], name: str) -> None:
    """Refuse what is called by no name that has a meaning here: a slip would pass for what is not said."""
    unknown = sorted(set(found) - known)
    if unknown:
        raise BadSpec(f"{name}: nothing is called {unknown[0]!r}; there are {', '.join(sorted(known))}")


def text(found: Table, name: str) -> str:
    """Return a text that has to be there and says something. `name`: the place, whose last part is the key."""
    value = found.get(_key(name))
    if not isinstance(value, str) or not value.strip():
        raise BadSpec(f"{name}: a text is missing")
    return value


def text_or_none(found: Table, name: str) -> str | None:
    """Return a text, or None where there is none."""
    return text(found, name) if _key(name) in found else None


def words(found: Table, name: str) -> str:
    """Return a text that may be missing or empty."""
    value = found.get(_key(name), "")
    if not isinstance(value, str):
        raise BadSpec(f"{name}: a text, not {value!r}")
    return value


def texts(found: Table, name: str) -> tuple[str, ...]:
    """Return a list of texts, empty where there is none."""
    value = found.get(_key(name), [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadSpec(f"{name}: a list of texts")
    return tuple(value)


def yes_no(found: Table, name: str) -> bool:
    """Return true or false, false where it is not said."""
    value = found.get(_key(name), False)
    if not isinstance(value, bool):
        raise BadSpec(f"{name}: true or false, not {value!r}")
    return value


def number(found: Table, name: str, default: float) -> float:
    """Return a number; it may be infinite."""
    return _number(found.get(_key(name), default), name)


def whole(found: Table, name: str, default: int) -> int:
    """Return a whole number."""
    return _whole(found.get(_key(name), default), name)


def numbers(found: Table, name: str, default: tuple[float, ...] = ()) -> tuple[float, ...]:
    """Return a list of numbers; they may be infinite."""
    return tuple(_number(each, name) for each in _list(found, name, default))


def wholes(found: Table, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    """Return a list of whole numbers."""
    return tuple(_whole(each, name) for each in _list(found, name, default))


def _list(found: Table, name: str, default: tuple[float, ...]) -> list[Any]:  # Any: whatever TOML holds
    value = found.get(_key(name), list(default))
    if not isinstance(value, list):
        raise BadSpec(f"{name}: a list of numbers")
    return value


def _number(value: Any, name: str) -> float:  # Any: whatever TOML holds
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise BadSpec(f"{name}: a number, not {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise BadSpec(f"{name}: a number too large to compute with") from None


def _whole(value: Any, name: str) -> int:  # Any: whatever TOML holds
    found = _number(value, name)
    if not found.is_integer():
        raise BadSpec(f"{name}: a whole number, not {value!r}")
    return int(found)


def _key(name: str) -> str:
    return name.rpartition(".")[2]

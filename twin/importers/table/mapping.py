"""Which mapping is meant: a ready one by its name, or the text of a `mapping.toml`, checked and laid over its base."""

import tomllib
from collections.abc import Iterable
from collections.abc import Mapping as Map
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ValidationError

from twin.errors import UnreadableInput
from twin.importers.table.spec import Mapping

_MAPPINGS = files("twin.importers.table") / "mappings"
_MAX_TEXT = 1_000_000  # characters of a mapping.toml; the longest of ours has under 20,000


def load(given: str) -> Mapping:
    """Return the mapping that is meant: the name of a ready one, or the text of a mapping.toml.

    Raises:
        UnreadableInput: no such name, not TOML, or a key or value that is not understood.
    """
    if given.strip() in ready():
        return ready()[given.strip()]
    if "=" not in given and "\n" not in given.strip():
        raise UnreadableInput(
            f"no ready mapping {_brief(given)!r}{nearest(given, ready())}; ready: {', '.join(ready())}"
        )
    if len(given) > _MAX_TEXT:
        raise UnreadableInput(f"a mapping of more than {_MAX_TEXT:,} characters")
    return _checked(_merged(_parsed(given), frozenset()), "mapping")


@cache
def ready() -> Map[str, Mapping]:
    """Return the ready mappings by name."""
    return {name: _checked(_merged(_parsed(_text(name)), frozenset()), name) for name in _names()}


def nearest(wanted: str, known: Iterable[str]) -> str:
    """Return ` (did you mean ...?)`, or nothing where no known name is near."""
    found = get_close_matches(wanted.strip(), list(known), n=1, cutoff=0.6)
    return f" (did you mean {found[0]!r}?)" if found else ""


def _names() -> tuple[str, ...]:
    return tuple(sorted(each.name.removesuffix(".toml") for each in _MAPPINGS.iterdir() if each.name.endswith(".toml")))


def _text(name: str) -> str:
    return (_MAPPINGS / f"{name}.toml").read_text(encoding="utf-8")


def _parsed(text: str) -> dict[str, Any]:  # Any: TOML is what its writer made of it
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UnreadableInput(f"mapping: not TOML: {_brief(str(error), 200)}") from None


def _merged(own: dict[str, Any], above: frozenset[str]) -> dict[str, Any]:  # Any: as in `_parsed`
    """Return a mapping laid over the ready one that it extends."""
    name = own.get("extends")
    if name is None:
        return own
    if not isinstance(name, str) or name not in _names() or name in above:
        raise UnreadableInput(f"mapping: extends no ready mapping; ready: {', '.join(_names())}")
    return _over(_merged(_parsed(_text(name)), above | {name}), own)


def _over(under: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:  # Any: as in `_parsed`
    both = {key: _over(under[key], own[key]) for key in under.keys() & own.keys() if _are_tables(under[key], own[key])}
    return {**under, **own, **both}


def _are_tables(*values: object) -> bool:
    return all(isinstance(each, dict) for each in values)


def _checked(parsed: dict[str, Any], name: str) -> Mapping:  # Any: as in `_parsed`
    try:
        return Mapping.model_validate(parsed)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = [str(part) for part in first["loc"] if not str(part).startswith("function-")]
        where = ".".join(place) or "the whole"
        if first["type"] == "extra_forbidden":
            known = _keys_at(place[:-1])
            raise UnreadableInput(f"{name}: unknown key {_brief(where)}{nearest(place[-1], known)}") from None
        raise UnreadableInput(
            f"{name}: {_brief(where)}: {_brief(first['msg'].removeprefix('Value error, '), 300)}"
        ) from None


def _keys_at(place: list[str]) -> tuple[str, ...]:
    """Return the keys that a mapping knows in one section."""
    model: Any = Mapping  # Any: walks through annotations of every shape
    for part in place:
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation)
    return tuple(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else ()


def _model_in(annotation: Any) -> Any:  # Any: the annotation of a field
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(each) for each in getattr(annotation, "__args__", ()))
    return next((each for each in inner if each is not None), None)


def _brief(text: str, length: int = 80) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"

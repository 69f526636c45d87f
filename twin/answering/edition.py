"""Which version of a formula gave an answer? The month it was last compared with its source, and a hash of its code.

The hash is of the file of the formula, of those of `twin.scores`, `imaging` and the guideline tables that it draws on,
and of its coefficients. An answer of the same version was computed in the same way; a remark that was reworded makes
another version of the same numbers.
"""

import ast
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.util import find_spec

from twin.scores.base import Score

_FOLLOWED = ("twin.scores.", "twin.organs.rule_tables.", "twin.answering.image_formulas")
_READ = ("imaging.",)  # the file itself counts, not all that it is made with


def version(asked: Score) -> str:
    """Return the version of a formula, such as "2026-11-3fa2c1"."""
    return _version(asked.key, asked.formula.__module__, asked.reviewed)


@cache
def _version(key: str, module: str, reviewed: str) -> str:
    found = _drawn_on(module)
    own = f"{module.rpartition('.')[0]}.{key}"
    if own not in found and find_spec(own) is not None:  # a score whose formula is another's
        found |= _drawn_on(own)
    digest = sha256()
    for name in sorted(found):
        digest.update(_text(name).encode())
    coefficients = files("twin.scores") / "data" / f"{key}.json"
    digest.update(coefficients.read_bytes() if coefficients.is_file() else b"")
    return f"{reviewed}-{digest.hexdigest()[:6]}"


@cache
def _drawn_on(module: str) -> frozenset[str]:
    """The module, and those it imports from, as far as they are followed."""
    found, ahead = set(), [module]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += [each for each in _imports(name) if each.startswith((*_FOLLOWED, *_READ))]
    return frozenset(found)


@cache
def _imports(module: str) -> tuple[str, ...]:
    if not module.startswith(_FOLLOWED):
        return ()
    nodes = ast.walk(ast.parse(_text(module)))
    return tuple(node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module)


def _text(module: str) -> str:
    package, _, name = module.rpartition(".")
    folder = files(package) / name
    return (folder / "__init__.py" if folder.is_dir() else files(package) / f"{name}.py").read_text(encoding="utf-8")

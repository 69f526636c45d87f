"""A process starts with what it needs: libraries of one format or of the models are loaded where they are used."""

import subprocess
import sys

import pytest

OF_MODELS = {"torch", "numba", "scipy"}
OF_ONE_FORMAT = {"pydicom", "pyarrow", "openpyxl", "lxml", "pint"}
OF_SERVERS = {"numpy", "sqlalchemy", "psycopg", "alembic", "fastapi", "starlette", "uvicorn"}
SHOW = "import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"


@pytest.mark.parametrize(
    ("module", "unused"),
    [
        ("twin.web.app", OF_MODELS | OF_ONE_FORMAT),
        ("twin.importers", OF_MODELS | OF_ONE_FORMAT | OF_SERVERS),
        ("twin.cli", OF_MODELS | OF_ONE_FORMAT | OF_SERVERS),
    ],
)
def test_a_process_starts_without_libraries_it_may_never_use(module: str, unused: set[str]) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", SHOW.format(module=module)], capture_output=True, text=True, check=True, timeout=120
    )
    loaded = set(shown.stdout.split())
    assert "twin" in loaded
    assert not loaded & unused

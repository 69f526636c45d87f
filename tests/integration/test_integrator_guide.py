"""The integrator guide: every command in it is run, in its order, and answers as the guide says."""

import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.web_serving import serving
from twin import imports, uploads
from twin.settings import Settings
from twin.store.api_tokens import create_token

GUIDE = Path(__file__).parents[2] / "docs" / "integrator-guide.md"
BLOCKS = re.findall(r"^```bash\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
NOTING = """set -euo pipefail
curl() { command curl -sS -w '%{stderr}%{http_code}\\n' "$@" 2>>"$ANSWERS"; }
"""


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("zip") is None, reason="needs curl and zip")
def test_every_command_of_the_guide_answers_as_it_says(
    engine: Engine, settings: Settings, now: datetime, tmp_path: Path
) -> None:
    folder = tmp_path / "guide"
    folder.mkdir()
    with serving(engine, settings, now) as site:
        site.settings.public_url = site.address
        user = site.user("integrator")
        with engine.begin() as connection:
            scopes = ("fhir.write", "fhir.read", "import.write")
            _, token = create_token(connection, user, name="guide", scopes=scopes, now=now)
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TWIN": site.address, "TOKEN": token,
            "ANSWERS": str(folder / "answers"), "TWIN_HOME": str(settings.home_path), "HOME": str(tmp_path),
            "DATABASE_URL": str(settings.database_url),
        }  # fmt: skip
        for block in BLOCKS:
            (folder / "answers").write_text("")
            for import_id in uploads.pending(engine):  # as the worker does
                imports.import_upload(engine, site.settings, import_id, site.clock)
            run = subprocess.run(
                ["bash", "-c", NOTING + block], cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            said = re.findall(r"^# answer: (\d{3})$", block, re.M)
            assert (folder / "answers").read_text().split() == said, (block, run.stdout, run.stderr)
            assert run.returncode in (0, 1) if "twin " in block else run.returncode == 0, (block, run.stderr)
        for import_id in uploads.pending(engine):
            imports.import_upload(engine, site.settings, import_id, site.clock)
    assert site.count("patient") == 1
    with engine.connect() as connection:
        assert set(connection.execute(text("select status from import_run")).scalars()) == {"done"}

"""Fail when a test that should have run on this machine was skipped; print pytest's summary line last."""

import shutil
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

BESIDE = Path(__file__).parents[2] / "shared"
# a skip is all right only where its reason is true of this machine
EXCUSES = {
    "the real data are not beside this checkout": lambda: not BESIDE.is_dir(),
    "Chromium is not there": lambda: not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    "Orthanc is not installed": lambda: shutil.which("Orthanc") is None,
    "no PostgreSQL 15 is installed": lambda: not Path("/usr/lib/postgresql/15").is_dir(),
}


def main(report: str) -> int:
    root = ElementTree.parse(report).getroot()  # noqa: S314  # pytest wrote it a moment ago
    suites = list(root.iter("testsuite"))
    total = {
        name: sum(int(suite.get(name, 0)) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    }
    wrong = []
    for case in root.iter("testcase"):
        skip = case.find("skipped")
        if skip is not None and not any(text in str(skip.get("message")) and true() for text, true in EXCUSES.items()):
            wrong.append(f"{case.get('classname')}.{case.get('name')}: {skip.get('message')}")
    for line in wrong:
        print(f"SKIPPED BUT SHOULD HAVE RUN: {line}")
    passed = total["tests"] - total["failures"] - total["errors"] - total["skipped"]
    failed = total["failures"] + total["errors"]
    print(f"{passed} passed, {failed} failed, {total['skipped']} skipped")
    return 1 if wrong or failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

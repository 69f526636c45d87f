"""A real PACS beside the tests: Orthanc on free ports, with a configuration and storage of its own."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

PROGRAM = shutil.which("Orthanc")
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Orthanc:
    """A running PACS."""

    address: str
    dicom_port: int
    client: httpx.Client

    @property
    def dicomweb(self) -> str:
        """Where it answers DICOMweb."""
        return f"{self.address}/dicom-web"

    def upload(self, paths: list[Path]) -> list[str]:
        """Give it images by its own API; the ids of their studies."""
        found = set()
        for path in paths:
            answered = self.client.post("/instances", content=path.read_bytes())
            answered.raise_for_status()
            found.add(answered.json()["ParentStudy"])
        return sorted(found)

    def send_by_cstore(self, study: str) -> httpx.Response:
        """Let it send a study to us."""
        return self.client.post("/modalities/twin/store", json=[study])

    def send_by_stow(self, study: str) -> httpx.Response:
        """Let it send a study to us."""
        return self.client.post("/dicom-web/servers/twin/stow", json={"Resources": [study], "Synchronous": True})


@contextmanager
def running(
    home: Path, *, our_dicom_port: int = 1, our_web: str = "http://127.0.0.1:1", token: str = ""
) -> Iterator[Orthanc]:
    """Start it, and end it by its own process when the block ends."""
    assert PROGRAM is not None
    http_port, dicom_port = _free(), _free()
    told = {
        "Name": "test", "StorageDirectory": str(home / "storage"), "IndexDirectory": str(home / "storage"),
        "HttpPort": http_port, "DicomPort": dicom_port, "DicomAet": "ORTHANC", "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False, "Plugins": [str(PLUGIN)], "DicomScpTimeout": 30,
        "DicomModalities": {"twin": ["TWIN", "127.0.0.1", our_dicom_port]},
        "DicomWeb": {
            "Enable": True, "Root": "/dicom-web/",
            "Servers": {"twin": {"Url": f"{our_web}/dicom-web/",
                                 "HttpHeaders": {"Authorization": f"Bearer {token}"}}},
        },
    }  # fmt: skip
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "orthanc.json"
    configuration.write_text(json.dumps(told))
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, str(configuration)], stdout=log, stderr=log)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{http_port}", timeout=30) as client:
                _wait(client, process, home / "log")
                yield Orthanc(address=f"http://127.0.0.1:{http_port}", dicom_port=dicom_port, client=client)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(client: httpx.Client, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
        try:
            if client.get("/system").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""A program that speaks FHIR with a running application, and what it checks of every answer."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from tests.web_serving import Site

FHIR = {"Content-Type": "application/fhir+json"}
SCOPES = ("fhir.write", "fhir.read", "import.write")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An integrator's program."""

    client: httpx.Client

    def get(self, path: str, /, *, headers: dict[str, str] | None = None, **params: Any) -> httpx.Response:
        return checked(self.client.get(f"/fhir{path}", params=params or None, headers=headers))

    def send(self, method: str, path: str, content: object, /, **headers: str) -> httpx.Response:
        """Send a resource, or bytes as they are; `_` in a header's name stands for `-`."""
        body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return checked(self.client.request(method, f"/fhir{path}", content=body, headers=FHIR | named))

    def post(self, path: str, content: object, /, **headers: str) -> httpx.Response:
        return self.send("POST", path, content, **headers)

    def put(self, path: str, content: object, /, **headers: str) -> httpx.Response:
        return self.send("PUT", path, content, **headers)


def caller(site: Site, *scopes: str) -> Caller:
    """Return a program of an integrator with these scopes, or with all it may have."""
    return Caller(client=site.program("integrator", *(scopes or SCOPES)))


def checked(answered: httpx.Response) -> httpx.Response:
    """Check what holds of every answer: FHIR JSON, and of a refusal an OperationOutcome with a reason."""
    assert answered.status_code < 500, answered.text
    if answered.content and answered.request.method != "HEAD":
        assert answered.headers["content-type"].startswith("application/fhir+json"), answered.headers
        body = answered.json()
        if answered.status_code >= 300:
            assert body["resourceType"] == "OperationOutcome" and body["issue"]
            assert all({"severity", "code", "details"} <= issue.keys() for issue in body["issue"])
    else:
        assert answered.status_code < 300 or answered.status_code == 304
    return answered


def told(answered: httpx.Response) -> str:
    """What the issues of an OperationOutcome say."""
    return "; ".join(issue["details"]["text"] for issue in answered.json()["issue"])


def ids(answered: httpx.Response) -> list[str]:
    """The ids of the resources in a searchset, in its order."""
    assert answered.status_code == 200, answered.text
    found = (each["resource"] for each in answered.json().get("entry", ()))
    return [each["id"] for each in found if each["resourceType"] != "OperationOutcome"]

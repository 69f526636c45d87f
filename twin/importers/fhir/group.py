"""Which report or panel of a bundle a result belongs to, and hence when it was true where it does not say so itself.

R4 DiagnosticReport.effective[x] is "the time the observed values are related to", so an undated result has its time.
"""

from typing import Any

from twin.importers.fhir.envelope import Other
from twin.importers.fhir.models import DiagnosticReportModel, ObservationModel
from twin.importers.fhir.observation import effective_of
from twin.importers.fhir.reference import key_of
from twin.record.moment import Moment

_MEMBERS = {"DiagnosticReport": "result", "Observation": "hasMember"}
_DEEPEST = 4  # panels within panels within a report; also ends a circle


class Groups:
    """The reports and panels of a bundle, by the names of their results."""

    def __init__(self) -> None:
        self._of: dict[str, Other] = {}

    def add(self, resource: dict[str, Any], entry_text: str) -> None:  # Any: JSON
        """Remember a report or panel with the names of its results."""
        members = resource.get(_MEMBERS.get(resource["resourceType"], ""))
        if not isinstance(members, list):
            return
        group = Other(resource=resource, entry_text=entry_text)
        for each in members:
            name = each.get("reference") if isinstance(each, dict) else None
            if isinstance(name, str):
                self._of[name] = self._of[key_of(name)] = group

    def find(self, name: str) -> Other | None:
        """Return the nearest dated group of a result, with the texts of the groups on the way to it."""
        texts: list[str] = []
        for _ in range(_DEEPEST):
            group = self._of.get(name)
            if group is None:
                return None
            texts.append(group.entry_text)
            if any(member == "issued" or member.startswith("effective") for member in group.resource):
                return Other(resource=group.resource, entry_text=",".join(texts))
            name = f"{group.resource['resourceType']}/{group.resource.get('id')}"
        return None


def times_of(group: Other) -> tuple[Moment | None, Moment | None]:
    """Return the time that the results of a group relate to, and when they were issued.

    Raises:
        pydantic.ValidationError: the group breaks a rule of FHIR.
    """
    if group.resource["resourceType"] == "Observation":
        panel = ObservationModel.model_validate(group.resource)
        return effective_of(panel) or panel.issued, panel.issued
    report = DiagnosticReportModel.model_validate(group.resource)
    return effective_of(report) or report.issued, report.issued

"""Which facts an Observation states: its own value, one a component, and those of the Observations it contains."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from twin.importers.fhir.facts import NotAFact, Place, codings_of, end_of, fact, start_of, told
from twin.importers.fhir.genomics import variant_of
from twin.importers.fhir.models import DiagnosticReportModel, ObservationModel, Reference, Timing
from twin.importers.fhir.value import has_value, value_of
from twin.record.fact import FactDraft
from twin.record.moment import Moment


def effective_of(model: ObservationModel | DiagnosticReportModel) -> Moment | None:
    """Return when a result or a report says it was true: of a period its start, of several times the first."""
    if model.effectivePeriod is not None:
        return model.effectivePeriod.start or model.effectivePeriod.end
    if model.effectiveDateTime is not None or isinstance(model, DiagnosticReportModel):
        return model.effectiveDateTime
    return model.effectiveInstant or _first(model.effectiveTiming)


def is_dated(model: ObservationModel) -> bool:
    """True where an Observation says itself when it was true, or at least when it was released."""
    return (effective_of(model) or model.issued) is not None


def observations(model: ObservationModel, place: Place) -> tuple[FactDraft, ...]:
    """Return the facts of an Observation.

    Raises:
        NotAFact: it has neither an effective nor an issued time.
        ValueError: a part has two values.
    """
    observed = effective_of(model) or model.issued
    issued = model.issued
    if observed is None and place.group is not None:
        observed, issued = place.group
    if observed is None and model.status == "entered-in-error":
        observed = told(model, place)  # what is taken back must reach the record, if only by when it was taken back
    if observed is None:
        raise NotAFact("no effective or issued time")
    own = tuple(_parts(model, place, observed, issued, ""))
    return (*own, *contained_observations(place, observed, issued))


def contained_observations(place: Place, observed: Moment, issued: Moment | None) -> tuple[FactDraft, ...]:
    """Return the facts of contained Observations: parts of their parent, with its times where they have none.

    Raises:
        pydantic.ValidationError: one of them breaks a rule of FHIR.
    """
    facts: list[FactDraft] = []
    for index, inner in enumerate(place.contained):
        if inner.get("resourceType") != "Observation":
            continue
        model = ObservationModel.model_validate(inner)
        prefix = f"#{model.id}" if model.id else f"contained[{index}]"
        inner_place = replace(place, contained=())
        facts += _parts(model, inner_place, effective_of(model) or observed, model.issued or issued, prefix)
    return tuple(facts)


def _parts(
    model: ObservationModel, place: Place, observed: Moment, issued: Moment | None, prefix: str
) -> Iterator[FactDraft]:
    variant = variant_of(model)
    device = _named(model.device)
    if has_value(model) or not model.component or variant:
        coding, others = codings_of(model.code)
        value: Mapping[str, Any] = value_of(model)
        if variant is not None:
            value = variant.value or value
            if variant.coding is not None:
                coding, others = variant.coding, (coding, *others)
        yield fact(
            model, place, "observation", coding, observed, issued,
            others=others, ended=end_of(model.effectivePeriod) if start_of(model.effectivePeriod) else None,
            status=model.status, part=prefix, device=device, value=value,
        )  # fmt: skip
    for index, part in enumerate(model.component):
        coding, others = codings_of(part.code)
        name = f"{prefix}.component[{index}]" if prefix else f"component[{index}]"
        yield fact(
            model, place, "observation", coding, observed, issued,
            others=others, status=model.status, part=name, device=device, value=value_of(part),
        )  # fmt: skip


def _first(timing: Timing | None) -> Moment | None:
    if timing is None:
        return None
    if timing.event:
        return min(timing.event, key=lambda each: each.start)
    return start_of(timing.repeat.boundsPeriod) if timing.repeat else None


def _named(reference: Reference | None) -> str | None:
    return (reference.display or reference.reference) if reference else None

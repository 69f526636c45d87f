"""The routes, one for each request of the registry; a request without one here, or one here without it, is an error."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fastapi import APIRouter, Response

from twin.web.api.fhir import (
    bulk_import,
    bundles,
    capability,
    everything,
    matching,
    reading,
    searching,
    writing,
)
from twin.web.api.fhir.openapi import described
from twin.web.api.fhir.registry import CAPABILITIES, INTERACTIONS, OPERATIONS, Interaction

Endpoint = Callable[..., Response]
ENDPOINTS: Mapping[tuple[str, str], Endpoint] = MappingProxyType(
    {
        ("GET", "/metadata"): capability.metadata,
        ("POST", ""): bundles.take,
        ("POST", "/$import"): bulk_import.start,
        ("GET", "/$import/{import_id}"): bulk_import.status,
        ("DELETE", "/$import/{import_id}"): bulk_import.cancel,
        ("POST", "/Patient/$match"): matching.match,
        ("GET", "/Patient/{logical_id}/$everything"): everything.everything,
        ("GET", "/{kind}"): searching.search,
        ("POST", "/{kind}/_search"): searching.search_by_form,
        ("POST", "/{kind}"): writing.create,
        ("PUT", "/{kind}"): writing.update_identified,
        ("GET", "/{kind}/{logical_id}"): reading.read,
        ("PUT", "/{kind}/{logical_id}"): writing.update,
        ("GET", "/{kind}/{logical_id}/_history"): reading.history,
        ("GET", "/{kind}/{logical_id}/_history/{version_id}"): reading.vread,
    }
)


def requests() -> tuple[Interaction, ...]:
    """Return every request there is; those with a name of their own come before those with any."""
    return (CAPABILITIES, *(each for operation in OPERATIONS for each in operation.requests), *INTERACTIONS)


def make_router() -> APIRouter:
    """Return the router of the FHIR server."""
    router = APIRouter(tags=["fhir"])
    asked = requests()
    assert {(each.method, each.path) for each in asked} == ENDPOINTS.keys()
    for each in asked:
        endpoint = ENDPOINTS[each.method, each.path]
        router.add_api_route(each.path, endpoint, methods=[each.method], response_class=Response, **described(each))
    return router

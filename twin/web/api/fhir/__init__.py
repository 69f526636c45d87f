"""FHIR R4: what was sent is read back as it came, searched, written and matched (hl7.org/fhir/R4/http.html)."""

from twin.web.api.fhir.routes import make_router

router = make_router()

"""Which tables there are. Rows become dataclasses at the border of `twin.store`; nobody else sees them."""

from twin.store.tables.accounts import api_token, audit_event, audit_seal, sign_in_attempt, user_account, web_session
from twin.store.tables.columns import metadata
from twin.store.tables.facts import fact
from twin.store.tables.imaging import dicom_instance, key_slice, study, verdict
from twin.store.tables.imports import (
    idempotent_request,
    import_item,
    import_reject,
    import_run,
    item_token,
    local_code,
    local_unit,
    scoring_file,
)
from twin.store.tables.measuring import study_measurement
from twin.store.tables.models import model, model_event, prediction
from twin.store.tables.patients import match_review, patient, patient_identifier, patient_link, patient_version
from twin.store.tables.reading import local_case, reader_call
from twin.store.tables.recalls import inbox_message, outbox, recall, recall_event
from twin.store.tables.twins import forecast, organ_state, twin, twin_view

__all__ = [
    "api_token",
    "audit_event",
    "audit_seal",
    "dicom_instance",
    "fact",
    "forecast",
    "idempotent_request",
    "import_item",
    "import_reject",
    "import_run",
    "inbox_message",
    "item_token",
    "key_slice",
    "local_case",
    "local_code",
    "local_unit",
    "match_review",
    "metadata",
    "model",
    "model_event",
    "organ_state",
    "outbox",
    "patient",
    "patient_identifier",
    "patient_link",
    "patient_version",
    "prediction",
    "reader_call",
    "recall",
    "recall_event",
    "scoring_file",
    "sign_in_attempt",
    "study",
    "study_measurement",
    "twin",
    "twin_view",
    "user_account",
    "verdict",
    "web_session",
]

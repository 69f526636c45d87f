"""The JSON API under `/api/v1`. Which routes are there is said here."""

from fastapi import APIRouter

from twin.web.api import hl7v2, identity, imports, me, patients, quarantine, recalls, studies, tokens

router = APIRouter()
router.include_router(me.router, tags=["me"])
router.include_router(imports.router, tags=["imports"])
router.include_router(hl7v2.router, tags=["imports"])
router.include_router(quarantine.router, tags=["quarantine"])
router.include_router(patients.router, tags=["patients"])
router.include_router(identity.router, tags=["patients"])
router.include_router(recalls.router, tags=["recalls"])
router.include_router(studies.router, tags=["studies"])
router.include_router(tokens.router, tags=["tokens"])

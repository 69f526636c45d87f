"""DICOMweb under `/dicom-web`: STOW-RS takes images, QIDO-RS tells what is here, WADO-RS gives it out (PS3.18)."""

from fastapi import APIRouter

from twin.web.api.dicomweb import retrieving, searching, storing

router = APIRouter(tags=["dicomweb"])
router.include_router(storing.router)
router.include_router(searching.router)
router.include_router(retrieving.router)

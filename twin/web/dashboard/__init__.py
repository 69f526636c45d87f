"""The pages: which routes are there is said here. `render` makes a page of a template, sign-in and errors included."""

from fastapi import APIRouter

from twin.web.dashboard import clock, ct, identity, imports, lists, models, patient, reading, recalls, worklist
from twin.web.dashboard.render import render

router = APIRouter()
for _page in (worklist, recalls, patient, ct, reading, identity, imports, lists, models, clock):
    router.include_router(_page.router)

__all__ = ["render", "router"]

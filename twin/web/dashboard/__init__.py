"""The pages: which routes are there is said here. `render` makes a page of a template, sign-in and errors included."""

from fastapi import APIRouter

from twin.web.dashboard import clock, identity, imports, lists, patient, recalls, worklist
from twin.web.dashboard.render import render

router = APIRouter()
for _page in (worklist, recalls, patient, identity, imports, lists, clock):
    router.include_router(_page.router)

__all__ = ["render", "router"]

"""Who may read, and who may write: each route asks before it looks at anything else."""

from typing import Annotated

from fastapi import Depends

from twin.web.caller import Actor
from twin.web.deps import scope

CanRead = Annotated[Actor, Depends(scope("fhir.read"))]
CanWrite = Annotated[Actor, Depends(scope("fhir.write"))]

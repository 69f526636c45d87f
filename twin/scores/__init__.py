"""The published equations, one a file, in display order."""

from collections.abc import Mapping
from types import MappingProxyType

from twin.errors import UnknownKey
from twin.scores.albi import SCORE as ALBI
from twin.scores.answer import Answer, calculate
from twin.scores.apri import SCORE as APRI
from twin.scores.base import Score, evaluate
from twin.scores.bmi import SCORE as BMI
from twin.scores.china_par import SCORE as CHINA_PAR
from twin.scores.ckdepi import SCORE as CKDEPI
from twin.scores.fib4 import SCORE as FIB4
from twin.scores.kfre4 import SCORE as KFRE4
from twin.scores.meld3 import SCORE as MELD3
from twin.scores.prevent import SCORE as PREVENT
from twin.scores.rcv import SCORE as RCV

SCORES: tuple[Score, ...] = (
    FIB4,
    APRI,
    ALBI,
    MELD3,
    PREVENT,
    CHINA_PAR,
    CKDEPI,
    KFRE4,
    BMI,
    RCV,
)

_BY_KEY: Mapping[str, Score] = MappingProxyType({score.key: score for score in SCORES})


def score(key: str) -> Score:
    """Return one score.

    Raises:
        UnknownKey: there is none of this key.
    """
    try:
        return _BY_KEY[key]
    except KeyError:
        raise UnknownKey(f"no score {key!r}") from None


__all__ = ["SCORES", "Answer", "Score", "calculate", "evaluate", "score"]

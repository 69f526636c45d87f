"""The published equations, one a file, in display order."""

from collections.abc import Mapping
from types import MappingProxyType

from twin.errors import UnknownKey
from twin.scores.albi import SCORE as ALBI
from twin.scores.amap import SCORE as AMAP
from twin.scores.answer import Answer, calculate
from twin.scores.apri import SCORE as APRI
from twin.scores.ast_alt_ratio import SCORE as AST_ALT_RATIO
from twin.scores.base import Score, evaluate
from twin.scores.bmi import SCORE as BMI
from twin.scores.brock_full_no_spiculation import SCORE as BROCK_FULL_NO_SPICULATION
from twin.scores.brock_full_spiculation import SCORE as BROCK_FULL_SPICULATION
from twin.scores.brock_parsimonious_spiculation import SCORE as BROCK_PARSIMONIOUS_SPICULATION
from twin.scores.cha2ds2_va import SCORE as CHA2DS2_VA
from twin.scores.cha2ds2_vasc import SCORE as CHA2DS2_VASC
from twin.scores.charlson import SCORE as CHARLSON
from twin.scores.child_pugh import SCORE as CHILD_PUGH
from twin.scores.china_par import SCORE as CHINA_PAR
from twin.scores.ckdepi import SCORE as CKDEPI
from twin.scores.combine_prs import SCORE as COMBINE_PRS
from twin.scores.eag import SCORE as EAG
from twin.scores.fib4 import SCORE as FIB4
from twin.scores.findrisc import SCORE as FINDRISC
from twin.scores.fli import SCORE as FLI
from twin.scores.framingham2008 import SCORE as FRAMINGHAM2008
from twin.scores.framingham2008_bmi import SCORE as FRAMINGHAM2008_BMI
from twin.scores.galad import SCORE as GALAD
from twin.scores.herder import SCORE as HERDER
from twin.scores.homa_ir import SCORE as HOMA_IR
from twin.scores.hsi import SCORE as HSI
from twin.scores.kfre4 import SCORE as KFRE4
from twin.scores.ldl import SCORE as LDL
from twin.scores.liver_risk_alleles import SCORE as LIVER_RISK_ALLELES
from twin.scores.malbi import SCORE as MALBI
from twin.scores.map_pp import SCORE as MAP_PP
from twin.scores.mayo_nodule import SCORE as MAYO_NODULE
from twin.scores.mayo_pbc_original import SCORE as MAYO_PBC_ORIGINAL
from twin.scores.mayo_pbc_survival import SCORE as MAYO_PBC_SURVIVAL
from twin.scores.mayo_pbc_updated import SCORE as MAYO_PBC_UPDATED
from twin.scores.meld import SCORE as MELD
from twin.scores.meld3 import SCORE as MELD3
from twin.scores.meld_na import SCORE as MELD_NA
from twin.scores.mesa_chd import SCORE as MESA_CHD
from twin.scores.mpage_b import SCORE as MPAGE_B
from twin.scores.nafld_fs import SCORE as NAFLD_FS
from twin.scores.ngsp import SCORE as NGSP
from twin.scores.page_b import SCORE as PAGE_B
from twin.scores.pce import SCORE as PCE
from twin.scores.plcom2012 import SCORE as PLCOM2012
from twin.scores.population import Answers, answer_table
from twin.scores.prevent import SCORE as PREVENT
from twin.scores.prs_hfc import SCORE as PRS_HFC
from twin.scores.prs_percentile import SCORE as PRS_PERCENTILE
from twin.scores.r_factor import SCORE as R_FACTOR
from twin.scores.rcv import SCORE as RCV
from twin.scores.score2 import SCORE as SCORE2
from twin.scores.score2_op import SCORE as SCORE2_OP
from twin.scores.tyg import SCORE as TYG

SCORES: tuple[Score, ...] = (
    FIB4,
    APRI,
    NAFLD_FS,
    AST_ALT_RATIO,
    R_FACTOR,
    HSI,
    FLI,
    ALBI,
    MALBI,
    CHILD_PUGH,
    MELD,
    MELD_NA,
    MELD3,
    AMAP,
    PAGE_B,
    MPAGE_B,
    GALAD,
    MAYO_PBC_ORIGINAL,
    MAYO_PBC_SURVIVAL,
    MAYO_PBC_UPDATED,
    LIVER_RISK_ALLELES,
    PRS_HFC,
    PREVENT,
    CHINA_PAR,
    PCE,
    SCORE2,
    SCORE2_OP,
    FRAMINGHAM2008,
    FRAMINGHAM2008_BMI,
    MESA_CHD,
    CHA2DS2_VASC,
    CHA2DS2_VA,
    LDL,
    MAP_PP,
    COMBINE_PRS,
    PRS_PERCENTILE,
    CKDEPI,
    KFRE4,
    BROCK_FULL_SPICULATION,
    BROCK_FULL_NO_SPICULATION,
    BROCK_PARSIMONIOUS_SPICULATION,
    MAYO_NODULE,
    HERDER,
    PLCOM2012,
    FINDRISC,
    HOMA_IR,
    TYG,
    EAG,
    NGSP,
    BMI,
    CHARLSON,
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


__all__ = ["SCORES", "Answer", "Answers", "Score", "answer_table", "calculate", "evaluate", "score"]

"""What is an invented patient called? Names that nobody can take for a person, in Chinese and in others.

Every given or family name says that it is a sample: 示例 is "example", 样本 "specimen", 模拟 "simulated".
"""

from dataclasses import dataclass
from uuid import UUID, uuid5

NAMESPACE = UUID("6f1d4c0e-6a0b-5b52-9a57-7477696e2d31")
"""Root of the name-based UUIDs of everything simulated; drawn once, means nothing."""

_FAMILIES = (
    ("赵", "Zhao"), ("钱", "Qian"), ("孙", "Sun"), ("李", "Li"), ("周", "Zhou"), ("吴", "Wu"), ("郑", "Zheng"),
    ("王", "Wang"), ("冯", "Feng"), ("陈", "Chen"), ("褚", "Chu"), ("卫", "Wei"), ("蒋", "Jiang"), ("沈", "Shen"),
    ("韩", "Han"), ("杨", "Yang"), ("朱", "Zhu"), ("秦", "Qin"), ("尤", "You"), ("许", "Xu"),
)  # fmt: skip
_SAMPLES = (
    ("示例", "Shili"), ("样本", "Yangben"), ("模拟", "Moni"), ("虚构", "Xugou"), ("演示", "Yanshi"),
    ("测试", "Ceshi"), ("假设", "Jiashe"), ("试验", "Shiyan"),
)  # fmt: skip
_GIVEN = (
    "Alder", "Aspen", "Birch", "Briar", "Cedar", "Clover", "Elm", "Fern", "Hazel", "Heath", "Ivy", "Juniper",
    "Laurel", "Linden", "Maple", "Oak", "Rowan", "Sage", "Sorrel", "Willow",
)  # fmt: skip
_SURNAMES = ("Demoson", "Exampleby", "Fictus", "Mockford", "Sampleton", "Simulanti", "Specimen", "Testwell")
_CHINESE_SHARE = 0.6  # the demo's first site is Chinese


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """A name as a record carries it: `text` as written at home, family and given in Latin letters."""

    text: str
    family: str
    given: str


def name(number: int, chance: float) -> Name:
    """Return the name of patient `number`; `chance` in 0..1 decides which language."""
    if chance < _CHINESE_SHARE:
        hanzi, family = _FAMILIES[number % len(_FAMILIES)]
        sample, given = _SAMPLES[(number // len(_FAMILIES) + number) % len(_SAMPLES)]
        return Name(text=hanzi + sample, family=family, given=given)
    family = _SURNAMES[number % len(_SURNAMES)]
    given = _GIVEN[(number // len(_SURNAMES) + number) % len(_GIVEN)]
    return Name(text=f"{given} {family}", family=family, given=given)


def uuid(*parts: object) -> str:
    """Return the name-based UUID of these parts; the same parts always give the same one."""
    return str(uuid5(NAMESPACE, "/".join(map(str, parts))))

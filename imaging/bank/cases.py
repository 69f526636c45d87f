"""The bank: annotated cases that are shipped, and a site's own beside them; what do they say of a new lump?

A lump whose patient is in the bank is answered without that patient: by the model that never saw the patient, and
without the patient's cases among the neighbours.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imaging.bank.models import RATINGS, Model, Shipped, load_shipped
from imaging.bank.search import Index, index_of, nearest
from imaging.bank.strange import distance, strangeness, wide
from imaging.regions import Match

NODULE = "nodule"
SHOWN = 5  # neighbours


@dataclass(frozen=True, kw_only=True)
class Case:
    """One annotated lump. `numbers` (F,) as `describe` makes them; `kind` is "nodule" or a normal tissue's name.

    `verdict` is a local reader's word on it; `ratings` are 1 to 5 (calcification 1 to 6, 6 = absent).
    """

    name: str
    kind: str
    numbers: NDArray[np.float32]
    patient: str = ""
    content: str = ""
    ratings: Mapping[str, int] = field(default_factory=dict)
    verdict: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the bank says of one lump: probabilities of readers calling it so, and the nearest cases.

    `unknown`: it is unlike anything shipped in the bank (`strangeness` above 1); the probabilities then mean little.
    """

    p_suspicious: float
    p_solid: float
    p_calcified: float
    unknown: bool
    strangeness: float
    neighbours: tuple[Match, ...]


@dataclass(frozen=True, kw_only=True)
class Bank:
    """Shipped cases and local ones. Adding and withdrawing give another bank."""

    shipped: Shipped
    local: tuple[Case, ...] = ()
    withdrawn: frozenset[str] = frozenset()

    def with_local(self, cases: Sequence[Case]) -> "Bank":
        """Return the bank with a site's own cases; one of the same name takes the place of the former."""
        names = {case.name for case in cases}
        kept = tuple(case for case in self.local if case.name not in names)
        return replace(self, local=(*kept, *cases), withdrawn=self.withdrawn - names)

    def without(self, names: Collection[str]) -> "Bank":
        """Return the bank without these cases, local or shipped; what was learnt from shipped ones stays learnt."""
        kept = tuple(case for case in self.local if case.name not in names)
        return replace(self, local=kept, withdrawn=self.withdrawn | frozenset(names))

    @property
    def version(self) -> str:
        """The shipped files' version, which stands on every number the bank gives."""
        return self.shipped.version

    def __len__(self) -> int:
        return len(self.cases)

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """All cases that may be shown, the shipped ones first."""
        shipped = (_shipped_case(self.shipped, n) for n in range(len(self.shipped.names)))
        return tuple(case for case in (*shipped, *self.local) if case.name not in self.withdrawn)

    @cached_property
    def _patient_by_content(self) -> dict[str, str]:
        pairs = zip(self.shipped.contents, self.shipped.patients, strict=True)
        return {content: patient for content, patient in pairs if content}

    @cached_property
    def _indexes(self) -> dict[int, Index]:
        return {}

    def patient_of(self, name: str, content: str) -> str | None:
        """Return which of the bank's patients a lump is from: by its voxels, else by the patient's name in its own."""
        if content in self._patient_by_content:
            return self._patient_by_content[content]
        known = (patient for patient in self.shipped.folds if name == patient or name.startswith(f"{patient}_"))
        return next(known, None)

    def fold_of(self, patient: str | None) -> int:
        """Return which model answers for a patient: one that never saw the patient, else the one of all."""
        return self.shipped.folds.get(patient or "", 0)

    def ready(self, fold: int = 0) -> Index:
        """Return the search index of one model's places, made on first use."""
        if fold not in self._indexes:
            model = self.shipped.models[fold]
            kept = [n for n, name in enumerate(self.shipped.names) if name not in self.withdrawn]
            numbers = np.array([case.numbers for case in self.cases[len(kept) :]], np.float32)
            own = model.encoder.places(model.scale.standard(numbers.reshape(-1, self.shipped.numbers.shape[1])))
            self._indexes[fold] = index_of(np.concatenate([self.shipped.known[fold].places[kept], own]))
        return self._indexes[fold]

    def answer(self, numbers: NDArray[np.float32], patient: str | None = None) -> Answer:
        """Return what the bank says of one lump's numbers (F,), without the cases of `patient`."""
        fold = self.fold_of(patient)
        model, known = self.shipped.models[fold], self.shipped.known[fold]
        others = self._shipped_patients != (patient or "")
        nodules, one = len(known.nodules), wide(model.scale, numbers)
        strange = strangeness(
            distance(one, known.nodules[others[:nodules]]), distance(one, known.tissue[others[nodules:]]), model.limits
        )
        chances = chances_of(model, numbers, known.standard)
        return Answer(
            p_suspicious=chances[0],
            p_solid=chances[1],
            p_calcified=chances[2],
            unknown=strange > 1,
            strangeness=strange,
            neighbours=self._neighbours(model, fold, numbers, patient),
        )

    @cached_property
    def _shipped_patients(self) -> NDArray[np.str_]:
        return np.array([patient or " " for patient in self.shipped.patients])  # " ": a nameless one is nobody's own

    @cached_property
    def _cases_of(self) -> Counter[str]:
        return Counter(case.patient for case in self.cases)

    def _neighbours(
        self, model: Model, fold: int, numbers: NDArray[np.float32], patient: str | None
    ) -> tuple[Match, ...]:
        place = model.encoder.place(model.scale.standard(numbers))
        own = self._cases_of[patient] if patient else 0
        found = nearest(self.ready(fold), place, min(SHOWN + own, len(self.cases)))
        others = [(n, s) for n, s in found if not patient or self.cases[n].patient != patient]
        return tuple(_match(self.cases[n], similarity) for n, similarity in others[:SHOWN])


def shipped_bank() -> Bank:
    """Return the bank as it is shipped. Raises: BadBank."""
    return Bank(shipped=load_shipped())


def chances_of(model: Model, numbers: NDArray[np.float32], known: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the probability of each of `QUESTIONS` for one lump's numbers (F,); `known` as `Known.standard`."""
    standard = model.scale.standard(numbers).astype(np.float64)
    alike = {kernel: kernel.between(standard, known) for kernel in {one.kernel for one in model.likelihoods}}
    return tuple(one.of(alike[one.kernel]) for one in model.likelihoods)


def label_of(case: Case) -> str:
    """Return what is known of a case, and that it is opinion."""
    if case.verdict:
        return f"{case.verdict}; this site's reader"
    if case.kind != NODULE:
        return f"normal tissue: {case.kind.replace('_', ' ')}; automatic label"
    texture = {1: "ground-glass", 2: "mostly ground-glass", 3: "part-solid", 4: "mostly solid", 5: "solid"}
    words = [f"suspicion {case.ratings['suspicion']} of 5", texture[case.ratings["texture"]]]
    if case.ratings["calcification"] != 6:
        words.append("calcified")
    return f"{', '.join(words)}; readers' opinion"


def _match(case: Case, similarity: float) -> Match:
    return Match(case=case.name, label=label_of(case), similarity=round(similarity, 4), ratings=dict(case.ratings))


def _shipped_case(shipped: Shipped, n: int) -> Case:
    ratings = {name: int(value) for name, value in zip(RATINGS, shipped.ratings[n], strict=True) if value}
    return Case(
        name=shipped.names[n],
        kind=shipped.kinds[n],
        numbers=shipped.numbers[n],
        patient=shipped.patients[n],
        content=shipped.contents[n],
        ratings=ratings,
    )

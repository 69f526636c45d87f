"""What of the TRIPOD+AI checklist does this run report, and what not, and why not?

Items: Collins et al. 2024, TRIPOD+AI, doi:10.1136/bmj-2023-078378, in our words and recalled from the paper's numbering
[unverified against the printed checklist]. Each is answered from the card's own data, by what its makers declared, or
is "not reported" with the reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]  # a card, or a part of one

DECLARED = "Declared: "
"""How an answer begins that a person gave."""
_PEOPLE = "only its makers can tell, and they did not"
_NO_PAPER = "the card is no paper"


@dataclass(frozen=True, slots=True)
class Item:
    """One item: what it asks, and how the card answers; a text is the reason why it can't."""

    key: str
    asks: str
    answer: Callable[[Json], str | None] | str


def checklist(card: Json, declared: Mapping[str, str]) -> list[dict[str, str]]:
    """Return every item with `answer`, or with `not_reported` and the reason; what was declared goes first."""
    return [_answered(item, card, declared) for item in ITEMS]


def _answered(item: Item, card: Json, declared: Mapping[str, str]) -> dict[str, str]:
    row = {"item": item.key, "asks": item.asks}
    if item.key in declared:
        return row | {"answer": f"{DECLARED}{declared[item.key]}"}
    if isinstance(item.answer, str):
        return row | {"not_reported": item.answer}
    found = item.answer(card)
    return row | ({"answer": found} if found else {"not_reported": "the run does not hold it"})


def _title(card: Json) -> str:
    return f"{card['title']}: predicts {card['endpoint']['label']}."


def _objectives(card: Json) -> str:
    return f"Development, and {card['validation']['how']}."


def _dates(card: Json) -> str | None:
    data = card["data"]
    if data["first_day"] is None:
        return f"Times are years since each patient's time zero; predictions at {_span(data['landmarks'])}."
    return f"{data['first_day']} to {data['last_day']}; predictions at {_span(data['landmarks'])} years."


def _eligible(card: Json) -> str | None:
    if not card["serves"]:
        return "The card names no population: the model serves nobody outside the research it comes from."
    return f"Coded criteria under 'serves': {_criteria(card['serves'])}."


def _outcome(card: Json) -> str:
    competing = card["competing"]
    other = f"; competing: {competing['label']}" if competing else "; no competing event"
    horizons = ", ".join(f"{each:g}" for each in card["data"]["horizons"])
    return f"{card['endpoint']['label']} within {horizons} years{other}."


def _predictors(card: Json) -> str | None:
    return "; ".join(f"{each['key']} ({each['unit'] or 'no unit'})" for each in card["inputs"]) or None


def _size(card: Json) -> str:
    people, cells = card["population"], card["validation"]["cells"]
    fewest = min(cell["patients_with_event"] for cell in cells)
    return (
        f"All that were there: {people['patients']} patients, {people['events']} events; at least {fewest} events "
        "in each judged landmark and horizon. No calculation beforehand."
    )


def _missing(card: Json) -> str | None:
    gaps = [f"{each['key']} {each['missing'] / each['count']:.0%}" for each in card["inputs"] if each["missing"]]
    if not card["inputs"]:
        return None
    return f"Missing at a prediction: {', '.join(gaps)}." if gaps else "No input was missing at any prediction."


def _measures(card: Json) -> str:
    return (
        "AUC, Brier and scaled Brier score, integrated calibration index, calibration intercept and slope, "
        "observed / expected, calibration plot, net benefit; weighted by the inverse probability of censoring; "
        f"intervals: {card['validation']['intervals']}."
    )


def _fairness(card: Json) -> str:
    judged = [group["group"] for group in card["subgroups"] if "mean" in group]
    left = [group["group"] for group in card["subgroups"] if "mean" not in group]
    said = f"Judged apart: {', '.join(judged) or 'none'}"
    return f"{said}; too few to judge: {', '.join(left)}." if left else f"{said}."


def _flow(card: Json) -> str:
    people = card["population"]
    return (
        f"{people['patients']} patients with a prediction; {people['events']} had the event, "
        f"{people['competing_events']} a competing one, {people['censored']} were censored; "
        f"follow-up {_range(people['follow_up_years'])} years."
    )


def _characteristics(card: Json) -> str:
    people = card["population"]
    sexes = ", ".join(f"{count} {name}" for name, count in sorted(people["sex"].items()) if count)
    return f"Age at the first prediction {_range(people['age'])} years; {sexes}; inputs in their table."


def _analysed(card: Json) -> str:
    cells = card["validation"]["cells"]
    return "; ".join(
        f"{place(cell)}: {cell['count']} patients or visits, {cell['patients_with_event']} patients with the event"
        for cell in cells
    )


def _performance(card: Json) -> str:
    mean = card["validation"]["mean"]
    return (
        f"AUC {shown(mean['auc'])}, Brier {shown(mean['brier'])}, ICI {shown(mean['ici'])}; subgroups in their table."
    )


def _updated(card: Json) -> str | None:
    found = card.get("recalibration")
    return None if not found else f"Recalibrated on {found['events']} events of local data; before and after beside it."


def shown(figure: Json, digits: int = 3) -> str:
    """Return a figure with its interval as text."""
    if figure["value"] is None:
        return "not to be had"
    if figure["low"] is None:
        return f"{figure['value']:.{digits}f}"
    return f"{figure['value']:.{digits}f} ({figure['low']:.{digits}f} to {figure['high']:.{digits}f})"


def place(cell: Json) -> str:
    """Return landmark and horizon of a cell as text."""
    start = "" if cell["landmark"] is None else f"from {cell['landmark']:g}, "
    return f"{start}within {cell['horizon']:g} years"


def _criteria(serves: Json) -> str:
    needs = {
        name: ", ".join(each.get("concept") or each.get("signal", "") for each in serves.get(name, ()))
        for name in ("all_of", "any_of", "none_of")
    }
    words = [f"ages {serves['min_age']:g} to below {serves['max_age']:g}"]
    words += [f"sex {', '.join(serves['sexes'])}"] if serves.get("sexes") else []
    words += [f"{name.replace('_', ' ')}: {listed}" for name, listed in needs.items() if listed]
    return "; ".join(words)


def _span(ends: list[float]) -> str:
    return f"{ends[0]:g}" if ends[0] == ends[1] else f"{ends[0]:g} to {ends[1]:g}"


def _range(quartiles: Json | None) -> str:
    if quartiles is None:
        return "not known"
    return f"{quartiles['median']:.1f} ({quartiles['q25']:.1f} to {quartiles['q75']:.1f})"


ITEMS = (
    Item("1", "Title: the outcome and the population", _title),
    Item("2", "Abstract", _NO_PAPER),
    Item("3a", "Clinical context and the case for the model", _PEOPLE),
    Item("3b", "Whom the model is for, who uses it, and where", lambda card: card["intended_use"] or None),
    Item("3c", "Known inequalities in health between groups", _PEOPLE),
    Item("4", "Objectives: development, validation or both", _objectives),
    Item("5a", "Where the data come from", lambda card: card["data"]["source"] or None),
    Item("5b", "Dates of the data", _dates),
    Item("6a", "Setting and centres", lambda card: card["data"]["setting"] or None),
    Item("6b", "Who was eligible", _eligible),
    Item("6c", "Treatments that were given", _PEOPLE),
    Item("7", "Preparation and checks of the data, across groups", lambda card: card["method"] or None),
    Item("8a", "The outcome and its horizon", _outcome),
    Item("8b", "Who assessed the outcome, where that is a judgement", _PEOPLE),
    Item("8c", "Blinding of the assessment of the outcome", _PEOPLE),
    Item("9a", "How the first predictors were chosen", _PEOPLE),
    Item("9b", "Definition of the predictors", _predictors),
    Item("9c", "Who assessed predictors, where that is a judgement", _PEOPLE),
    Item("10", "Sample size and its reasons", _size),
    Item("11", "Missing data", _missing),
    Item("12a", "How data were used for development and evaluation", lambda card: card["validation"]["how"] or None),
    Item("12b", "How predictors entered the analysis", lambda card: card["method"] or None),
    Item("12c", "Kind of model, how it was built and validated", lambda card: card["method"] or None),
    Item("12d", "Differences between clusters such as hospitals", "the run does not part the data by centre"),
    Item("12e", "Measures and plots of performance", _measures),
    Item("12f", "Updating after evaluation", _updated),
    Item("12g", "How predictions were made for the evaluation", lambda card: card["validation"]["how"] or None),
    Item("13", "Handling of rare outcomes", "nothing was resampled; risks are judged as they are"),
    Item("14", "What was done for fairness", _fairness),
    Item("15", "What the model returns", lambda card: "A risk from 0 to 1 at each horizon; classes are not made."),
    Item("16", "Differences between development and evaluation data", "one data set, parted by patient"),
    Item("17", "Ethical approval", _PEOPLE),
    Item("18a", "Funding", _PEOPLE),
    Item("18b", "Conflicts of interest", _PEOPLE),
    Item("18c", "Protocol", _PEOPLE),
    Item("18d", "Registration", _PEOPLE),
    Item("18e", "Where the data can be had", _PEOPLE),
    Item("18f", "Where the code can be had", lambda card: f"Made by {card['software']}, which is open source."),
    Item("19", "Involvement of patients and public", _PEOPLE),
    Item("20a", "Flow of participants", _flow),
    Item("20b", "Characteristics of participants", _characteristics),
    Item("20c", "Distribution in development and evaluation compared", "one data set, parted by patient"),
    Item("21", "Participants and events in each analysis", _analysed),
    Item("22", "The whole model, so that others can use it", lambda card: "The model file holds it: spec and arrays."),
    Item("23a", "Performance with intervals, subgroups included", _performance),
    Item("23b", "Performance across clusters", "the run does not part the data by centre"),
    Item("24", "Results of updating", _updated),
    Item("25", "Interpretation, fairness included", _PEOPLE),
    Item("26", "Limitations", lambda card: " ".join(card["limits"]) or None),
    Item("27a", "What to do where inputs are poor or missing", _PEOPLE),
    Item("27b", "What users need to know to use it", lambda card: card["intended_use"] or None),
    Item("27c", "Next steps", _PEOPLE),
)  # fmt: skip

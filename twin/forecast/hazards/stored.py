"""A hazard model as the arrays and JSON of a model file, and back.

What is written lies under "sum", and before there were nets it did not: software that knows of no net fails to read it,
rather than to serve half of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.forecast.hazards.design import Term
from twin.forecast.hazards.model import Cause, HazardModel
from twin.forecast.hazards.net import Net

Array = NDArray[np.float64]
_WEIGHTS = ("first", "first_bias", "last", "last_bias")


def to_arrays(model: HazardModel) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the model as arrays and JSON."""
    arrays, said = _terms(model.terms)
    arrays |= {"cuts": model.cuts, "growth": model.growth}
    written: dict[str, Any] = {"sum": said}
    for name, cause in (("event", model.event), ("competing", model.competing)):
        if cause is None:
            continue
        arrays |= {f"{name}.theta": cause.theta, f"{name}.covariance": cause.covariance}
        if cause.net is not None:
            own, of_net = _terms(cause.net.terms)
            own |= {each: getattr(cause.net, each) for each in _WEIGHTS}
            arrays |= {f"{name}.net.{key}": values for key, values in own.items()}
            written[f"{name}.net"] = of_net | {"parts": cause.net.parts}
    return arrays, written


def from_arrays(arrays: Mapping[str, NDArray[Any]], written: Mapping[str, Any]) -> HazardModel:
    """Return the model that `to_arrays` wrote, this version's or an earlier one's.

    Raises:
        ValueError: the arrays of a net do not fit together.
    """
    return HazardModel(
        terms=_terms_of(arrays, written.get("sum", written)),
        cuts=arrays["cuts"],
        growth=arrays["growth"],
        event=_cause("event", arrays, written),
        competing=_cause("competing", arrays, written) if "competing.theta" in arrays else None,
    )


def _cause(name: str, arrays: Mapping[str, NDArray[Any]], written: Mapping[str, Any]) -> Cause:
    net = None
    if said := written.get(f"{name}.net"):
        head = f"{name}.net."
        own = {key.removeprefix(head): values for key, values in arrays.items() if key.startswith(head)}
        net = Net(terms=_terms_of(own, said), parts=said["parts"], **{each: own[each] for each in _WEIGHTS})
        _check(net, intervals=len(arrays["cuts"]) - 1)
    return Cause(theta=arrays[f"{name}.theta"], covariance=arrays[f"{name}.covariance"], net=net)


def _check(net: Net, intervals: int) -> None:
    """Refuse weights that do not fit: compiled loops look at no bounds."""
    members, _, width = net.first.shape
    wide = len(net.terms) + sum(term.can_miss for term in net.terms)
    shapes = ((members, wide, width), (members, width), (members, width, intervals), (members, intervals))
    weights = tuple(getattr(net, each) for each in _WEIGHTS)
    fits = all(each.shape == shape and np.isfinite(each).all() for each, shape in zip(weights, shapes, strict=True))
    if not fits or net.parts < 2 or not members or members % net.parts:
        raise ValueError("the arrays of a net do not fit together")


def _terms(terms: Sequence[Term]) -> tuple[dict[str, Array], dict[str, Any]]:
    knots = np.full((len(terms), max((len(term.knots) for term in terms), default=0), 3), np.nan)
    for row, term in enumerate(terms):
        knots[row, : len(term.knots)] = np.array(term.knots).reshape(-1, 3)
    bounds = np.array([[term.low, term.high, term.mean, term.sd] for term in terms], dtype=np.float64)
    arrays = {"bounds": bounds.reshape(-1, 4), "knots": knots}
    return arrays, {"predictors": [term.key for term in terms], "can_miss": [term.can_miss for term in terms]}


def _terms_of(arrays: Mapping[str, NDArray[Any]], written: Mapping[str, Any]) -> tuple[Term, ...]:
    rows = zip(written["predictors"], written["can_miss"], arrays["bounds"].tolist(), arrays["knots"], strict=True)
    return tuple(
        Term(
            key=key,
            low=low,
            high=high,
            mean=mean,
            sd=sd,
            knots=tuple((float(a), float(b), float(c)) for a, b, c in knots if np.isfinite(a)),
            can_miss=can_miss,
        )
        for key, can_miss, (low, high, mean, sd), knots in rows
    )

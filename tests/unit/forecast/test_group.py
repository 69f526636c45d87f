"""Which signals move together, as the table says, and as the matrices that the filter takes."""

import numpy as np
import pytest

from tests.unit.forecast.single import CHANGES, LEVELS, linked
from twin.forecast.group import Group, alone, group_of, groups, joined, with_linked
from twin.forecast.motion import Together, motion, motions, together

EVERY_GROUP = pytest.mark.parametrize("group", groups(motions()), ids=lambda group: group.name)
UNLINKED = next(key for key in motions() if len(group_of(key).motions) == 1)


def test_group_of_one_signal_holds_its_own_numbers() -> None:
    moves = motion("alt")
    group = alone(moves)
    assert (group.keys, group.name, group.relaxation) == (("alt",), "alt", moves.relaxation)
    np.testing.assert_allclose(group.prior, np.diag([moves.spread**2, moves.slope_sd**2]), rtol=1e-15)
    np.testing.assert_allclose(group.drift, [[moves.slope_sd**2]], rtol=1e-15)
    np.testing.assert_allclose(group.wander, [[moves.wander**2]], rtol=1e-15)


def test_signal_that_nothing_links_is_a_group_of_one() -> None:
    assert group_of(UNLINKED).keys == (UNLINKED,)
    np.testing.assert_array_equal(group_of(UNLINKED).prior, alone(motion(UNLINKED)).prior)


def test_every_followed_signal_is_in_one_group_in_the_order_of_the_table() -> None:
    found = [key for group in groups(motions()) for key in group.keys]
    assert sorted(found) == sorted(motions())
    for key in motions():
        assert key in group_of(key).keys
        assert all(group_of(other) is group_of(key) for other in group_of(key).keys)
    order = list(motions())
    for group in groups(motions()):
        assert list(group.keys) == sorted(group.keys, key=order.index)


def test_links_name_two_followed_signals_once() -> None:
    pairs = [frozenset((link.first, link.second)) for link in together()]
    assert all(len(pair) == 2 and pair <= set(motions()) for pair in pairs)
    assert len(set(pairs)) == len(pairs)
    assert all(abs(link.level) < 1 and abs(link.change) < 1 for link in together())


def test_linked_signals_are_in_one_group_that_holds_their_correlations() -> None:
    for link in together():
        group = group_of(link.first)
        assert group is group_of(link.second)
        one, two, count = group.keys.index(link.first), group.keys.index(link.second), len(group.motions)
        assert _correlation(group.prior, one, two) == pytest.approx(link.level, abs=1e-12)
        assert _correlation(group.prior, count + one, count + two) == pytest.approx(link.change, abs=1e-12)
        assert _correlation(group.drift, one, two) == pytest.approx(link.change, abs=1e-12)
        assert _correlation(group.wander, one, two) == pytest.approx(link.change, abs=1e-12)


def _correlation(covariance: np.ndarray, one: int, two: int) -> float:
    assert covariance[one, two] == covariance[two, one]
    return float(covariance[one, two] / np.sqrt(covariance[one, one] * covariance[two, two]))


@EVERY_GROUP
def test_what_is_expected_before_any_reading_is_possible(group: Group) -> None:
    members, count = group.motions, len(group.motions)
    spread = np.array([each.spread for each in members])
    slope = np.array([each.slope_sd for each in members])
    wander = np.array([each.wander for each in members])
    np.testing.assert_allclose(np.diag(group.prior), np.concatenate((spread, slope)) ** 2, rtol=1e-12)
    np.testing.assert_allclose(np.diag(group.wander), wander**2, rtol=1e-12)
    np.testing.assert_array_equal(group.prior[count:, count:], group.drift)
    np.testing.assert_array_equal(group.prior[:count, count:], np.zeros((count, count)))
    unit = np.concatenate((spread, slope))
    assert np.linalg.eigvalsh(group.prior / np.outer(unit, unit))[0] > 1e-6
    assert np.linalg.eigvalsh(group.wander / np.outer(wander, wander))[0] > 1e-6


@EVERY_GROUP
def test_one_gate_one_relaxation_and_one_step_hold_for_a_group(group: Group) -> None:
    assert len({(each.gate, each.relaxation, each.step_years) for each in group.motions}) == 1
    assert group.relaxation == group.motions[0].relaxation


def test_names_of_groups_are_unique_and_each_is_given_once() -> None:
    names = [group.name for group in groups(motions())]
    assert len(set(names)) == len(names)
    alt = group_of("alt")
    assert groups(("alt", UNLINKED, "alt")) == (alt, group_of(UNLINKED))
    assert groups(alt.keys) == (alt,)
    assert groups(()) == ()


def test_keys_come_with_what_moves_with_them_and_with_those_that_nobody_follows() -> None:
    assert with_linked(("alt", "smoking_status")) == {*group_of("alt").keys, "smoking_status"}
    assert with_linked((UNLINKED,)) == {UNLINKED}
    assert with_linked(()) == frozenset()


def test_start_is_the_prior_with_what_is_expected_of_a_sex_and_is_new_each_time() -> None:
    group = linked("alt", "ast", "sbp")
    x, p, trend, tally = group.start("female")
    assert x.tolist() == [*(each.centre for each in group.motions), 0, 0, 0]
    assert trend.tolist() == [each.ageing[0] for each in group.motions]
    assert group.start("male")[2].tolist() == [each.ageing[1] for each in group.motions]
    np.testing.assert_array_equal(p, group.prior)
    np.testing.assert_array_equal(tally, np.zeros((3, 4)))
    for part in (x, p, trend, tally):
        part[:] = 99.0
    assert (group.start("female")[0] < 99).any()
    assert (group.prior != 99).all()


@EVERY_GROUP
def test_scaling_a_group_moves_drift_and_wander_only(group: Group) -> None:
    twice, count = group.scaled(2.0), len(group.motions)
    assert (twice.keys, twice.name) == (group.keys, group.name)
    np.testing.assert_allclose(twice.drift, 4 * group.drift, rtol=1e-12)
    np.testing.assert_allclose(twice.wander, 4 * group.wander, rtol=1e-12)
    np.testing.assert_allclose(twice.prior[:count, :count], group.prior[:count, :count], rtol=1e-12)
    np.testing.assert_array_equal(twice.prior[count:, count:], twice.drift)


def test_group_made_by_hand_is_what_the_tests_say_it_is() -> None:
    group = linked("alt", "ast", "sbp")
    assert _correlation(group.prior, 0, 1) == pytest.approx(LEVELS[0, 1])
    assert _correlation(group.drift, 0, 2) == pytest.approx(CHANGES[0, 2])
    assert min(np.linalg.eigvalsh(matrix)[0] for matrix in (LEVELS, CHANGES)) > 0.1


def test_links_that_can_not_all_be_are_refused() -> None:
    members = tuple(motion(key) for key in ("alt", "ast", "ggt"))
    links = [
        Together(first=first, second=second, level=level, change=0.0)
        for first, second, level in (("alt", "ast", 0.9), ("ast", "ggt", 0.9), ("alt", "ggt", -0.9))
    ]
    with pytest.raises(ValueError, match="correlations of alt, ast, ggt contradict each other"):
        joined(members, links)

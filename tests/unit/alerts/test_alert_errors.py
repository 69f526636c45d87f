import pytest

from alerts import errors
from alerts.errors import AlertsError, ChannelError

TREE = {name: error for name, error in vars(errors).items() if isinstance(error, type) and issubclass(error, Exception)}


@pytest.mark.parametrize("name", sorted(set(TREE) - {"AlertsError"}))
def test_every_error_stands_under_the_one_base_and_in_the_drawn_tree(name):
    assert issubclass(TREE[name], AlertsError)
    assert name in errors.__doc__


def test_an_error_without_words_says_its_docstring():
    assert str(ChannelError(permanent=True)) == "The message did not leave."

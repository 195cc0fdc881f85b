"""Records: fields, defaults, what is refused, copies, and what is equal."""

import pickle

import pytest

from gridgrad._base.record import Record, ValueRecord, replace


class Step(Record):
    """Of identity."""

    length: float
    count: int = 1


class Named(ValueRecord):
    """Of value."""

    name: str
    number: int = 0


class Longer(Named):
    """With one more field."""

    unit: str = "m"


def test_fields_are_given_by_place_or_by_name_and_have_defaults():
    step = Step(0.5)
    assert (step.length, step.count) == (0.5, 1)
    assert repr(Step(0.5, count=3)) == "Step(length=0.5, count=3)"
    assert repr(Longer("h", unit="km")) == "Longer(name='h', number=0, unit='km')"


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), ((1.0, 2, 3), {}), ((1.0,), {"length": 2.0}), ((1.0,), {"size": 2}), ((), {"count": 2})],
)
def test_fields_that_are_missing_unknown_or_given_twice_are_refused(values, named):
    with pytest.raises(AssertionError, match="Step"):
        Step(*values, **named)


def test_a_record_is_not_changed():
    step = Step(0.5)
    for name in ("length", "count", "other"):
        with pytest.raises(AttributeError, match="replace"):
            setattr(step, name, 2)
    other = replace(step, count=2)
    assert (other.length, other.count, step.count) == (0.5, 2, 1)


def test_records_are_themselves_and_value_records_what_they_hold():
    assert Step(0.5) != Step(0.5)
    assert len({Step(0.5), Step(0.5)}) == 2
    assert Named("h", 1) == Named("h", number=1) != Named("h")
    assert len({Named("h"), Named("h", 0), Named("g")}) == 2
    assert Longer("h") != Named("h")  # of another class
    assert Named("h") != ("h", 0)


def test_records_are_pickled_with_their_values():
    assert pickle.loads(pickle.dumps(Longer("h", unit="km"))) == Longer("h", unit="km")

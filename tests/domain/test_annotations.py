"""Annotations: their order, and how many of them are shown."""

from pipeline_cli.domain.annotations import Annotation, Level, of_finding, rest_of, shown
from pipeline_cli.domain.findings import Finding


def some(level: Level, count: int) -> list[Annotation]:
    return [Annotation(level, "a.md", line, "t", "m") for line in range(1, count + 1)]


def test_a_finding_keeps_its_place_and_its_remedy() -> None:
    assert of_finding(Finding("log-torn-line", "note", "torn", "a.jsonl", 3, "fix it")) == (
        Annotation("notice", "a.jsonl", 3, "log-torn-line", "torn\nhint: fix it", "log-torn-line")
    )
    counted = of_finding(Finding("spec-orphan", "error", "5 more of the same, 25 in all"))
    assert (counted.level, counted.count, counted.message[-1]) == ("error", 5, "l")


def test_the_worst_come_first_and_keep_their_order() -> None:
    chosen, left = shown([*some("notice", 1), *some("error", 2), *some("warning", 1)])
    assert [(each.level, each.line) for each in chosen] == [
        ("error", 1),
        ("error", 2),
        ("warning", 1),
        ("notice", 1),
    ]
    assert left == {}
    assert rest_of(left) == ""


def test_ten_of_a_level_are_shown_and_the_rest_is_counted() -> None:
    given = [*some("error", 12), *some("warning", 10), *some("notice", 10)]
    chosen, left = shown(given)
    assert [each.level for each in chosen] == (["error"] * 10 + ["warning"] * 10 + ["notice"] * 9)
    assert left == {"error": 2, "notice": 1}
    assert rest_of(left) == "2 more errors, 1 more notice"


def test_all_are_shown_where_all_fit() -> None:
    assert len(shown(some("notice", 10)).annotations) == 10


def test_what_stands_for_several_is_counted_as_several() -> None:
    many = [*some("error", 1), Annotation("error", None, None, "t", "m", count=7)]
    assert shown(many, most=1).left == {"error": 7}

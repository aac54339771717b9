"""The rotation (contracts §12): whose slot it is, what is passed over, what a step counts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline_cli.domain.backlog import Backlog, Item
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.progress import plan_progress
from pipeline_cli.domain.report import next_items
from pipeline_cli.domain.rotation import (
    PassedOver,
    Ratio,
    Rotation,
    Share,
    cursor_findings,
    cursors,
    is_next,
    owner_of,
    parse_ratio,
    plan,
    waiting,
)
from pipeline_cli.domain.state import ItemStanding, PmState, Shape
from pipeline_cli.formats.backlog_md import parse

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
FIFTH = Ratio(1, 5)
PRODUCT = "backlog/006-overnight-backlog.md"
META = "backlog/007-meta-pipeline-backlog.md"
#: The ratios of which the share must be exact.
RATIOS = ("0", "0.1", "0.2", "0.25", "1/3", "0.5", "1")


def book(text: str, path: str = PRODUCT) -> Backlog:
    return parse(SourceFile(path, text))


def numbered(count: int, path: str = PRODUCT) -> Backlog:
    items = (Item(n, n, n, f"Item {n}", f"Item {n}") for n in range(1, count + 1))
    return Backlog(path, tuple(items))


def state(
    index: int = 0,
    *,
    meta: int = 0,
    slot: int = 0,
    shape: Shape = "serial",
    items: Mapping[str, ItemStanding] | None = None,
) -> PmState:
    raw = {"items": {key: {"status": one.status, "ours": 1} for key, one in (items or {}).items()}}
    return PmState(
        "s.json", "l/s.json", shape, index, False, 0, 0, None, items or {}, raw, meta, slot
    )


def keys(found: Rotation) -> list[str]:
    return [slot.item for slot in found.slots]


def step(before: PmState | None, values: Mapping[str, Any]) -> PmState:
    """Return the state after a step as it would be read again."""
    old = before or state(-1)
    index = values.get("next_backlog_idx", values.get("backlog_index", old.index))
    kept = values.get("items")
    items = old.items if kept is None else {key: old.items[key] for key in kept}
    raw = old.raw if kept is None else {**old.raw, "items": kept}
    return replace(
        old, index=index, meta_index=values["meta_index"], slot=values["slot"], items=items, raw=raw
    )


# Ratios


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        ("0", (0, 1)),
        ("0.0", (0, 1)),
        ("0.2", (1, 5)),
        (".2", (1, 5)),
        ("0.20", (1, 5)),
        (" 0.2\n", (1, 5)),
        ("2/10", (1, 5)),
        ("1/3", (1, 3)),
        ("0/7", (0, 1)),
        ("0.333", (333, 1000)),
        ("1", (1, 1)),
        ("1.", None),
        ("1.0", (1, 1)),
        ("5/5", (1, 1)),
        ("-1", None),
        ("2", None),
        ("1.1", None),
        ("4/3", None),
        ("1/0", None),
        ("0/0", None),
        ("20%", None),
        ("1e-1", None),
        ("nan", None),
        (".", None),
        ("", None),
        ("0,2", None),
        ("٠.٢", None),
        ("1/3/3", None),
        ("0." + "1" * 5000, None),
    ],
)
def test_a_ratio_is_a_share_from_0_to_1_and_exact(text: str, ratio: tuple[int, int] | None) -> None:
    assert parse_ratio(text) == (Ratio(*ratio) if ratio else None)


def test_a_ratio_is_shown_in_lowest_terms() -> None:
    assert str(parse_ratio("0.25")) == "1/4"


# Whose slot it is


@pytest.mark.parametrize("text", RATIOS)
def test_the_share_is_exact_to_one_slot_over_10_000_slots(text: str) -> None:
    ratio, share = parse_ratio(text), Fraction(text)
    assert ratio is not None
    metas = 0
    for slot in range(10_000):
        due = ceil((slot + 1) * share) > ceil(slot * share)
        assert (owner_of(slot, ratio) == "meta") == due
        metas += due
        assert 0 <= metas - (slot + 1) * share < 1
    assert metas == ceil(10_000 * share)


def test_at_a_fifth_the_slots_0_5_10_are_meta() -> None:
    assert [n for n in range(16) if owner_of(n, FIFTH) == "meta"] == [0, 5, 10, 15]


@given(text=st.sampled_from(RATIOS), data=st.data())
def test_the_share_holds_across_restarts(text: str, data: st.DataObject) -> None:
    ratio, share = parse_ratio(text), Fraction(text)
    assert ratio is not None
    product, meta = numbered(400), numbered(400, META)
    pm: PmState | None = None
    seen: list[str] = []
    while len(seen) < 300:
        found = plan(product, meta, pm, ratio, data.draw(st.integers(1, 60)), NOW)
        pm = step(pm, cursors(found, product, pm, NOW))
        seen += keys(found)
        metas = sum(key.startswith("007") for key in seen)
        assert 0 <= metas - len(seen) * share < 1
        assert (pm.index, pm.meta_index, pm.slot) == (len(seen) - metas, metas, len(seen))
    assert len(set(seen)) == len(seen)
    at_once = plan(product, meta, None, ratio, len(seen), NOW)
    assert keys(at_once) == seen


# What is next


def test_slots_name_the_item_its_place_and_why() -> None:
    text = "## Phase 6: Six\n56. Do it: spec 029-graph\n"
    found = plan(
        book(text),
        numbered(1, META),
        None,
        FIFTH,
        9,
        NOW,
        spec_of=lambda item: "specs/s.md" if item.phase else None,
    )
    first, second = found.slots
    assert (first.slot, first.backlog, first.item) == (0, "meta", "007:1")
    assert first.reason == "slot 0: meta, 1 of 5"
    assert (second.file, second.number, second.position) == (PRODUCT, 56, 1)
    assert (second.item, second.phase, second.spec) == ("006:56", 6, "specs/s.md")
    assert second.reason == "slot 1: product, 4 of 5"
    assert second.direction == (
        f"Work on item 56 of {PRODUCT}:\n\nDo it: spec 029-graph\n\nPhase 6: Six\nSpec: specs/s.md"
    )
    assert first.direction == f"Work on item 1 of {META}:\n\nItem 1"
    assert (found.ratio, found.share) == ("1/5", Share(1, 1))


def test_where_one_backlog_ends_the_other_fills() -> None:
    found = plan(numbered(2), numbered(4, META), None, FIFTH, 9, NOW)
    assert keys(found) == ["007:1", "006:1", "006:2", "007:2", "007:3", "007:4"]
    assert found.slots[3].reason == "slot 3: meta, the product backlog has nothing left"
    assert found.share == Share(4, 2)


@pytest.mark.parametrize("meta", [None, numbered(0, META)])
def test_without_a_meta_item_the_product_fills(meta: Backlog | None) -> None:
    found = plan(numbered(6), meta, None, FIFTH, 9, NOW)
    assert keys(found) == [f"006:{n}" for n in range(1, 7)]
    why = "there is no meta backlog" if meta is None else "the meta backlog has nothing left"
    assert [slot.reason for slot in found.slots if slot.slot in (0, 5)] == [
        f"slot 0: product, {why}",
        f"slot 5: product, {why}",
    ]


def test_of_two_empty_backlogs_nothing_is_next() -> None:
    for product in (None, numbered(0)):
        found = plan(product, None, None, FIFTH, 5, NOW)
        assert (found.slots, found.share, found.passed) == ((), Share(0, 0), PassedOver())
        assert not is_next(found, "006:1")


@pytest.mark.parametrize(("pm", "first"), [(None, 3), (state(0), 3), (state(-7), 3), (state(4), 5)])
def test_the_index_and_marks_of_done_are_passed(pm: PmState | None, first: int) -> None:
    product = book("1. [x] a\n2. ~~b~~\n3. c\n4. d\n5. e\n")
    assert plan(product, None, pm, Ratio(0, 1), 1, NOW).slots[0].number == first


def test_an_index_beyond_the_backlog_leaves_nothing() -> None:
    found = plan(numbered(3), numbered(3, META), state(9, meta=9), FIFTH, 5, NOW)
    assert found.slots == ()


def test_held_items_are_passed_over_and_counted_apart() -> None:
    standings = {
        "006:1": ItemStanding("blocked"),
        "006:3": ItemStanding("skipped"),
        "006:5": ItemStanding("quarantined", retry_at=AFTER),
        "006:6": ItemStanding("on ice"),
        "006:9": ItemStanding("done"),
        "007:1": ItemStanding("skipped"),
        "009:1": ItemStanding("skipped"),
    }
    product = book("1. a\n2. b\n3. c\n4. d\n5. e\n6. f\n7. [x] g\n8. h\n9. i\n")
    meta = book("1. m\n2. [x] n\n3. o\n", META)
    found = plan(product, meta, state(2, items=standings), FIFTH, 9, NOW)
    assert keys(found) == ["007:3", "006:4", "006:8"]
    # An item that the index has passed is held back all the same; an unknown status blocks.
    assert found.passed == PassedOver(done=2, blocked=3, skipped=2, quarantined=1)


def test_a_mark_of_done_outweighs_what_the_state_holds() -> None:
    pm = state(0, items={"006:1": ItemStanding("blocked", retry_at=BEFORE)})
    found = plan(book("1. [x] a\n2. b\n"), None, pm, FIFTH, 5, NOW)
    assert keys(found) == ["006:2"]
    assert found.passed == PassedOver(done=1)


@pytest.mark.parametrize(
    ("retry_at", "back"), [(None, False), (BEFORE, True), (NOW, True), (AFTER, False)]
)
def test_an_item_comes_back_at_its_place_once_its_time_has_come(
    retry_at: datetime | None, back: bool
) -> None:
    pm = state(3, items={"006:2": ItemStanding("blocked", retry_at=retry_at)})
    found = plan(numbered(5), None, pm, FIFTH, 9, NOW)
    assert keys(found) == (["006:2"] if back else []) + ["006:4", "006:5"]
    assert found.passed.blocked == (not back)


@given(
    index=st.integers(-2, 12),
    done=st.sets(st.integers(1, 9)),
    held=st.dictionaries(
        st.integers(1, 9).map("006:{}".format),
        st.sampled_from([None, BEFORE, AFTER]).map(lambda at: ItemStanding("blocked", retry_at=at)),
    ),
)
def test_status_and_rotation_have_one_order(
    index: int, done: set[int], held: dict[str, ItemStanding]
) -> None:
    product = book("".join(f"{n}. {'[x] ' if n in done else ''}i\n" for n in range(1, 10)))
    pm = state(index, items=held)
    shown = next_items(product, plan_progress(product, pm, tracked=(6, 7)), pm, NOW)
    turns = plan(product, None, pm, Ratio(0, 1), 3, NOW).slots
    assert [item.number for item in shown] == [slot.number for slot in turns]


def test_a_missing_backlog_waits_for_nothing() -> None:
    assert list(waiting(None, 0, {}, NOW)) == []


# What a step counts


def test_product_progress_moves_with_product_items_alone() -> None:
    product, meta, pm = numbered(9), numbered(9, META), state(3, meta=1, slot=5)
    only_meta = plan(product, meta, pm, FIFTH, 1, NOW)
    assert cursors(only_meta, product, pm, NOW) == {
        "meta_index": 2,
        "slot": 6,
        "updated_at": "2026-02-12T18:00:00Z",
    }
    both = plan(product, meta, pm, FIFTH, 3, NOW)
    assert cursors(both, product, pm, NOW) == {
        "backlog_index": 5,
        "meta_index": 2,
        "slot": 8,
        "updated_at": "2026-02-12T18:00:00Z",
    }


def test_a_first_state_begins_where_the_marks_of_done_end() -> None:
    product = book("1. [x] a\n2. [x] b\n3. c\n")
    first = plan(product, numbered(1, META), None, FIFTH, 1, NOW)
    values = cursors(first, product, None, NOW)
    assert (values["backlog_index"], values["meta_index"], values["slot"]) == (2, 1, 1)


def test_in_the_parallel_shape_the_next_index_moves() -> None:
    pm = state(3, slot=1, shape="parallel")
    values = cursors(plan(numbered(9), None, pm, FIFTH, 2, NOW), numbered(9), pm, NOW)
    assert values["next_backlog_idx"] == 5
    assert "backlog_index" not in values


def test_an_item_that_is_held_further_on_comes_back_after_later_ones_were_taken() -> None:
    product = numbered(4)
    pm = state(0, slot=1, items={"006:2": ItemStanding("blocked", retry_at=AFTER)})
    found = plan(product, None, pm, FIFTH, 2, NOW)
    assert keys(found) == ["006:1", "006:3"]
    later = step(pm, cursors(found, product, pm, NOW))
    assert later.index == 3
    progress = plan_progress(product, later, tracked=())
    assert [blocked.item for blocked in progress.blocked] == ["006:2"]
    again = plan(product, None, later, FIFTH, 2, AFTER)
    assert keys(again) == ["006:2", "006:4"]
    last = step(later, cursors(again, product, later, AFTER))
    assert (last.index, dict(last.items)) == (4, {})
    assert keys(plan(product, None, last, FIFTH, 2, AFTER)) == []


def test_of_the_items_only_what_was_taken_goes() -> None:
    held = {
        "006:1": ItemStanding("blocked", retry_at=BEFORE),
        "006:2": ItemStanding("blocked"),
    }
    pm = state(5, slot=1, items=held)
    found = plan(numbered(9), None, pm, FIFTH, 1, NOW)
    values = cursors(found, numbered(9), pm, NOW)
    assert values["items"] == {"006:2": {"status": "blocked", "ours": 1}}
    assert "backlog_index" not in values  # an index never moves back


def test_a_negative_slot_is_read_as_0_and_cursors_outside_are_reported() -> None:
    pm = state(0, meta=-2, slot=-3)
    assert plan(numbered(1), None, pm, FIFTH, 1, NOW).slots[0].slot == 0
    found = cursor_findings(numbered(3, META), pm)
    assert [finding.code for finding in found] == ["state-cursor-outside"] * 2
    assert "slot -3" in found[0].message
    assert "beyond the 3 items" in cursor_findings(numbered(3, META), state(meta=4))[0].message
    for clean in (cursor_findings(None, state(meta=4)), cursor_findings(None, None)):
        assert clean == ()

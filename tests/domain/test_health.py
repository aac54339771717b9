"""What `doctor` says of a machine, and what it keeps to itself."""

import msgspec
import pytest

from pipeline_cli.domain.health import (
    HIDDEN,
    Privacy,
    environment,
    left_out,
    platform_limits,
    setting_row,
)


class Inner(msgspec.Struct):
    path: str
    count: int = 0


class Outer(msgspec.Struct):
    rows: tuple[Inner, ...]
    names: dict[str, list[str]]
    none: str | None = None


@pytest.mark.parametrize(
    "name", ["notify.command", "hook.token", "api_key", "a.password", "auth.header"]
)
def test_a_setting_that_looks_like_a_secret_keeps_its_value(name: str) -> None:
    assert setting_row(name, "x", "y", "pipeline.toml").value == HIDDEN


def test_other_settings_are_shown() -> None:
    assert setting_row("window_days", 14, 7, "pipeline.toml").value == 14


def test_variables_are_sorted_by_whose_they_are() -> None:
    found = environment(
        ["PIPELINE_WINDOW_DAYS", "PIPELINE_MINE", "PIPELINE_META_RATIO", "PATH"],
        read=["PIPELINE_WINDOW_DAYS", "PIPELINE_META_RATIO"],
        origins=["PIPELINE_WINDOW_DAYS"],
    )
    assert found.used == ("PIPELINE_WINDOW_DAYS",)
    assert found.foreign == ("PIPELINE_MINE",)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("specs/006-backlog.md", "it is a backlog"),
        ("specs/TEMPLATE.md", "specs.ignore has TEMPLATE*"),
        ("specs/notes.md", "it is not named NNN-slug.md, and others are"),
    ],
)
def test_a_file_that_is_no_spec_has_a_reason(path: str, reason: str) -> None:
    assert left_out(path, ["TEMPLATE*"], ["specs/006-backlog.md", None]).reason == reason


def test_the_limits_of_platforms_are_named() -> None:
    assert platform_limits("Linux", ignores_case=False) == ()
    assert "reading only" in platform_limits("Windows", ignores_case=False)[0]
    assert "ignores case" in platform_limits("Darwin", ignores_case=True)[0]


def test_root_and_home_are_taken_out_of_every_text() -> None:
    privacy = Privacy(["/home/ann/code/"], "/home/ann")
    given = Outer((Inner("/home/ann/code/a.md"), Inner("/home/anna/b")), {"/home/ann": ["/x", "~"]})
    assert privacy.struct(given) == Outer(
        (Inner("./a.md"), Inner("/home/anna/b")), {"~": ["/x", "~"]}
    )
    assert privacy.text("see '/home/ann': it is home") == "see '~': it is home"


def test_without_a_place_nothing_is_taken_out() -> None:
    assert Privacy([], None).text("/home/ann") == "/home/ann"

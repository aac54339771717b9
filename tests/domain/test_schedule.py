"""Lines for cron and units for systemd: quoted so that each word arrives as it is."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.schedule import JOBS, crontab, listing, units
from pipeline_cli.errors import UsageError

PROGRAM = ("/usr/local/bin/pipeline",)


def commands(text: str) -> list[str]:
    """Return what cron hands to the shell: five fields gone, and every escaped % as it is."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [line.split(" ", 5)[5].replace("\\%", "%") for line in lines]


@given(path=st.text(st.characters(codec="ascii", min_codepoint=32, exclude_characters="\x7f\\")))
def test_a_shell_gets_the_path_as_it_is(path: str) -> None:
    for job, command in zip(JOBS, commands(crontab(PROGRAM, ("--root", path))), strict=True):
        words = shlex.split(command.removesuffix(" >/dev/null"))
        quiet = [] if job.speaks else ["--quiet"]
        assert words == [*PROGRAM, "--root", path, *quiet, *job.words]


def test_no_bare_percent_is_left_to_cron() -> None:
    text = crontab(PROGRAM, ("--root", "/a%b %c"))
    assert text.count("%") == text.count("\\%") == 2 * len(JOBS)


def test_a_unit_quotes_blanks_quotes_percents_and_dollars() -> None:
    text = units(PROGRAM, ("--root", '/a b%c$d"e\\f'))["pipeline-monitor.service"]
    assert 'ExecStart=/usr/local/bin/pipeline --root "/a b%%c$$d\\"e\\\\f" --quiet monitor' in text


@pytest.mark.parametrize("path", ["/a\nb", "/a\x00", "/a\x7f", "/a\tb"])
def test_a_control_character_is_refused(path: str) -> None:
    for make in (crontab, units):
        with pytest.raises(UsageError, match="control character"):
            make(PROGRAM, ("--root", path))


def test_each_job_has_a_service_and_a_timer_that_catches_up() -> None:
    texts = units(PROGRAM, ())
    assert len(texts) == 2 * len(JOBS)
    for job in JOBS:
        assert "Type=oneshot" in texts[f"pipeline-{job.name}.service"]
        assert "Persistent=true" in texts[f"pipeline-{job.name}.timer"]
    assert all(f"\n# ---- {name}\n{text}" in listing(texts) for name, text in texts.items())


def test_a_job_that_lacks_something_is_a_comment_in_a_crontab_and_no_unit() -> None:
    why = {"meta-check": "there is no list"}
    whole, without = crontab(PROGRAM, ()), crontab(PROGRAM, (), why)
    asked = next(line for line in whole.splitlines() if line.startswith("7 * * * *"))
    assert without == whole.replace(asked, f"# Not yet: there is no list.\n# {asked}")
    left = {name: text for name, text in units(PROGRAM, ()).items() if "meta-check" not in name}
    assert units(PROGRAM, (), why) == left
    assert "# Left out: meta-check: there is no list.\n" in listing(left, why)

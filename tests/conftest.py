"""Rules for the whole suite: no skip where the gate forbids one, and one profile of Hypothesis."""

import os
import shutil
import signal

import pytest
from hypothesis import HealthCheck, settings

#: The gate tries the same examples each time: what it says depends on the change alone. At a
#: desk and in `make sweep` others are tried.
settings.register_profile(
    "suite",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("PIPELINE_TESTS_ALLOW_NO_SKIP") == "1",
)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sweep: a long sweep, run by `make sweep` alone")
    config.addinivalue_line("markers", "needs_strace: needs strace to inject faults")
    # Run in the background of a script, we ignore these, and so would the programs that tests stop.
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, usual)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "sweep" not in (config.option.markexpr or ""):
        swept = [item for item in items if item.get_closest_marker("sweep")]
        config.hook.pytest_deselected(items=swept)
        items[:] = [item for item in items if item not in swept]
    if shutil.which("strace") is None:
        for item in items:
            if item.get_closest_marker("needs_strace"):
                item.add_marker(pytest.mark.skip(reason="strace is not installed"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn any skip into a failure where the gate allows none."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("PIPELINE_TESTS_ALLOW_NO_SKIP") != "1" or reporter is None:
        return
    if reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many cases of the corpus were run; and what a commit did in each state of git."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name in ("corpus", "git-state"):
                terminalreporter.write_line(f"{name}: {value}")

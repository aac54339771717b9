"""`verify` and `update-coverage` by reports as runners write them, and by those of any size."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import CRON_ENVIRONMENT, NOW, Ran, pipeline, snapshot, write

FILES = {
    "code.py": "x = 1\n",
    "tests/test_a.py": "def test_ok():\n    pass\n\n\nclass TestX:\n    def test_many(self):\n"
    "        pass\n",
    "web/health.test.ts": "describe('Health', () => { it('answers at once', () => {}); });\n",
    "pkg/health/a_test.go": "package health\n\nfunc TestOk(t *testing.T) {}\n\n"
    "func TestTable(t *testing.T) {}\n",
    "src/test/java/com/x/FooTest.java": "class FooTest {\n  @Test void answers() {}\n"
    "  @Test void many(int n) {}\n}\n",
}
PYTEST = """<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite \
name="pytest" errors="0" failures="0" skipped="0" tests="4" time="0.034" \
timestamp="2026-02-12T17:00:00.123456+00:00" hostname="ci"><testcase classname="tests.test_a" \
name="test_ok" time="0.001"/><testcase classname="tests.test_a.TestX" name="test_many[1-a]" \
time="0.000"/><testcase classname="tests.test_a.TestX" name="test_many[2-b c]" time="0.000">\
%s</testcase></testsuite></testsuites>"""
JEST = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="jest tests" tests="1" failures="0" errors="0" time="1.2">
  <testsuite name="Health" errors="0" failures="0" skipped="0" timestamp="2026-02-12T17:00:00" \
time="0.9" tests="1">
    <testcase classname="Health answers at once" name="Health answers at once" time="0.003"\
 file="web/health.test.ts">%s
    </testcase>
  </testsuite>
</testsuites>"""
GO = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" failures="0" errors="0" time="0.004">
\t<testsuite tests="4" failures="0" time="0.004000" name="example.com/m/pkg/health" \
timestamp="2026-02-12T17:00:00Z">
\t\t<properties>
\t\t\t<property name="go.version" value="go1.22.1 linux/amd64"></property>
\t\t</properties>
\t\t<testcase classname="example.com/m/pkg/health" name="TestOk" time="0.000000"></testcase>
\t\t<testcase classname="example.com/m/pkg/health" name="TestTable" time="0.000000"></testcase>
\t\t<testcase classname="example.com/m/pkg/health" name="TestTable/a_b" time="0.000000">%s\
</testcase>
\t</testsuite>
</testsuites>"""
SUREFIRE = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:noNamespaceSchemaLocation="https://maven.apache.org/surefire-test-report.xsd" version="3.0.2" \
name="com.x.FooTest" time="0.05" tests="3" errors="0" skipped="0" failures="0">
  <properties><property name="java.version" value="21"/></properties>
  <testcase name="answers" classname="com.x.FooTest" time="0.02"/>
  <testcase name="many(int)[1]" classname="com.x.FooTest" time="0.001"/>
  <testcase name="many(int)[2]" classname="com.x.FooTest" time="0.001">%s</testcase>
</testsuite>"""
#: By runner: its report, with room for how the last case ended, and what is cited of that case,
#: and of one that always passes.
RUNNERS = {
    "pytest": (PYTEST, "tests/test_a.py::TestX::test_many", "tests/test_a.py::test_ok"),
    "jest": (JEST, "web/health.test.ts::answers at once", None),
    "go": (GO, "pkg/health/a_test.go::TestTable", "pkg/health/a_test.go::TestOk"),
    "surefire": (
        SUREFIRE,
        "src/test/java/com/x/FooTest.java::many",
        "src/test/java/com/x/FooTest.java::answers",
    ),
}
ENDS = {"": True, "<skipped/>": True, '<failure message="no"/>': False, "<error/>": False}


def project(root: Path, *cited: str) -> Path:
    bullets = "".join(f"- `{one}`\n" for one in cited)
    header = "---\nstatus: done\nsource: code.py\n---\n"
    coverage = "| Spec | Present | Spec'd | Tested | Notes |\n|---|---|---|---|---|\n"
    coverage += "| 001 A | ? | ? | ? | Pending |\n"
    status = "# Status\n\n## Test Count\n\n- 1 tests\n"
    documents = {"docs/SPEC-COVERAGE.md": coverage, "docs/STATUS.md": status}
    spec = f"{header}# A\n\n## Acceptance Tests\n\n{bullets}"
    return write(root / "work", {**FILES, **documents, "specs/001-a.md": spec})


def outcomes(ran: Ran) -> dict[str, str | None]:
    assert ran.code == 0, ran.err
    found = ran.json["specs"][0]["evidence"]
    return {one["ref"]: one["outcome"] for one in found if one["kind"] == "test"}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("runner", RUNNERS)
def test_the_report_of_each_runner_tells_how_a_cited_test_ended(
    tmp_path: Path, runner: str, end: str
) -> None:
    report, cited, other = RUNNERS[runner]
    root = project(tmp_path, cited, *([other] if other else []))
    write(tmp_path, {"report.xml": report % end})
    ran = pipeline(root, "verify", "--json", "--junit", str(tmp_path / "report.xml"))
    ends_well = "skipped" if "skipped" in end and runner == "jest" else "passed"
    found = outcomes(ran)
    assert found.pop(cited) == (ends_well if ENDS[end] else "failed")
    assert set(found.values()) <= {"passed"}
    assert ran.json["specs"][0]["verdict"] == ("supported" if ENDS[end] else "contradicted")


@pytest.mark.parametrize(
    ("bodies", "tested", "count"),
    [
        ([""], "?", 7),
        (["<testcase classname='tests.test_a' name='test_ok'><skipped/></testcase>"], "?", 1),
        (["<testcase classname='tests.test_a' name='test_ok'/>"], "✓", 1),
        (
            [
                "<testcase classname='tests.test_a' name='test_ok'><failure/></testcase>"
                "<testcase classname='tests.test_a' name='test_ok'/>"
            ],
            "?",
            1,
        ),
        (
            [
                "<testcase classname='tests.test_a' name='test_ok'/>",
                "<testcase classname='tests.test_a' name='test_ok'><error/></testcase>",
            ],
            "?",
            1,
        ),
        (
            [
                "<testcase classname='tests.test_a' name='test_ok'/>",
                "<testcase classname='tests.test_a' name='test_ok'><skipped/></testcase>"
                "<testcase classname='tests.test_other' name='test_no'><failure/></testcase>",
            ],
            "✓",
            2,
        ),
    ],
    ids=["none", "only skips", "passed", "failed and passed", "in two reports", "others failed"],
)
def test_a_mark_is_promoted_by_a_test_that_passed_and_nowhere_failed(
    tmp_path: Path, bodies: list[str], tested: str, count: int
) -> None:
    root = project(tmp_path, "tests/test_a.py::test_ok")
    given: list[str] = []
    for place, body in enumerate(bodies):
        path = f"report-{place}.xml"
        write(tmp_path, {path: f'<testsuite name="pytest">{body}</testsuite>'})
        given += ["--junit", str(tmp_path / path)]
    ran = pipeline(root, "update-coverage", "--json", *given, env={"TEST_COUNT": "7"})
    assert ran.code == 0, ran.err
    row = (root / "docs/SPEC-COVERAGE.md").read_text().split("\n")[2]
    assert row.split("|")[4].strip() == tested
    assert ran.json["status"]["test_count"] == count
    failed = any("failure" in body or "error" in body for body in bodies)
    assert ("failures" in ran.json["why"]) is failed


# A DTD, and what it would expand to

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE t [<!ENTITY a0 "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + ']><testsuite><testcase name="&a11;"/></testsuite>'
)


@pytest.mark.parametrize("words", [("verify",), ("update-coverage",)])
def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path, words: tuple[str, ...]) -> None:
    root = project(tmp_path, "tests/test_a.py::test_ok")
    write(tmp_path, {"report.xml": BOMB})
    before = snapshot(root)
    limit = ("sh", "-c", 'ulimit -v 524288; exec "$@"', "sh")
    given = ("--json", "--junit", str(tmp_path / "report.xml"))
    ran = pipeline(root, *words, *given, prefix=limit)
    assert (ran.code, ran.json["error"]["code"]) == (3, "junit-refused")
    assert snapshot(root) == before


# Reports of any size

#: Write a report: so many cases, how many bytes of output in each, and where it is torn.
WRITE = """
import sys
cases, output, end = map(int, sys.argv[1:])
written = 0
def put(data):
    global written
    if end >= 0:
        data = data[: end - written]
    written += len(data)
    try:
        sys.stdout.buffer.write(data)
    except BrokenPipeError:
        pass
put(b'<testsuites><testsuite name="pytest" timestamp="2026-02-12T17:00:00Z">')
put(b'<testcase classname="tests.test_a" name="test_ok"/>')
line = b'<testcase classname="t.unit.test_%d.TestIt" name="test_%d[%d]" time="0.01"><system-out>%s'
line += b'</system-out></testcase>\\n'
for n in range(1, cases):
    put(line % (n // 100, n % 100, n, b'x' * output))
    if 0 <= end <= written:
        break
else:
    put(b'</testsuite></testsuites>')
"""
#: Run a command on what the first one writes; say its exit code and its peak in MiB on stderr.
#: A process of its own: a child counts what it shared with its parent before it began.
MEASURE = """
import os, subprocess, sys
size = sys.argv[1:4]
made = subprocess.Popen([sys.executable, "-c", os.environ["WRITE"], *size], stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL)
run = subprocess.Popen(sys.argv[4:], stdin=made.stdout)
made.stdout.close()
_, status, usage = os.wait4(run.pid, 0)
made.kill()
made.wait()
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss // 1024, file=sys.stderr)
"""


def measured(
    root: Path, cases: int, *words: str, output: int = 150, end: int = -1
) -> tuple[Ran, int]:
    """Return what a command answers to a report on its stdin, and its peak in MiB."""
    size = [str(number) for number in (cases, output, end)]
    command = [sys.executable, "-m", "pipeline_cli", "--root", str(root), "--now", NOW]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *size, *command, *words, "--json", "--junit", "-"],
        env={**CRON_ENVIRONMENT, "WRITE": WRITE},
        capture_output=True,
        timeout=300,
        check=False,
    )
    *said, figures = done.stderr.decode().strip().split("\n")
    code, peak = map(int, figures.split())
    return Ran(code, done.stdout, "\n".join(said)), peak


def check_large(root: Path, cases: int, *, output: int, most: int) -> None:
    """See that a report of many cases is read whole, counted, and held in little memory."""
    _, start = measured(root, 1, "verify")
    ran, peak = measured(root, cases, "verify", output=output)
    assert outcomes(ran) == {"tests/test_a.py::test_ok": "passed"}
    assert peak - start <= most
    ran, peak = measured(root, cases, "update-coverage", output=output)
    assert (ran.code, ran.json["status"]["test_count"]) == (0, cases)
    assert f"- {cases} tests" in (root / "docs/STATUS.md").read_text()
    assert peak - start <= most


def check_torn(root: Path, cases: int, end: int, *, most: int) -> None:
    before = snapshot(root)
    _, start = measured(root, 1, "verify")
    for words in (("verify",), ("update-coverage",)):
        ran, peak = measured(root, cases, *words, output=200, end=end)
        assert (ran.code, ran.json["error"]["code"]) == (3, "junit-invalid")
        assert peak - start <= most
    assert snapshot(root) == before


def test_many_cases_are_counted_and_only_those_that_are_cited_are_kept(tmp_path: Path) -> None:
    check_large(project(tmp_path, "tests/test_a.py::test_ok"), 60_000, output=150, most=12)


@pytest.mark.parametrize("end", [70, 5_000_000, 14_000_000])
def test_a_torn_report_of_many_cases_counts_for_nothing(tmp_path: Path, end: int) -> None:
    check_torn(project(tmp_path, "tests/test_a.py::test_ok"), 60_000, end, most=12)


@pytest.mark.sweep
def test_a_million_cases_in_three_hundred_megabytes_take_no_more_memory(tmp_path: Path) -> None:
    root = project(tmp_path, "tests/test_a.py::test_ok")
    check_large(root, 1_000_000, output=200, most=64)


@pytest.mark.sweep
@pytest.mark.parametrize("end", [30_000_000, 150_000_000, 299_000_000])
def test_a_torn_report_of_a_million_cases_counts_for_nothing(tmp_path: Path, end: int) -> None:
    check_torn(project(tmp_path, "tests/test_a.py::test_ok"), 1_000_000, end, most=64)

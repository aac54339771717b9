"""JUnit XML: every dialect, and everything that is no whole report."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.asked_tests import AskedTests
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.reports import Case, Report, Reports
from pipeline_cli.errors import InputError
from pipeline_cli.formats import junit

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)


def read(text: str | bytes, now: datetime = NOW) -> tuple[Report, tuple[Finding, ...]]:
    tally = Tally()
    data = text.encode() if isinstance(text, str) else text
    return junit.parse("junit.xml", [data], now=now, tally=tally), tally.result()


def outcomes(text: str) -> list[tuple[str, str]]:
    return [(case.name, case.outcome) for case in read(text)[0].cases]


def refusal(data: bytes | list[bytes]) -> InputError:
    blocks = [data] if isinstance(data, bytes) else data
    with pytest.raises(InputError) as caught:
        junit.parse("junit.xml", blocks, now=NOW, tally=Tally())
    assert caught.value.path == "junit.xml"
    assert caught.value.hint
    return caught.value


def test_a_pytest_report_is_read() -> None:
    report, findings = read(
        '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests">'
        '<testsuite name="pytest" errors="0" failures="1" timestamp="2026-02-12T17:00:00.5+01:00">'
        '<testcase classname="tests.test_health.TestX" name="test_a[1-b]" time="NaN"/>'
        '<testcase classname="tests.test_health" name="test_b" time="0.1">'
        '<failure message="assert 1 == 2">def test_b()\n  &lt;x&gt;</failure></testcase>'
        '<testcase classname="tests.test_health" name="test_c"><skipped/></testcase>'
        '<testcase classname="" name="tests.test_broken"><error/></testcase>'
        "</testsuite></testsuites>"
    )
    assert report.cases == (
        Case("pytest", "tests.test_health.TestX", "test_a[1-b]", None, "passed"),
        Case("pytest", "tests.test_health", "test_b", None, "failed"),
        Case("pytest", "tests.test_health", "test_c", None, "skipped"),
        Case("pytest", "", "tests.test_broken", None, "error"),
    )
    assert report.time == datetime(2026, 2, 12, 16, 0, 0, 500000, tzinfo=UTC)
    assert findings == ()


def test_a_file_is_that_of_the_case_or_of_the_suites_around_it() -> None:
    report, _ = read(
        '<testsuite name="all"><testsuite name="A" file="a.test.ts"><testsuite name="inner">'
        '<testcase name="x"/><testcase name="y" file="b.test.ts"/></testsuite></testsuite>'
        '<testcase name="z"/></testsuite>'
    )
    assert [(case.suite, case.file) for case in report.cases] == [
        ("inner", "a.test.ts"),
        ("inner", "b.test.ts"),
        ("all", None),
    ]


def test_the_newest_stamp_of_the_suites_counts() -> None:
    report, _ = read(
        '<testsuites><testsuite timestamp="2026-02-12T10:00:00Z"><testcase name="a"/></testsuite>'
        '<testsuite timestamp="2026-02-12T12:00:00Z"/>'
        '<testsuite timestamp="2026-02-12T11:00:00Z"/></testsuites>'
    )
    assert report.time == datetime(2026, 2, 12, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("inside", "outcome"),
    [
        ("<system-out>ERROR</system-out>", "passed"),
        ("<properties><property name='a' value='failure'/></properties>", "passed"),
        ("<skipped/><failure/>", "failed"),
        ("<failure/><error/>", "error"),
        ("<error/><failure/>", "error"),
        ("<flakyFailure/>", "failed"),
        ("<rerunError/>", "error"),
        ("<properties><failure/></properties>", "passed"),
        ("<x:failure xmlns:x='y'/>", "failed"),
    ],
)
def test_what_a_case_holds_says_how_it_ended(inside: str, outcome: str) -> None:
    assert outcomes(f'<testsuite><testcase name="a">{inside}</testcase></testsuite>') == [
        ("a", outcome)
    ]


@pytest.mark.parametrize(
    ("attribute", "outcome"),
    [
        ('status="run" result="completed"', "passed"),
        ('status="notrun"', "skipped"),
        ('status="run" result="skipped"', "skipped"),
        ('status="Failed"', "failed"),
        ('status="undefined"', "skipped"),
        ('status="broken"', "error"),
    ],
)
def test_an_attribute_says_how_a_case_ended(attribute: str, outcome: str) -> None:
    assert outcomes(f'<testsuite><testcase name="a" {attribute}/></testsuite>') == [("a", outcome)]


def test_a_stamp_without_a_zone_is_utc_and_said_once() -> None:
    suite = '<testsuite timestamp="2026-02-12T10:00:00"><testcase name="a"/></testsuite>'
    report, findings = read(f"<testsuites>{suite}{suite}</testsuites>")
    assert report.time == datetime(2026, 2, 12, 10, tzinfo=UTC)
    assert [finding.code for finding in findings] == ["junit-naive-stamp"]


def test_a_stamp_that_is_none_or_lies_ahead_counts_nowhere() -> None:
    report, findings = read(
        '<testsuites>\n<testsuite timestamp="yesterday"><testcase name="a"/></testsuite>\n'
        '<testsuite timestamp="2026-02-12T18:06:00Z"/></testsuites>'
    )
    assert report.time is None
    assert [(finding.code, finding.line) for finding in findings] == [
        ("junit-stamp", 2),
        ("junit-future-stamp", 3),
    ]


def test_what_is_odd_in_a_whole_report_is_said() -> None:
    report, findings = read(
        '<testsuite name="s">\n<error/>\n<skipped/><testcase name=" "/></testsuite>'
    )
    assert len(report.cases) == 1
    assert [(finding.code, finding.line) for finding in findings] == [
        ("junit-suite-error", 2),
        ("junit-case-unnamed", 3),
    ]


@pytest.mark.parametrize("text", ["<testsuites/>", "<testsuite tests='0'></testsuite>"])
def test_a_report_without_a_case_is_said(text: str) -> None:
    report, findings = read(text)
    assert report.cases == ()
    assert [finding.code for finding in findings] == ["junit-no-cases"]


def test_a_case_outside_of_a_suite_is_read() -> None:
    assert read('<testsuites name="n"><testcase name="a"/></testsuites>')[0].cases == (
        Case("n", "", "a", None, "passed"),
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_a_byte_order_mark_is_no_trouble(encoding: str) -> None:
    data = '<testsuite><testcase name="ä"/></testsuite>'.encode(encoding)
    assert read(data)[0].cases[0].name == "ä"


def test_a_declared_encoding_counts() -> None:
    text = (
        '<?xml version="1.0" encoding="windows-1252"?><testsuite><testcase name="ä"/></testsuite>'
    )
    assert read(text.encode("cp1252"))[0].cases[0].name == "ä"


@pytest.mark.parametrize("encoding", ["no-such", "utf-7", "shift_jis", "base64"])
def test_an_encoding_that_nobody_knows_is_an_error(encoding: str) -> None:
    error = refusal(f'<?xml version="1.0" encoding="{encoding}"?><testsuite/>'.encode())
    assert (error.code, error.line) == ("junit-invalid", 1)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 1),
        (b'{"tests": []}', 1),
        (b'<testsuite>\n<testcase name="a"/>\n', 3),
        (b'<testsuite>\n<testcase name="a', 2),
        (b'<testsuite>\n<testcase name="a"/></testsuites>', 2),
        (b"<testsuite/><testsuite/>", 1),
        (b"<testsuite>\n\xff</testsuite>", 2),
        (b"<testsuite>\n&bomb;</testsuite>", 2),
        (b"<testsuite>\x00</testsuite>", 1),
    ],
)
def test_a_torn_or_broken_report_is_an_error_with_its_line(data: bytes, line: int) -> None:
    error = refusal(data)
    assert (error.code, error.line) == ("junit-invalid", line)


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE testsuite>",
        '<!DOCTYPE testsuite SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE t [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE t [<!ENTITY % p SYSTEM "http://127.0.0.1/x.dtd"> %p;]>',
    ],
)
def test_a_document_type_is_refused(doctype: str) -> None:
    error = refusal(f'{doctype}<testsuite><testcase name="a"/></testsuite>'.encode())
    assert error.code == "junit-refused"
    assert error.line == 1


@pytest.mark.parametrize("root", ["html", "coverage", "testcase", "assembly"])
def test_other_xml_is_no_report(root: str) -> None:
    error = refusal(f'\n<{root}><testcase name="a"/></{root}>'.encode())
    assert (error.code, error.line) == ("junit-not-report", 2)


def test_deep_nesting_is_refused() -> None:
    assert refusal(b"<testsuite>" * 65).code == "junit-refused"
    assert read(b"<testsuite>" * 64 + b"</testsuite>" * 64)[0].cases == ()


def test_too_many_cases_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit, "MAX_CASES", 3)
    assert len(read(b"<testsuite>" + b'<testcase name="a"/>' * 3 + b"</testsuite>")[0].cases) == 3
    assert refusal(b"<testsuite>" + b'<testcase name="a"/>' * 4).code == "junit-refused"


def test_too_many_cases_that_are_asked_about_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit, "MAX_KEPT", 3)
    assert refusal(b"<testsuite>" + b'<testcase name="a"/>' * 4).code == "junit-refused"
    four = b"<testsuite>" + b'<testcase name="a" file="b.py"/>' * 4 + b"</testsuite>"
    asked = AskedTests([("c.py", ())])
    report = junit.parse("junit.xml", [four], now=NOW, tally=Tally(), asked=asked)
    assert (report.cases, Reports([report]).count) == ((), 1)


def test_too_much_text_in_names_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit, "MAX_NAMES", 10)
    assert refusal(b'<testsuite><testcase classname="abcdef" name="abcdef"/>').code == (
        "junit-refused"
    )


@pytest.mark.parametrize("begin", [b'<testsuite><testcase name="', b"<testsuite><!-- "])
def test_a_token_without_an_end_is_refused_before_it_fills_the_memory(begin: bytes) -> None:
    fed = 0

    def endless() -> Iterator[bytes]:
        nonlocal fed
        yield begin
        while fed < 100 << 20:
            fed += 1 << 20
            yield b"x" * (1 << 20)

    with pytest.raises(InputError, match="longer than 8 MiB"):
        junit.parse("junit.xml", endless(), now=NOW, tally=Tally())
    assert fed <= 10 << 20


@pytest.mark.parametrize("inside", [b"%s", b"<![CDATA[%s]]>"])
def test_long_output_of_a_test_is_passed_over(inside: bytes) -> None:
    before, after = (b'<testsuite><testcase name="a"><system-out>' + inside).split(b"%s")
    end = after + b'</system-out></testcase><testcase name="b"><failure/></testcase></testsuite>'
    blocks = (block for part in ([before], [b"line\n" * 50_000] * 100, [end]) for block in part)
    report = junit.parse("junit.xml", blocks, now=NOW, tally=Tally())
    assert [case.outcome for case in report.cases] == ["passed", "failed"]


@given(st.binary(max_size=200), st.integers(0, 120))
def test_no_bytes_do_more_than_fail(junk: bytes, at: int) -> None:
    whole = b'<testsuite timestamp="2026-02-12T10:00:00Z"><testcase name="a"/></testsuite>'
    for data in (junk, whole[:at] + junk + whole[at:]):
        with contextlib.suppress(InputError):
            read(data)


@given(st.integers(1, 73))
def test_where_blocks_end_makes_no_difference(cut: int) -> None:
    whole = '<testsuite name="ä"><testcase name="ö"/><testcase name="b"/></testsuite>'.encode()
    report = junit.parse("junit.xml", [whole[:cut], whole[cut:]], now=NOW, tally=Tally())
    assert report == read(whole)[0]
    with pytest.raises(InputError):
        read(whole[:cut])

"""Source files: bytes in, a value that keeps every byte out."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline_cli.domain.documents import SourceFile, decode, digest_of, foreign_encoding
from pipeline_cli.domain.findings import Finding

CODECS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
plain = st.text(st.characters(min_codepoint=9, max_codepoint=126), min_size=2, max_size=40)


def source(data: bytes) -> SourceFile:
    found = decode("docs/a.md", data, mtime_ns=7)
    assert isinstance(found, SourceFile)
    return found


@given(st.binary(max_size=60) | st.text(max_size=30).map(str.encode))
def test_a_source_keeps_every_byte(data: bytes) -> None:
    assume(foreign_encoding(data) is None)
    assert source(data).data == data


@given(st.text(max_size=30))
def test_utf8_is_read_without_a_finding(text: str) -> None:
    data = text.encode()
    assume(foreign_encoding(data) is None)
    assert source(data) == SourceFile("docs/a.md", text, 7)


@given(st.binary(max_size=60))
def test_bytes_that_are_not_utf8_are_told_once(data: bytes) -> None:
    found = decode("docs/a.md", b"abc" + data + b"\xff")
    assume(isinstance(found, SourceFile))
    assert [finding.code for finding in getattr(found, "findings", ())] == ["not-utf8"]


def test_a_byte_order_mark_stays_in_the_text() -> None:
    found = source(b"\xef\xbb\xbfa\r\n")
    assert (found.text, found.findings, found.is_utf8) == ("\ufeffa\r\n", (), True)


def test_a_file_that_is_not_utf8_is_kept_with_its_first_bad_byte_told() -> None:
    found = source(b"a\r\nb\n\xe9\xff\n")
    (finding,) = found.findings
    assert found.text == "a\r\nb\n\udce9\udcff\n"
    assert (finding.code, finding.severity) == ("not-utf8", "warning")
    assert (finding.path, finding.line) == ("docs/a.md", 3)
    assert "0xe9" in finding.message


@pytest.mark.parametrize(("data", "line"), [(b"\xff", 1), (b"\n\n\xff\n\xff", 3), (b"a\rb\xff", 1)])
def test_the_finding_names_the_line_of_the_first_bad_byte(data: bytes, line: int) -> None:
    assert [finding.line for finding in source(data).findings] == [line]


@pytest.mark.parametrize(("data", "may"), [(b"a", True), (b"", True), (b"a\xff", False)])
def test_a_file_that_is_not_utf8_may_not_be_rewritten(data: bytes, may: bool) -> None:
    assert source(data).is_utf8 is may


def test_another_finding_forbids_no_rewrite() -> None:
    finding = Finding("other", "warning", "words")
    assert SourceFile("a.md", "", findings=(finding,)).is_utf8


@pytest.mark.parametrize("codec", CODECS)
@given(text=plain)
def test_text_in_another_encoding_is_known_by_its_zeros(codec: str, text: str) -> None:
    assert foreign_encoding(text.encode(codec)) == codec[:6].upper()


@pytest.mark.parametrize("codec", CODECS)
@given(text=st.text(max_size=20))
def test_text_in_another_encoding_is_known_by_its_mark(codec: str, text: str) -> None:
    assume(codec != "utf-16-le" or not text.startswith("\0"))
    assert foreign_encoding(f"\ufeff{text}".encode(codec)) == codec[:6].upper()


@pytest.mark.parametrize("codec", CODECS)
def test_some_characters_beyond_latin_hide_no_encoding(codec: str) -> None:
    assert foreign_encoding("# Titel — geprüft ✓ und fertig\n".encode(codec)) is not None


@pytest.mark.parametrize("codec", CODECS)
def test_the_beginning_of_a_long_file_tells_its_encoding(codec: str) -> None:
    data = ("a line of text\n" * 400 + "✓" * 20_000).encode(codec)
    assert foreign_encoding(data) == codec[:6].upper()


@given(st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=40))
def test_utf8_without_zeros_is_no_other_encoding(text: str) -> None:
    assert foreign_encoding(text.encode()) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"a\0b",
        b"text with one \0 zero in it",
        b"\0" * 40,
        b"ab\0\0" * 10,
        b"a\0bc" * 10,
        b"a\0b\0abcd" * 10,
        b"\xef\xbb\xbfa",
        b"\xff",
        b"\xfea",
    ],
)
def test_zeros_without_the_pattern_are_no_other_encoding(data: bytes) -> None:
    assert foreign_encoding(data) is None


@pytest.mark.parametrize("codec", ["utf-16", "utf-32", *CODECS])
def test_a_file_in_another_encoding_reads_as_absent(codec: str) -> None:
    finding = decode("docs/a.md", "# Title\n".encode(codec))
    assert isinstance(finding, Finding)
    assert (finding.code, finding.severity) == ("not-text", "error")
    assert (finding.path, finding.line) == ("docs/a.md", None)
    assert codec[:6].upper() in finding.message
    assert finding.hint == f"convert it: iconv -f {codec[:6].upper()} -t UTF-8 docs/a.md"


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_digests_are_equal_exactly_where_the_bytes_are(one: bytes, other: bytes) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)


def test_the_digest_of_a_source_is_that_of_its_bytes() -> None:
    data = b"\xef\xbb\xbfa\xff\r\n"
    assert source(data).digest == digest_of(data) != digest_of(b"a\r\n")

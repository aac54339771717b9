"""JSON documents: an object with every key kept, its fields by type, and how it is written."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.formats.jsonio import (
    MAX_DEPTH,
    MAX_INTEGER,
    Fields,
    JsonError,
    dumps,
    loads,
    read_object,
    whole_number,
)

PATH = "api/logs/state.json"


def silent(code: str, message: str) -> None:
    raise AssertionError(f"{code}: {message}")


def read(text: str) -> tuple[dict[str, Any] | None, tuple[Finding, ...]]:
    tally = Tally()
    value = read_object(SourceFile(PATH, text), tally)
    return value, tally.result()


texts = st.text(st.characters(exclude_categories=()), max_size=6)
floats = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, json_values, max_size=4)


# --- loads -----------------------------------------------------------------------------------


def heard(text: str) -> tuple[Any, list[tuple[str, str]]]:
    reports: list[tuple[str, str]] = []
    value = loads(text, lambda code, message: reports.append((code, message)))
    return value, reports


@given(json_values, st.booleans(), st.sampled_from((None, 1)))
def test_json_is_read_as_python_reads_it(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert loads(text, silent) == json.loads(text)


def refusal(text: str) -> JsonError | None:
    try:
        loads(text, lambda code, message: None)
    except JsonError as error:
        return error
    return None


@given(st.text('{}[]":,0e-.nul\\ \t\n', max_size=20) | st.text(max_size=20))
def test_any_text_is_read_or_refused_with_a_line(text: str) -> None:
    error = refusal(text)
    if error is not None:
        assert 1 <= error.line <= text.count("\n") + 1
        assert error.message == str(error) != ""


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_a_constant_that_is_no_json_is_null_with_a_report(name: str) -> None:
    value, ((code, message),) = heard(f'{{"a": [{name}], "b": 1}}')
    assert (value, code) == ({"a": [None], "b": 1}, "not-finite")
    assert message.startswith(f"{name} ")


@pytest.mark.parametrize(
    ("text", "value", "keys"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}, ["a"]),
        ('{"a": 1, "b": 0, "a": 2, "a": 3}', {"a": 3, "b": 0}, ["a", "a"]),
        ('{"x": {"a": 1, "a": 2}}', {"x": {"a": 2}}, ["a"]),
        ('{"a": 1, "x": {"a": 2}}', {"a": 1, "x": {"a": 2}}, []),
    ],
)
def test_of_a_repeated_key_the_last_one_stands(text: str, value: Any, keys: list[str]) -> None:
    found, reports = heard(text)
    assert found == value
    assert [code for code, _ in reports] == ["duplicate-key"] * len(keys)
    assert all(repr(key) in message for key, (_, message) in zip(keys, reports, strict=True))


@pytest.mark.parametrize(
    ("text", "line"),
    [("", 1), ("{", 1), ('{"a": 1,\n"b": }', 2), ("{}\n{}", 2), ("{'a': 1}", 1), ('{"a": 01}', 1)],
)
def test_invalid_json_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(JsonError) as caught:
        loads(text, silent)
    assert caught.value.line == line


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "text",
    [
        deep(MAX_DEPTH + 1),
        '{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1),
        "[" * 1_000_000,
        '["]",' * (MAX_DEPTH + 1) + "1" + "]" * (MAX_DEPTH + 1),
        '["\\"]",' * (MAX_DEPTH + 1) + "1" + "]" * (MAX_DEPTH + 1),
    ],
)
def test_json_that_is_too_deep_is_refused(text: str) -> None:
    with pytest.raises(JsonError, match="deeper than 200 levels"):
        loads(text, silent)


@pytest.mark.parametrize(
    "text",
    [
        deep(MAX_DEPTH),
        f"[{deep(MAX_DEPTH - 1)}, []]",
        "[" + "[],{}," * 300 + "0]",
        json.dumps("[" * 1_000),
        json.dumps(['"[', "\\[", "{"] * 300),
    ],
)
def test_json_that_is_only_long_is_read(text: str) -> None:
    assert loads(text, silent) == json.loads(text)


def test_a_number_of_too_many_digits_is_refused() -> None:
    with pytest.raises(JsonError, match="too long"):
        loads("9" * 5_000, silent)


def test_a_huge_number_is_read_exactly() -> None:
    assert loads(str(10**300 + 1), silent) == 10**300 + 1


# --- read_object -----------------------------------------------------------------------------


@pytest.mark.parametrize("text", ['{"a": 1}', '\ufeff{"a": 1}', ' \r\n{"a": 1}\r\n'])
def test_an_object_is_read(text: str) -> None:
    assert read(text) == ({"a": 1}, ())


@pytest.mark.parametrize(
    ("text", "line"), [("", 1), ("{", 1), ('{\n"a": b}', 2), ("\ufeff\n\nx", 3), ("[" * 999, 1)]
)
def test_a_file_that_is_no_json_reads_as_absent(text: str, line: int) -> None:
    value, (finding,) = read(text)
    assert value is None
    assert (finding.code, finding.severity) == ("json-invalid", "error")
    assert (finding.path, finding.line) == (PATH, line)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ('{\n "a": "b', "Unterminated string starting at column 7"),
        ('{"a": "\t"}', "Invalid control character at column 8"),
        ('{"a" 1}', "Expecting ':' delimiter"),
    ],
)
def test_what_is_wrong_with_a_file_is_a_whole_sentence(text: str, ends: str) -> None:
    _, (finding,) = read(text)
    assert finding.message.endswith(f": {ends}")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[]", "a list"),
        ("null", "null"),
        ("true", "the boolean true"),
        ('"x"', "the text 'x'"),
        ("5", "a number"),
        ("1.5", "the number 1.5"),
        ("1" * 4_000, "a number"),
    ],
)
def test_a_file_that_holds_no_object_reads_as_absent(text: str, kind: str) -> None:
    value, (finding,) = read(text)
    assert value is None
    assert (finding.code, finding.severity) == ("json-not-object", "error")
    assert (finding.path, finding.line) == (PATH, 1)
    assert f"holds {kind} where" in finding.message


@pytest.mark.parametrize(
    ("text", "code"),
    [('{"a": 1, "a": 2}', "json-duplicate-key"), ('{"a": NaN}', "json-not-finite")],
)
def test_what_is_odd_in_an_object_is_told_and_the_object_read(text: str, code: str) -> None:
    value, (finding,) = read(text)
    assert value is not None
    assert (finding.code, finding.severity, finding.path) == (code, "warning", PATH)


def test_bytes_that_are_not_utf8_are_kept() -> None:
    text = b'{"a": "\xff"}'.decode("utf-8", "surrogateescape")
    assert read(text) == ({"a": "\udcff"}, ())


# --- dumps -----------------------------------------------------------------------------------


def pairs_up(value: Any) -> bool:
    """Whether two lone surrogates side by side become one character, as JSON would have it."""
    return bool(json.loads(json.dumps(value)) != value)


@given(objects)
def test_an_object_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    assume(not pairs_up(value))
    found, findings = read(dumps(value))
    assert (found, findings) == (value, ())


@given(objects)
def test_what_is_written_is_utf8_with_a_final_newline(value: dict[str, Any]) -> None:
    text = dumps(value)
    assert text.encode("utf-8").endswith(b"}\n")


@given(objects)
def test_a_file_of_ours_stays_as_it_is(value: dict[str, Any]) -> None:
    assume(not pairs_up(value))
    text = dumps(value)
    found, _ = read(text)
    assert found is not None
    assert dumps(found) == text


@given(objects)
def test_keys_keep_their_order(value: dict[str, Any]) -> None:
    found, _ = read(dumps(value))
    assert found is not None
    assert len(found) <= len(value)
    assert [key for key in found if key in value] == [key for key in value if key in found]


def test_unknown_keys_stay_with_their_values() -> None:
    text = '{"z": {"y": [1, {"x": null}]}, "a": 1.50, "m": "é"}'
    found, _ = read(text)
    assert found is not None
    assert list(found) == ["z", "a", "m"]
    assert json.loads(dumps(found)) == json.loads(text)


def test_a_file_has_an_indent_of_two_and_plain_characters() -> None:
    assert dumps({"b": ["é\u2028"], "a": {}}) == '{\n  "b": [\n    "é\u2028"\n  ],\n  "a": {}\n}\n'


@pytest.mark.parametrize("code", [0xD800, 0xDFFF, 0xDCFF])
def test_a_lone_surrogate_is_escaped(code: int) -> None:
    lone, escaped = chr(code), f"\\u{code:04x}"
    assert dumps({lone: [f"a{lone}"]}) == f'{{\n  "{escaped}": [\n    "a{escaped}"\n  ]\n}}\n'


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "-1e999", "1e-999"])
def test_what_was_read_can_be_written(number: str) -> None:
    found, _ = read(f'{{"further": {number}}}')
    assert found is not None
    assert list(json.loads(dumps(found))) == ["further"]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_never_written(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        dumps({"a": number})


# --- fields ----------------------------------------------------------------------------------

VALUES: dict[str, Any] = {
    "text": "x",
    "empty": "",
    "true": True,
    "false": False,
    "zero": 0,
    "number": 7,
    "float": 1.5,
    "null": None,
    "list": ["a", 1, {"b": 2}, None, {}],
    "none": [],
    "object": {"a": 1},
}
READERS: dict[str, tuple[Callable[[Fields, str], Any], Any]] = {
    "text": (Fields.text, None),
    "boolean": (Fields.boolean, None),
    "objects": (Fields.objects, []),
    "texts": (Fields.texts, ()),
    "mapping": (Fields.mapping, {}),
    "whole": (Fields.whole, None),
}


def fields() -> tuple[Fields, Tally]:
    tally = Tally()
    return Fields(VALUES, PATH, "issue 3", tally), tally


@pytest.mark.parametrize(
    ("reader", "key", "value"),
    [
        ("text", "text", "x"),
        ("text", "empty", ""),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("objects", "none", []),
        ("texts", "none", ()),
        ("mapping", "object", {"a": 1}),
        ("whole", "number", 7),
        ("whole", "zero", 0),
        ("whole", "float", 1),
    ],
)
def test_a_field_of_the_right_type_is_read(reader: str, key: str, value: Any) -> None:
    found, tally = fields()
    answer = READERS[reader][0](found, key)
    assert (answer, type(answer)) == (value, type(value))
    assert tally.result() == ()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("key", ["null", "absent"])
def test_a_field_that_is_missing_is_no_fault(reader: str, key: str) -> None:
    found, tally = fields()
    read_field, missing = READERS[reader]
    assert read_field(found, key) == missing
    assert tally.result() == ()


@pytest.mark.parametrize(
    ("reader", "key", "kind"),
    [
        ("text", "number", "a number"),
        ("text", "list", "a list"),
        ("text", "false", "the boolean false"),
        ("text", "float", "the number 1.5"),
        ("boolean", "zero", "a number"),
        ("boolean", "text", "the text 'x'"),
        ("objects", "object", "an object"),
        ("objects", "text", "the text 'x'"),
        ("texts", "text", "the text 'x'"),
        ("mapping", "list", "a list"),
        ("whole", "true", "the boolean true"),
        ("whole", "text", "the text 'x'"),
        ("whole", "list", "a list"),
        ("whole", "object", "an object"),
    ],
)
def test_a_field_of_the_wrong_type_is_missing_with_a_finding(
    reader: str, key: str, kind: str
) -> None:
    found, tally = fields()
    read_field, missing = READERS[reader]
    assert read_field(found, key) == missing
    (finding,) = tally.result()
    assert (finding.code, finding.severity, finding.path) == ("json-field-type", "warning", PATH)
    assert finding.message.startswith(f"issue 3: {key} is {kind}")


def test_objects_are_kept_and_other_entries_told() -> None:
    found, tally = fields()
    assert found.objects("list") == [{"b": 2}, {}]
    kinds = [finding.message.partition(" is ")[2] for finding in tally]
    assert kinds == [
        "the text 'a', not an object",
        "a number, not an object",
        "null, not an object",
    ]


def test_texts_are_kept_and_other_entries_told() -> None:
    found, tally = fields()
    assert found.texts("list") == ("a",)
    kinds = [finding.message.partition(" is ")[2] for finding in tally]
    assert kinds == [
        "a number, not text",
        "an object, not text",
        "null, not text",
        "an object, not text",
    ]
    assert {finding.code for finding in tally} == {"json-entry-type"}


def test_a_long_text_of_the_wrong_type_is_cut_in_the_finding() -> None:
    tally = Tally()
    Fields({"a": "x" * 100}, PATH, "it", tally).boolean("a")
    (finding,) = tally.result()
    assert "x" * 40 in finding.message
    assert "x" * 41 not in finding.message


def test_a_report_names_the_object_and_the_file() -> None:
    found, tally = fields()
    found.report("odd", "words")
    (finding,) = tally.result()
    assert (finding.code, finding.message, finding.path) == ("json-odd", "issue 3: words", PATH)


# --- whole numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        (-5, -5),
        (5.9, 5),
        (-5.9, -5),
        (5e3, 5000),
        ("5", 5),
        (" 5 ", 5),
        ("-5", -5),
        ("5.9", 5),
        ("1e3", 1000),
        ("007", 7),
        (MAX_INTEGER, MAX_INTEGER),
        (-MAX_INTEGER, -MAX_INTEGER),
        (str(MAX_INTEGER), MAX_INTEGER),
    ],
)
def test_a_whole_number_is_read_from_numbers_and_text(value: object, number: int) -> None:
    answer = whole_number(value)
    assert answer == number
    assert type(answer) is int


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, None, [], [5], {}, "", "five", "5 items", "0x10", "true"),
        *(float("inf"), float("-inf"), float("nan"), "inf", "-Infinity", "nan", "1e999"),
        *(MAX_INTEGER + 1, -MAX_INTEGER - 1, 1e19, str(MAX_INTEGER + 1), 10**400, "9" * 5_000),
    ],
)
def test_what_is_no_whole_number_of_64_bits_is_none(value: object) -> None:
    assert whole_number(value) is None


@given(st.integers(-MAX_INTEGER, MAX_INTEGER))
def test_a_whole_number_is_the_same_as_text(number: int) -> None:
    assert whole_number(number) == whole_number(str(number)) == number


@given(json_values)
def test_a_whole_number_is_within_64_bits_or_none(value: object) -> None:
    number = whole_number(value)
    assert number is None or abs(number) <= MAX_INTEGER

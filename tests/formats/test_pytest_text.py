"""What pytest prints when it only collects: the form in which it tells a count for each file."""

import pytest

from pipeline_cli.formats.pytest_text import collected, said_last

FILES = "tests/test_a.py: 2\ntests/test b.py: 10\n"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f"{FILES}\n", 12),
        ("README.md: 1\n\n", 1),
        (f"hello from a conftest: yes\n\n{FILES}\n", 12),
        (f"{FILES}\n== warnings summary ==\ntests/test_x.py: 7\n\n", 12),
        (f"{FILES}\n74 tests collected in 0.10s\n", 74),
        (FILES, None),  # torn
        (f"{FILES}noise\n\n", None),
        (f"{FILES}tests/test_a.py: 3\n\n", None),
        ("loaded: 3\n\n", None),
    ],
)
def test_the_counts_of_files_are_added_up(text: str, count: int | None) -> None:
    assert collected(text) == count


def test_a_count_of_many_files_is_whole_and_a_reason_is_the_last() -> None:
    many = "".join(f"tests/of/a/long/folder/test_{number}.py: 2\n" for number in range(5_000))
    assert collected(f"{many}\n") == 10_000
    assert said_last(f"E  old\n{many}no more") == (
        "tests/of/a/long/folder/test_4998.py: 2 | tests/of/a/long/folder/test_4999.py: 2 | no more"
    )

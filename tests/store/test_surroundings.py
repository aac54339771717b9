"""The environment of a command that must not be the user's."""

import os

import pytest

from pipeline_cli.store.surroundings import own_environment


def test_the_users_environment_is_hidden_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("COLUMNS", "120")
    before = dict(os.environ)
    with own_environment({"GIT_AUTHOR_DATE": "0 +0000"}):
        assert os.environ["PATH"] == before["PATH"]
        assert os.environ["COLUMNS"] == "120"
        assert os.environ["GIT_AUTHOR_DATE"] == "0 +0000"
        assert not {"HOME", "CI"} & os.environ.keys()
    assert dict(os.environ) == before


def test_it_comes_back_after_trouble() -> None:
    before = dict(os.environ)
    with pytest.raises(ValueError, match="trouble"), own_environment({"CI": "true"}):
        raise ValueError("trouble")
    assert dict(os.environ) == before

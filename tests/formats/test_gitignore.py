from pipeline_cli.formats.gitignore import submodules


def test_submodules_are_read_from_their_file() -> None:
    text = '[submodule "x"]\n\tpath = libs/x\n\turl = ../x\n[submodule "y"]\n path=y y \n'
    assert submodules(text) == ("libs/x", "y y")

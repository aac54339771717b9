"""The forms and documents that meet people on GitHub, held against its documented form schema."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
ISSUE_FORMS = [GITHUB / "ISSUE_TEMPLATE" / f"{name}.yml" for name in ("bug", "feature")]
ISSUE_FORMS.append(GITHUB / "ISSUE_TEMPLATE" / "wrong-figure.yml")
CHOOSER = GITHUB / "ISSUE_TEMPLATE" / "config.yml"
#: The slugs of the categories; a form is found by its name alone.
CATEGORIES = ("ideas", "q-a", "show-and-tell")
DISCUSSION_FORMS = [GITHUB / "DISCUSSION_TEMPLATE" / f"{slug}.yml" for slug in CATEGORIES]
FORMS = [*ISSUE_FORMS, *DISCUSSION_FORMS]

DOCUMENTS = [
    ROOT / "SECURITY.md",
    ROOT / "CODE_OF_CONDUCT.md",
    ROOT / "docs" / "how-to" / "discussions.md",
    GITHUB / "pull_request_template.md",
]

#: What stands in the links until the repository has an address.
PLACEHOLDER = "https://github.com/OWNER/NAME"

ISSUE_KEYS = {"name", "description", "title", "labels", "assignees", "projects", "type", "body"}
DISCUSSION_KEYS = {"title", "labels", "body"}
ELEMENT_KEYS = {"type", "id", "attributes", "validations"}
#: For each type of element, the attributes it must have and those it may have.
ATTRIBUTES = {
    "markdown": ({"value"}, set[str]()),
    "textarea": ({"label"}, {"description", "placeholder", "value", "render"}),
    "input": ({"label"}, {"description", "placeholder", "value"}),
    "dropdown": ({"label", "options"}, {"description", "multiple"}),
    "checkboxes": ({"label", "options"}, {"description"}),
}


def load(path: Path) -> dict[str, Any]:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(form, dict), f"{path.name} is no mapping"
    return form


def elements(path: Path) -> list[dict[str, Any]]:
    body = load(path)["body"]
    assert isinstance(body, list), f"{path.name}: body is no list"
    return body


def is_text(value: object) -> bool:
    """Say whether GitHub takes it as text: YAML makes a boolean of `yes`, and blank is refused."""
    return isinstance(value, str) and bool(value.strip())


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_every_form_is_known_here() -> None:
    assert set(GITHUB.glob("*_TEMPLATE/*")) == {*FORMS, CHOOSER}


@pytest.mark.parametrize("path", ISSUE_FORMS, ids=name_of)
def test_an_issue_form_has_the_keys_it_needs(path: Path) -> None:
    form = load(path)
    assert {"name", "description", "body"} <= set(form) <= ISSUE_KEYS
    assert is_text(form["description"])
    # GitHub hides a form whose name has three characters or fewer; "Bug" would be one.
    assert is_text(form["name"])
    assert len(form["name"]) > 3


@pytest.mark.parametrize("path", DISCUSSION_FORMS, ids=name_of)
def test_a_discussion_form_has_the_keys_it_needs(path: Path) -> None:
    assert {"body"} <= set(load(path)) <= DISCUSSION_KEYS


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_each_element_has_its_attributes_and_no_other(path: Path) -> None:
    for element in elements(path):
        assert {"type", "attributes"} <= set(element) <= ELEMENT_KEYS, element
        assert element["type"] in ATTRIBUTES, element
        required, optional = ATTRIBUTES[element["type"]]
        attributes = element["attributes"]
        assert required <= set(attributes) <= required | optional, element
        texts = {name: attributes[name] for name in attributes.keys() - {"options", "multiple"}}
        assert all(is_text(value) for value in texts.values()), texts


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_a_form_asks_for_something(path: Path) -> None:
    assert any(element["type"] != "markdown" for element in elements(path))


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_only_the_word_required_stands_under_validations(path: Path) -> None:
    for element in elements(path):
        validations = element.get("validations", {})
        assert set(validations) <= {"required"}, element
        assert all(isinstance(value, bool) for value in validations.values()), element


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_ids_and_labels_tell_the_fields_apart(path: Path) -> None:
    fields = [element for element in elements(path) if element["type"] != "markdown"]
    ids = [field["id"] for field in fields]
    labels = [field["attributes"]["label"] for field in fields]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in ids), ids
    assert len(set(ids)) == len(ids), ids
    assert len(set(labels)) == len(labels), labels
    # GitHub refuses labels that ask for a secret.
    assert not [label for label in labels if "password" in label.lower()]


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_there_are_options_and_each_is_another(path: Path) -> None:
    for element in elements(path):
        options = element["attributes"].get("options")
        if options is None:
            continue
        if element["type"] == "checkboxes":
            assert all({"label"} <= set(option) <= {"label", "required"} for option in options)
            options = [option["label"] for option in options]
        assert options
        assert all(is_text(option) for option in options), options
        assert len(set(options)) == len(options), options
        # GitHub keeps this word for "nothing chosen".
        assert "none" not in [option.lower() for option in options]


def test_the_bug_form_asks_for_what_doctor_says() -> None:
    asked = [
        element
        for element in elements(GITHUB / "ISSUE_TEMPLATE" / "bug.yml")
        if "`pipeline doctor --json`" in element["attributes"].get("label", "")
    ]
    assert len(asked) == 1
    assert asked[0]["attributes"]["render"] == "json"
    assert asked[0]["validations"] == {"required": True}
    assert "look through it before you post" in asked[0]["attributes"]["description"]


def test_the_figure_form_asks_for_the_explanation() -> None:
    form = GITHUB / "ISSUE_TEMPLATE" / "wrong-figure.yml"
    labels = [element["attributes"].get("label", "") for element in elements(form)]
    assert any("`pipeline explain NAME`" in label for label in labels)


def test_the_chooser_leads_into_one_repository_and_to_categories_that_have_a_form() -> None:
    chooser = load(CHOOSER)
    assert set(chooser) == {"blank_issues_enabled", "contact_links"}
    assert chooser["blank_issues_enabled"] is False
    links = chooser["contact_links"]
    assert all(set(link) == {"name", "url", "about"} for link in links)
    addresses = {link["url"] for link in links}
    # As soon as the project names its repository, the placeholder is wrong.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    repository = project.get("urls", {}).get("Repository", PLACEHOLDER).removesuffix("/")
    pages = {address.removeprefix(f"{repository}/") for address in addresses}
    assert "security/policy" in pages
    asked = {page.removeprefix("discussions/new?category=") for page in pages - {"security/policy"}}
    assert asked
    assert asked <= set(CATEGORIES), asked


@pytest.mark.parametrize("slug", CATEGORIES)
def test_the_how_to_names_every_category(slug: str) -> None:
    text = (ROOT / "docs" / "how-to" / "discussions.md").read_text(encoding="utf-8")
    assert f"| `{slug}` |" in text
    assert f"discussions/new?category={slug}`" in text


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_relative_link_leads_to_a_file(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    relative = [target.partition("#")[0] for target in targets if "://" not in target]
    missing = [target for target in relative if target and not (path.parent / target).is_file()]
    assert not missing, missing

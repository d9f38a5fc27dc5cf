"""What stands around the code for those who use and release it: workflow, issue forms, policies, the changelog."""

import re
from pathlib import Path

import yaml

import keras_transfer_gen

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
WORDS_A_MINUTE = 260


def read(path):
    return yaml.safe_load(path.read_text("utf-8"))


def test_release_builds_tests_and_publishes_in_this_order():
    jobs = read(WORKFLOW)["jobs"]
    assert list(jobs) == ["build", "test", "publish"]
    assert jobs["test"]["needs"] == "build" and jobs["publish"]["needs"] == "test"


def test_release_tests_every_python_that_setup_names():
    versions = read(WORKFLOW)["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert versions == re.findall(r"Python :: (3\.\d+)", (ROOT / "setup.py").read_text("utf-8"))


def test_release_needs_no_password():
    workflow = read(WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in WORKFLOW.read_text("utf-8") and "password:" not in WORKFLOW.read_text("utf-8")


def test_release_starts_with_a_tag_and_runs_files_that_exist():
    workflow = read(WORKFLOW)
    assert workflow[True] == {"push": {"tags": ["v*"]}}  # YAML reads the key `on` as true
    files = re.findall(r"GITHUB_WORKSPACE/(\S+?)\"", WORKFLOW.read_text("utf-8"))
    assert files == ["tests/smallest_run.py"] and all((ROOT / name).is_file() for name in files)


def test_issue_forms_ask_for_what_a_report_needs():
    assert [path.stem for path in FORMS] == ["fault", "wish"]
    for form in map(read, FORMS):
        assert {"name", "description", "labels", "body"} <= set(form)
        assert all(item["attributes"]["label"] for item in form["body"])
    assert {item["id"] for item in read(FORMS[0])["body"]} >= {"command", "result", "doctor"}


def test_changelog_names_the_version_and_is_short():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    section = text.split("\n## [")[1]
    assert section.startswith(f"{keras_transfer_gen.__version__}]")
    headings = re.findall(r"^### (.+)$", section, re.MULTILINE)
    assert len(headings) == len(set(headings)) and set(headings) <= {"Added", "Changed", "Fixed", "Renamed", "Removed"}
    sentences = re.sub(r"^\|.*$|\(docs/\S+\)", "", section, flags=re.MULTILINE)  # names of the table are looked up
    assert len(sentences.split()) < 2 * WORDS_A_MINUTE


def test_policies_are_there():
    contributing, security = ((ROOT / name).read_text("utf-8") for name in ("CONTRIBUTING.md", "SECURITY.md"))
    assert "## What stays compatible" in contributing and "## Report a fault" in security

"""What documents promise of the project, where a machine can tell."""

import re
import tomllib
from pathlib import Path

from nsredis import __version__
from nsredis.cli.main import COMMANDS
from nsredis.core.namespace_settings import SETTINGS, setting_text
from nsredis.metrics import Gauges, Metrics
from nsredis.settings import settings_table_markdown
from tests.rules.tracked import TRACKED
from tests.support.processes import CHECKOUT

DOCUMENTS = [path for path in TRACKED if path.suffix == ".md"]
README = CHECKOUT / "README.md"


def _name(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def _anchors(document: Path) -> set[str]:
    """The names under which a page's headings can be linked, as they are commonly made."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
            if "://" in target:
                continue
            path, _, anchor = target.partition("#")
            linked = (document.parent / path).resolve() if path else document
            assert linked.exists(), f"{_name(document)}: {target}"
            if anchor:
                assert anchor in _anchors(linked), f"{_name(document)}: {target}"


def test_the_readme_lists_the_settings_as_they_are() -> None:
    begin, end = "<!-- settings: begin -->\n", "<!-- settings: end -->"
    table = README.read_text().partition(begin)[2].partition(end)[0]
    assert table.strip() == settings_table_markdown().strip()


def test_the_settings_of_the_namespace_are_listed_as_they_are() -> None:
    begin, end = "<!-- namespace settings: begin -->\n", "<!-- namespace settings: end -->"
    listed = (CHECKOUT / "docs" / "operations.md").read_text().partition(begin)[2].partition(end)[0]
    rows = [
        f"| `{setting.name}` | `{setting_text(setting.default)}` | {setting.help} |" for setting in SETTINGS.values()
    ]
    assert listed.splitlines() == ["| setting | default | what it does |", "|---|---|---|", *rows]


def test_the_readme_names_every_command_of_the_makefile_that_a_user_needs() -> None:
    for command in ("make run", "make demo", "make test"):
        assert command in README.read_text()


def test_commands_in_documents_exist() -> None:
    for document in DOCUMENTS:
        for command in re.findall(r"(?:`|\.venv/bin/|^\$ )nsredis ([a-z]+)", document.read_text(), re.MULTILINE):
            assert command in COMMANDS, f"{_name(document)}: nsredis {command}"
        made = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
        for target in re.findall(r"`make ([a-z]+)", document.read_text()):
            assert target in made, f"{_name(document)}: make {target}"


def test_the_list_of_metrics_is_complete_and_names_no_other() -> None:
    metrics = Metrics()
    metrics.watch(
        Gauges(
            brokers=lambda: {"online": 1},
            held=dict,
            revision=lambda: 1,
            stale_ms=lambda: 0,
            ready=lambda: True,
            cut_off=lambda: False,
            writable=lambda: True,
            nodes=dict,
        )
    )
    exported = set(re.findall(r"^# TYPE (nsredis_\w+) ", metrics.text().decode(), re.MULTILINE))
    exported = {name for name in exported if not name.endswith("_created")}
    listed = set(re.findall(r"^\| `(nsredis_\w+)", (CHECKOUT / "docs" / "operations.md").read_text(), re.MULTILINE))
    assert listed == exported


def test_the_changelog_knows_this_release() -> None:
    text = (CHECKOUT / "CHANGELOG.md").read_text()
    releases = re.findall(r"^## \[([^\]]+)\]", text, re.MULTILINE)
    assert releases
    assert releases[0] in ("Unreleased", __version__)
    assert re.search(r"^### (Added|Changed|Deprecated|Removed|Fixed|Security)$", text, re.MULTILINE)


def test_every_pinned_version_satisfies_what_the_project_asks_for() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    asked = list(project["project"]["dependencies"])
    for group in (*project["project"]["optional-dependencies"].values(), *project["dependency-groups"].values()):
        asked += [line for line in group if isinstance(line, str)]
    pins = dict(
        line.lower().split("==")
        for line in (CHECKOUT / "constraints.txt").read_text().splitlines()
        if not line.startswith("#")
    )
    for line in asked:
        name = re.split(r"[\[>=;]", line)[0].strip().lower()
        assert name.replace("-", "_") in {pin.replace("-", "_") for pin in pins}, f"{name} is not pinned"

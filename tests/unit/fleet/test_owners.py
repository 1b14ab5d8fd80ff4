"""Who answers for a file."""

from pathlib import Path

import pytest

from aqe.core.records.decisions.remediation import Owners
from aqe.fleet.repository.owners import owners_by_rules, owners_of, read_codeowners
from aqe.tests.clones import git

RULES = """\
# everything else
*                @everybody
*.sql            @dba   # and a remark
/docs/           @writers @editors
/shop/api        @api
[Section]
build/           @ops
/deploy/*        @deployers
shop/**/pay.py   @payments
/free
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README.md", ("@everybody",)),
        ("db/deep/a.sql", ("@dba",)),
        ("docs/a/b.md", ("@writers", "@editors")),
        ("src/docs/b.md", ("@everybody",)),
        ("shop/api/carts.py", ("@api",)),
        ("shop/apis.py", ("@everybody",)),
        ("x/build/y.txt", ("@ops",)),
        ("deploy/a.yaml", ("@deployers",)),
        ("deploy/a/b.yaml", ("@everybody",)),
        ("shop/pay.py", ("@payments",)),
        ("shop/a/b/pay.py", ("@payments",)),
        ("free", ()),
    ],
)
def test_the_last_rule_that_fits_counts(path: str, owners: tuple[str, ...]) -> None:
    assert owners_by_rules(path, read_codeowners(RULES)) == owners


def test_no_rule_is_no_owner() -> None:
    assert owners_by_rules("a.py", read_codeowners("/b.py @b")) is None


def commit(folder: Path, name: str, text: str, author: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "x", author=author)


def test_without_a_rule_the_one_who_changed_it_most_owns_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    for number, author in enumerate(["Ada", "Grace", "Grace"]):
        commit(tmp_path, "shop/db.py", str(number), author)
    commit(tmp_path, ".github/CODEOWNERS", "/docs/ @writers", "Ada")
    commit(tmp_path, "docs/a.md", "x", "Ada")
    owners = owners_of(["shop/db.py", "./docs/a.md", str(tmp_path / "shop/db.py"), "never.py"], tmp_path / "shop")
    assert owners == {
        "shop/db.py": Owners(names=("Grace",), source="git history"),
        "./docs/a.md": Owners(names=("@writers",), source="CODEOWNERS"),
        str(tmp_path / "shop/db.py"): Owners(names=("Grace",), source="git history"),
        "never.py": Owners(names=(), source="not known: git has no history of never.py"),
    }


@pytest.mark.parametrize("name", ["--output=x", ":(glob)**", "a\nb", "../../etc/passwd", "/etc/passwd", ""])
def test_a_hostile_name_asks_git_for_nothing_else(tmp_path: Path, name: str) -> None:
    git(tmp_path, "init", "-q")
    commit(tmp_path, "a.py", "x", "Ada")
    assert owners_of([name], tmp_path)[name].names == ()
    assert {path.name for path in tmp_path.iterdir()} == {".git", "a.py"}


def test_without_a_clone_nobody_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert owners_of(["a.py"], tmp_path)["a.py"].source == "not known: no git clone here"

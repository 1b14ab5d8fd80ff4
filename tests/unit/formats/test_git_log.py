"""git --numstat: how much changed, and where."""

import io

import pytest

from aqe.connectors.formats.quality.git_log import GitNumstat
from aqe.core.errors import InputError
from aqe.core.importing import Head, Parsed
from aqe.core.records.signals import Outcome, SignalKind

H1, H2, H3 = (digit * 40 for digit in "abc")


def parse(text: str) -> Parsed:
    return GitNumstat().parse(io.BytesIO(text.encode()))


def change(text: str) -> dict[str, object]:
    return dict(dict(parse(text).signals)[SignalKind.CHANGE_RISK].metrics)


def log(*commits: str) -> str:
    """git's default format."""
    return "\n".join(
        f"commit {digest}\nAuthor: D <d@example.com>\nDate:   now\n\n    subject\n\n{entries}"
        for digest, entries in zip((H1, H2, H3), commits, strict=False)
    )


def test_a_log_adds_up_over_its_commits() -> None:
    """Lines are summed, files and folders are distinct."""
    assert change(log("3\t1\tshop/a.py\n2\t0\ttests/a.py\n", "10\t4\tshop/a.py\n")) == {
        "commits": 2,
        "lines_added": 15,
        "lines_deleted": 5,
        "files_changed": 2,
        "modules_affected": 2,
        "dependencies_changed": 0,
    }


def test_a_diff_has_no_commits() -> None:
    """How many there were is not said, so it is absent and not 0."""
    assert change("3\t1\tshop/a.py\n0\t7\tREADME.md\n") == {
        "lines_added": 3,
        "lines_deleted": 8,
        "files_changed": 2,
        "modules_affected": 1,
        "dependencies_changed": 0,
    }


def test_binary_files_change_without_lines() -> None:
    """`-` is no number: the file counts, and a note says why it has no lines."""
    parsed = parse("-\t-\tlogo.png\n1\t0\ta.py\n")
    assert dict(parsed.signals)[SignalKind.CHANGE_RISK].metrics["files_changed"] == 2
    assert parsed.notes == ("entries of binary files, without lines: 1",)


@pytest.mark.parametrize(
    ("path", "folders"),
    [
        ("shop/{old.py => new.py}", 1),
        ("{old => new}/a.py", 2),
        ("shop/{ => deep}/a.py", 1),
        ("shop/{deep => }/a.py", 1),
        ("{ => shop}/a.py", 1),
        ("a.py => shop/a.py", 1),
        ('"caf\\303\\251.py" => shop/cafe.py', 1),
    ],
)
def test_a_rename_is_one_file_and_touches_both_folders(path: str, folders: int) -> None:
    """Old and new place are both affected."""
    metrics = change(f"0\t0\t{path}\n")
    assert (metrics["files_changed"], metrics["modules_affected"]) == (1, folders)


def test_a_renamed_file_is_known_by_its_new_name() -> None:
    """Later entries of the same file are the same file."""
    assert change("0\t0\tsrc/{a.py => b.py}\n1\t0\tsrc/b.py\n")["files_changed"] == 1
    assert change("0\t0\tsrc/{ => x}/b.py\n1\t0\tsrc/x/b.py\n")["files_changed"] == 1
    assert change('1\t0\t"caf\\303\\251 \\"x\\".py"\n1\t0\tcaf\u00e9 "x".py\n')["files_changed"] == 1


def test_nul_separated_output_is_read() -> None:
    """With -z a rename has an empty path, then the old and the new one; unusual names are not quoted."""
    assert change("3\t1\tshop/a b.py\0000\t0\t\0shop/old.py\0lib/new.py\0-\t-\tx.png\0") == {
        "lines_added": 3,
        "lines_deleted": 1,
        "files_changed": 3,
        "modules_affected": 2,
        "dependencies_changed": 0,
    }


def test_a_nul_separated_log_is_read() -> None:
    """git puts the NUL of the last path right before the next commit."""
    text = (
        f"commit {H1}\nAuthor: x\n\n    one\n\n1\t0\ta/b\0000\t0\t\0a/c\0d/c\0"
        f"\0commit {H2}\nAuthor: x\n\n    two\n\n2\t0\ta/b\0"
    )
    metrics = change(text)
    assert (metrics["commits"], metrics["files_changed"], metrics["lines_added"]) == (2, 2, 3)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f"commit {H1}", f"commit {H2}"),
        (f"commit {H1} (HEAD -> main, tag: v2)", f"commit {H2}"),
        (f"{H1}", f"{H2}"),
        (f"{H1}|D|fix", f"{H2}|D|add"),
        (f"{H1} 1772442971 Developer fix the price", f"{H2} 1772442970 Developer add 3\t4\tx"),
        ("abc1234 fix", "abcd123 deadbeef is no hash here"),
        ("commit " + "a" * 64, "commit " + "b" * 64),
    ],
)
def test_commits_of_every_usual_format_are_counted(first: str, second: str) -> None:
    """The first line decides what a commit looks like: default, decorated, own format, --oneline, SHA-256."""
    assert change(f"{first}\n1\t0\ta\n\n{second}\n2\t0\tb\n")["commits"] == 2


def test_a_subject_that_looks_like_a_hash_is_no_commit() -> None:
    """Only what looks like the first commit line counts."""
    assert change(f"commit {H1}\n1772442971\nD\nabc1234 was wrong\n\n1\t0\ta\n")["commits"] == 1


def test_merges_count_as_commits_and_bring_no_lines() -> None:
    """What they merge stands in its own commits."""
    assert change(log("", "3\t1\tshop/a.py\n"))["commits"] == 2


def test_a_merge_shown_once_a_parent_is_not_counted_again() -> None:
    """`git log -m` repeats the merged lines for each parent."""
    text = (
        f"commit {H1} (from {H2})\nMerge: a b\n\n9\t9\ta\n\n"
        f"commit {H1} (from {H3})\nMerge: a b\n\n8\t8\tb\n\ncommit {H2}\n\n1\t0\ta\n"
    )
    metrics = change(text)
    assert (metrics["commits"], metrics["lines_added"], metrics["files_changed"]) == (2, 1, 1)


@pytest.mark.parametrize(
    "path",
    [
        "pyproject.toml", "requirements.txt", "requirements-dev.txt", "requirements/docs.in", "web/package.json",
        "web/yarn.lock", "uv.lock", "go.mod", "go.sum", "svc/pom.xml", "Cargo.toml", "Cargo.lock", "Gemfile",
        "Gemfile.lock", "lib/x.gemspec", "App.csproj", "{old => new}/package.json",
    ],
)  # fmt: skip
def test_dependency_manifests_are_known(path: str) -> None:
    """In any folder."""
    assert change(f"1\t1\t{path}\n")["dependencies_changed"] == 1


@pytest.mark.parametrize("path", ["shop/package.py", "docs/requirements.md", "locks.py", "requirements-data/words.txt"])
def test_other_files_are_no_manifests(path: str) -> None:
    """Names that only look alike."""
    assert change(f"1\t1\t{path}\n")["dependencies_changed"] == 0


def test_a_manifest_touched_twice_counts_once() -> None:
    """Manifests, not touches."""
    assert change(log("1\t0\tpackage.json\n", "1\t0\tpackage.json\n"))["dependencies_changed"] == 1


def test_a_log_without_numstat_is_not_measured() -> None:
    """Commits without a single entry: the option was forgotten, or all are merges."""
    parsed = parse(log("", ""))
    assert parsed.outcome is Outcome.NOT_MEASURED
    assert parsed.reason == "2 commits without a line of numstat: was --numstat given?"


def test_an_error_of_git_is_a_failed_tool() -> None:
    """`git ... > file 2>&1` in the wrong place."""
    parsed = parse("fatal: not a git repository (or any of the parent directories): .git\n")
    assert parsed.outcome is Outcome.TOOL_FAILED
    assert parsed.reason is not None
    assert "not a git repository" in parsed.reason


@pytest.mark.parametrize("text", ["hello\n", "3\t1\ta.py\nhello\n", "3\t1\n", "3 1 a.py\n"])
def test_a_line_that_does_not_belong_is_named(text: str) -> None:
    """Line number and what was expected."""
    with pytest.raises(InputError, match=r"git numstat: line \d is .*expected a commit or an entry of --numstat"):
        parse(text)


def test_huge_numbers_are_refused() -> None:
    """No number of lines has 13 digits."""
    with pytest.raises(InputError):
        parse("9" * 5000 + "\t0\ta\n")


def test_recognition_needs_an_entry_after_a_bare_hash() -> None:
    """A list of hashes alone is not numstat."""
    claims = GitNumstat().recognises
    assert claims(Head("x", f"commit {H1}\nAuthor: x\n".encode()))
    assert claims(Head("x", b"12\t0\tsrc/a.py\n"))
    assert claims(Head("x", b"-\t-\tsrc/a.png\0"))
    assert claims(Head("x", b"abc1234 fix\n1\t0\ta\n"))
    assert not claims(Head("x", f"{H1}\n{H2}\n".encode()))
    assert not claims(Head("x", f"{H1}\t1749933342\tsubject\n{H2}\t1\tx\n".encode()))
    assert not claims(Head("x", b"1\t2\n"))

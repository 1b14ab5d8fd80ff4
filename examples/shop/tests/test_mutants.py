"""The thirty bugs: each fits the shop. That each can be seen takes minutes: `python -m mutants check`."""

import subprocess
from pathlib import Path

import pytest

from mutants import Mutant, __main__, copy_shop, make, mutants
from mutants.probes import PROBES


def test_there_are_thirty_and_each_has_a_probe() -> None:
    """And says what it is."""
    assert len(mutants()) == 30
    assert PROBES.keys() == {mutant.name for mutant in mutants()}
    assert all(mutant.title and mutant.kind and mutant.seen for mutant in mutants())


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mutants") / "healthy"
    copy_shop(folder)
    return folder


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_each_fits_the_shop(mutant: Mutant, healthy: Path) -> None:
    """Whoever changes the shop changes the patch with it."""
    fits = subprocess.run(["git", "apply", "--check", str(mutant.patch)], cwd=healthy, capture_output=True, text=True)  # noqa: S607
    assert fits.returncode == 0, fits.stderr


def test_a_mutant_is_a_copy_with_the_bug(tmp_path: Path) -> None:
    """Beside it nothing is changed; a patch that does not fit is an error."""
    mutant = next(mutant for mutant in mutants() if mutant.name == "rounding")
    make(mutant, tmp_path / "mutated")
    assert "+ 50) // 100" not in (tmp_path / "mutated" / "shop" / "offer.py").read_text()
    assert not (tmp_path / "mutated" / "mutants").exists()
    wrong = tmp_path / "wrong.patch"
    wrong.write_text(mutant.patch.read_text().replace("full_cents", "half_cents"))
    with pytest.raises(RuntimeError, match=r"wrong\.patch does not fit"):
        make(Mutant("wrong", "", "", "", wrong), tmp_path / "again")


def test_the_list_names_them_all(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Name, kind, and what would be seen; a wrong name or a folder that exists is said in one line."""
    monkeypatch.setattr("sys.argv", ["mutants", "list"])
    assert __main__.main() == 0
    assert len(capsys.readouterr().out.splitlines()) == 30
    monkeypatch.setattr("sys.argv", ["mutants", "make", "rounding", "."])
    assert __main__.main() == 2
    assert capsys.readouterr().err == "mutants: . exists already\n"

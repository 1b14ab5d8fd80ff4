"""A secret opens its own hash and no other; what its owner signed holds until a byte of it changes."""

import pytest

from aqe.core.credentials import MIN_SECRET_CHARACTERS, SecretHash, hash_secret
from aqe.core.errors import InputError
from aqe.core.records.decisions.approvers import Approver, AuthenticatedApprover, Signed

SECRET = "correct horse battery"
HASH = hash_secret(SECRET, log2_n=14)


class Paper(Signed):
    text: str


def signed(text: str = "yes", approver: str = "cto") -> Paper:
    key = HASH.open(SECRET)
    assert key is not None
    return Paper(approver="", text=text).signed_by(AuthenticatedApprover(Approver(id=approver), key))


def known(*, secret_hash: str | None = str(HASH), id: str = "cto") -> dict[str, Approver]:
    return {id: Approver(id=id, secret_hash=secret_hash)}


def test_the_secret_opens_its_hash_after_a_trip_through_text() -> None:
    assert SecretHash.parse(str(HASH)).open(SECRET) is not None


@pytest.mark.parametrize("wrong", ["", SECRET + " ", SECRET[:-1], SECRET.upper()])
def test_another_secret_does_not(wrong: str) -> None:
    assert HASH.open(wrong) is None


def test_the_same_secret_never_gives_the_same_hash() -> None:
    """Salted: two people with one secret are not seen to have it."""
    assert str(hash_secret(SECRET, log2_n=14)) != str(HASH)
    assert SECRET not in str(HASH)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(InputError, match=f"11 characters, expected {MIN_SECRET_CHARACTERS} or more"):
        hash_secret("x" * 11)


@pytest.mark.parametrize(
    "text",
    ["", "geheim", str(HASH)[:-1], str(HASH).replace("$14$", "$04$"), str(HASH).replace("scrypt", "md5"), f"{HASH}\n"],
    # The salt is another one in each process.
    ids=["empty", "the secret", "cut", "cheap", "another kind", "a line end"],
)
def test_what_is_no_hash_is_refused(text: str) -> None:
    """Above all one so cheap that it could be searched."""
    with pytest.raises(ValueError, match="aqe approver hash"):
        SecretHash.parse(text)


def test_what_was_signed_names_its_signer() -> None:
    signer = signed().signer(known())
    assert signer is not None
    assert signer.id == "cto"


@pytest.mark.parametrize(
    "paper",
    [
        signed().model_copy(update={"text": "no"}),
        signed().model_copy(update={"approver": "ceo"}),
        signed().model_copy(update={"signature": ""}),
        signed().model_copy(update={"signature": "!"}),
        signed().model_copy(update={"signature": signed("other").signature}),
    ],
)
def test_a_changed_paper_has_no_signer(paper: Paper) -> None:
    """Not even when the forger names another known approver."""
    everybody = known() | known(id="ceo", secret_hash=str(hash_secret("another secret", log2_n=14)))
    assert paper.signer(everybody) is None


def test_who_left_aqe_yaml_or_has_a_new_secret_has_signed_nothing() -> None:
    """Taking a person out takes their decisions back."""
    assert signed().signer({}) is None
    assert signed().signer(known(secret_hash=None)) is None
    assert signed().signer(known(secret_hash=str(hash_secret(SECRET, log2_n=14)))) is None


def test_a_signature_is_for_one_kind_of_record() -> None:
    """A signed rejection must not pass for an approval of the same fields."""

    class Other(Paper):
        pass

    assert Other(**dict(signed())).signer(known()) is None


def test_an_approver_is_known_by_id_and_address() -> None:
    approver = Approver(id="cto", emails=("CTO@example.org",), roles=("CTO",))
    assert all(map(approver.is_called, ("cto", "CTO", "cto@example.org", " cto ")))
    assert not approver.is_called("ceo")
    assert approver.has_role(("CTO", "VP Engineering"))
    assert approver.has_role(())
    assert not approver.has_role(("VP Engineering",))

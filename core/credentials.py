"""Personal secrets: what is stored of them, how one is recognised, and what its owner signs with it.

scrypt stretches the secret into the seed of an Ed25519 key (RFC 7914, RFC 8032); aqe.yaml holds the public half. So the
same secret both proves who is there and signs what they decide, and whoever can write into Redis still cannot decide in
their name: every reader checks the signature against aqe.yaml.
"""

import hashlib
import hmac
import os
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from .errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MIN_SECRET_CHARACTERS = 12
"""Shorter ones can be found by trying; aqe.yaml is often readable for many."""
LOG2_N = 17
"""scrypt's cost, with r = 8 and p = 1: 128 MB and under a second, as OWASP recommends."""
_LOG2_N_RANGE = range(14, 21)
_R = 8
_HASH = re.compile(r"scrypt-ed25519\$(\d{2})\$([A-Za-z0-9+/]{22}==)\$([A-Za-z0-9+/]{43}=)")


@dataclass(frozen=True)
class SecretHash:
    """What is stored of a secret; its text is `scrypt-ed25519$<log2 n>$<salt>$<public key>`.

    Args:
        log2_n: scrypt's cost.
        salt: 16 random bytes.
        public: the Ed25519 public key, 32 bytes.
    """

    log2_n: int
    salt: bytes
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """From its text.

        Raises:
            ValueError: it is none.
        """
        match = _HASH.fullmatch(text)
        if not match or int(match[1]) not in _LOG2_N_RANGE:
            raise ValueError("expected what `aqe approver hash` prints: scrypt-ed25519$...")
        return cls(int(match[1]), b64decode(match[2]), b64decode(match[3]))

    def __str__(self) -> str:
        """The text for aqe.yaml."""
        return f"scrypt-ed25519${self.log2_n}${b64encode(self.salt).decode()}${b64encode(self.public).decode()}"

    def open(self, secret: str) -> "SigningKey | None":
        """The key that the secret opens; None when it is not this one. Takes as long either way."""
        key = _derive(secret, self.salt, self.log2_n)
        return SigningKey(key) if hmac.compare_digest(_public(key), self.public) else None

    def has_signed(self, message: bytes, signature: str) -> bool:
        """Whether the secret's owner signed this message."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(b64decode(signature, validate=True), message)
        except (InvalidSignature, ValueError):
            return False
        return True


class SigningKey:
    """Signs in its owner's name, as long as the process lives; it is never written anywhere."""

    def __init__(self, key: "Ed25519PrivateKey") -> None:
        self._key = key

    def sign(self, message: bytes) -> str:
        """The signature, base64."""
        return b64encode(self._key.sign(message)).decode()


def hash_secret(secret: str, *, log2_n: int = LOG2_N) -> SecretHash:
    """A new hash, with a new salt.

    Args:
        secret: MIN_SECRET_CHARACTERS or more.
        log2_n: scrypt's cost, 14 to 20; each step doubles time and memory.

    Raises:
        InputError: the secret is too short.
    """
    if len(secret) < MIN_SECRET_CHARACTERS:
        raise InputError(
            f"the secret has {len(secret)} characters, expected {MIN_SECRET_CHARACTERS} or more",
            hint="`openssl rand -base64 24` makes a good one",
        )
    salt = os.urandom(16)
    return SecretHash(log2_n, salt, _public(_derive(secret, salt, log2_n)))


def _derive(secret: str, salt: bytes, log2_n: int) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    n = 1 << log2_n
    # OpenSSL needs 128 * r * n bytes and a little more.
    seed = hashlib.scrypt(secret.encode(), salt=salt, n=n, r=_R, p=1, maxmem=132 * _R * n, dklen=32)
    return Ed25519PrivateKey.from_private_bytes(seed)


def _public(key: "Ed25519PrivateKey") -> bytes:
    return key.public_key().public_bytes_raw()

"""Settings: flags over environment over defaults."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .db import Database
from .pricing import PRICE_RULES

# The feed that ships with the shop; see seed.py for its shape.
DEFAULT_FEED = Path(__file__).with_name("supplier_feed.json")


@dataclass(frozen=True)
class Settings:
    """What one shop process needs to know.

    `port` 0 asks the system for a free port. `pricing` is a key of `pricing.PRICE_RULES`. `release` is copied into
    each log record and into /health, which is how an error in the log is tied to the release that made it.
    `feed` is read only while the database has no products. `secret` is a file that signs cookies, made at the first
    start. Without a `payment_url` the process serves a payment stub of its own, which takes `payment_delay_ms`.
    """

    host: str
    port: int
    threads: int
    database: Database
    secret: Path
    app_log: Path
    access_log: Path
    rum_log: Path
    feed: Path
    release: str
    pricing: str
    payment_url: str
    payment_timeout_s: float
    payment_delay_ms: float


def listen_port(text: str) -> int:
    """The port of a flag."""
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: expected 0 (any free one) to 65535")
    return number


def _threads(text: str) -> int:
    threads = int(text)
    if threads < 1:
        raise argparse.ArgumentTypeError(f"{threads} threads can not serve: expected 1 or more")
    return threads


def _duration(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not a duration: expected 0 or more")
    return value


def _database_url(text: str) -> str:
    if text and not text.startswith(("postgresql://", "postgres://")):
        # The text is not repeated: it may hold a password.
        raise argparse.ArgumentTypeError("expected postgresql://[USER[:PASSWORD]@]HOST[:PORT]/DATABASE")
    return text


def _payment_url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/")):
        raise argparse.ArgumentTypeError(f"payment service {text!r}: expected http://HOST:PORT")
    return text


def _pricing(text: str) -> str:
    # `choices` would check a flag but not a default, and the default comes from the environment.
    if text not in PRICE_RULES:
        raise argparse.ArgumentTypeError(f"unknown pricing {text!r}: expected {' or '.join(PRICE_RULES)}")
    return text


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """All flags, with the environment's values as defaults."""
    parser = argparse.ArgumentParser(
        prog="shop",
        description="Serve the shop. Each flag has an environment variable: --app-log is SHOP_APP_LOG.",
    )

    def env(name: str, default: str) -> str:
        return environ.get(f"SHOP_{name}", default)

    parser.add_argument("--host", default=env("HOST", "127.0.0.1"))
    parser.add_argument("--port", type=listen_port, default=env("PORT", "8081"), help="0 picks a free port")
    parser.add_argument("--threads", type=_threads, default=env("THREADS", "8"), help="requests served at a time")
    parser.add_argument(
        "--data-dir", type=Path, default=env("DATA_DIR", "var"), help="home of the files that have no flag of their own"
    )
    parser.add_argument("--database", type=Path, default=env("DATABASE", "") or None)
    parser.add_argument(
        "--database-url", type=_database_url, default=env("DATABASE_URL", ""), help="PostgreSQL instead of SQLite"
    )
    parser.add_argument("--app-log", type=Path, default=env("APP_LOG", "") or None)
    parser.add_argument("--access-log", type=Path, default=env("ACCESS_LOG", "") or None)
    parser.add_argument("--rum-log", type=Path, default=env("RUM_LOG", "") or None)
    parser.add_argument("--feed", type=Path, default=env("FEED", str(DEFAULT_FEED)), help="fills an empty database")
    parser.add_argument("--release", default=env("RELEASE", "dev"))
    parser.add_argument(
        "--pricing", type=_pricing, default=env("PRICING", "safe"), help="naive (1.4.0) or safe (1.4.1)"
    )
    parser.add_argument(
        "--payment-url", type=_payment_url, default=env("PAYMENT_URL", ""), help="without, a stub in this process"
    )
    parser.add_argument("--payment-timeout-s", type=_duration, default=env("PAYMENT_TIMEOUT_S", "3"))
    parser.add_argument(
        "--payment-delay-ms", type=_duration, default=env("PAYMENT_DELAY_MS", "0"), help="of the stub in this process"
    )
    return parser


def load_settings(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Settings from the flags `argv` (without the program's name) and the `SHOP_*` variables of `environ`.

    Raises:
        SystemExit: code 2, after one line on stderr, for an unknown flag or a value that makes no sense, whether it
            came from a flag or from the environment; code 0 for --help.
    """
    flags = _parser(environ).parse_args(argv)
    return Settings(
        host=flags.host,
        port=flags.port,
        threads=flags.threads,
        database=flags.database_url or flags.database or flags.data_dir / "shop.sqlite3",
        secret=flags.data_dir / "secret.key",
        app_log=flags.app_log or flags.data_dir / "app.jsonl",
        access_log=flags.access_log or flags.data_dir / "access.log",
        rum_log=flags.rum_log or flags.data_dir / "rum.jsonl",
        feed=flags.feed,
        release=flags.release,
        pricing=flags.pricing,
        payment_url=flags.payment_url,
        payment_timeout_s=flags.payment_timeout_s,
        payment_delay_ms=flags.payment_delay_ms,
    )

"""Settings, feed and database: what happens before the first request."""

import json
from pathlib import Path

import pytest

from shop import logs
from shop.app import create_app
from shop.config import DEFAULT_FEED, Settings, load_settings
from shop.errors import StartError
from shop.seed import read_feed


def a_feed(tmp_path: Path, feed: object) -> Path:
    path = tmp_path / "feed.json"
    path.write_text(json.dumps(feed), encoding="utf-8")
    return path


def a_product(**changes: object) -> dict[str, object]:
    offer = {"sku": "X-1", "stock": 1, "price": 100}
    return {"id": 1, "name": "Thing", "category": "things", "description": "A thing.", "offer": offer, **changes}


def test_without_flags_and_environment_the_defaults_hold() -> None:
    """All files lie in var/, the address is this machine's, and the fixed pricing is used."""
    assert load_settings([], {}) == Settings(
        host="127.0.0.1",
        port=8081,
        threads=8,
        database=Path("var/shop.sqlite3"),
        secret=Path("var/secret.key"),
        app_log=Path("var/app.jsonl"),
        access_log=Path("var/access.log"),
        rum_log=Path("var/rum.jsonl"),
        feed=DEFAULT_FEED,
        release="dev",
        pricing="safe",
        payment_url="",
        payment_timeout_s=3,
        payment_delay_ms=0,
    )


def test_flags_win_over_the_environment() -> None:
    """And a file with a flag of its own leaves the data directory."""
    environ = {"SHOP_PRICING": "naive", "SHOP_DATA_DIR": "data", "SHOP_RELEASE": "1.3.9", "SHOP_APP_LOG": "e.jsonl"}
    settings = load_settings(["--release", "1.4.0", "--access-log", "a.log"], environ)
    assert (settings.pricing, settings.release) == ("naive", "1.4.0")
    assert (settings.app_log, settings.access_log) == (Path("e.jsonl"), Path("a.log"))
    assert settings.database == Path("data/shop.sqlite3")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "65536", "65536 is not a port"),
        ("PORT", "http", "http is not a port"),
        ("THREADS", "0", "0 threads can not serve"),
        ("DATABASE_URL", "mysql://shop:secret@127.0.0.1/shop", "expected postgresql://"),
        ("PAYMENT_URL", "https://pay.example", "expected http://HOST:PORT"),
        ("PAYMENT_DELAY_MS", "-1", "-1 is not a duration"),
        ("PRICING", "magic", "unknown pricing 'magic': expected naive or safe"),
    ],
)
def test_a_wrong_value_ends_with_code_2(
    capsys: pytest.CaptureFixture[str], name: str, value: str, message: str
) -> None:
    """From the environment as from a flag."""
    for argv, environ in (([], {f"SHOP_{name}": value}), ([f"--{name.lower().replace('_', '-')}", value], {})):
        with pytest.raises(SystemExit) as stopped:
            load_settings(argv, environ)
        assert stopped.value.code == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        ({}, "expected a list of products"),
        ([7], "product 0: expected an object, found int"),
        ([a_product(), a_product(id="2")], "product 1: id is '2', expected int"),
        ([a_product(name=None)], "product 0: name is None, expected str"),
        ([a_product(offer={"sku": "X-1"})], "product 0, offer: stock is None, expected int"),
        ([a_product(offer={"sku": "X-1", "stock": True})], "offer: stock is True, expected int"),
        ([a_product(offer={"sku": "X-1", "stock": 1, "price": "1.00"})], "offer: price is '1.00', expected int"),
    ],
)
def test_a_wrong_feed_is_refused_with_the_place(tmp_path: Path, feed: object, message: str) -> None:
    """The message names the product's position, the field and the value."""
    with pytest.raises(StartError, match=message):
        read_feed(a_feed(tmp_path, feed))


def test_a_missing_or_broken_feed_is_named(tmp_path: Path) -> None:
    """So that one sees which file is meant."""
    with pytest.raises(StartError, match=r"nowhere\.json"):
        read_feed(tmp_path / "nowhere.json")
    broken = tmp_path / "broken.json"
    broken.write_bytes(b'[{"id": 1,')
    with pytest.raises(StartError, match=r"broken\.json: Expecting"):
        read_feed(broken)


def test_a_feed_with_an_id_twice_stores_nothing(tmp_path: Path) -> None:
    """The whole feed is refused, and a good one can follow."""
    twice = a_feed(tmp_path, [a_product(), a_product()])
    with pytest.raises(StartError, match="an id stands there twice"):
        create_app(load_settings(["--data-dir", str(tmp_path), "--feed", str(twice)], {}))
    good = a_feed(tmp_path, [a_product()])
    app = create_app(load_settings(["--data-dir", str(tmp_path), "--feed", str(good)], {}))
    assert app.test_client().get("/health").get_json()["products"] == 1
    logs.close_logs(*logs.LOGGERS, "shop.access", "shop.rum")


def test_a_filled_database_is_not_filled_again(settings: Settings, tmp_path: Path) -> None:
    """The next start, of another release perhaps, finds what is there; the feed is not even read."""
    create_app(settings)
    again = load_settings(["--data-dir", str(tmp_path), "--feed", str(tmp_path / "gone.json")], {})
    assert create_app(again).test_client().get("/health").get_json()["products"] == 7
    logs.close_logs(*logs.LOGGERS, "shop.access", "shop.rum")


def test_the_feed_that_ships_is_valid() -> None:
    """Ids are unique, and there are several categories to browse."""
    feed = read_feed(DEFAULT_FEED)
    assert len({product["id"] for product in feed}) == len(feed)
    assert len({product["category"] for product in feed}) >= 5

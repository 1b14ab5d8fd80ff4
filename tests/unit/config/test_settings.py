"""Where settings come from, and what a mistake in them says."""

from pathlib import Path

import pytest

from aqe.config.settings import SOCKET_PATH_MAX_BYTES, Settings, effective, load_settings
from aqe.core.credentials import hash_secret
from aqe.core.errors import EXIT_USAGE, InputError
from aqe.core.masking import is_secret_name, mask_text


def a_project(folder: Path, text: str) -> Path:
    (folder / "aqe.yaml").write_text(text)
    return folder


def error_of(folder: Path, text: str) -> InputError:
    a_project(folder, text)
    with pytest.raises(InputError) as caught:
        load_settings({}, {}, folder)
    return caught.value


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    a_project(tmp_path, "fleet:\n  name: from-file\n  log_level: warning\n")
    env = {"AQE_FLEET": "from-env", "AQE_LOG_LEVEL": "ERROR"}

    assert load_settings({}, {}, tmp_path).fleet.name == "from-file"
    assert load_settings({}, env, tmp_path).fleet.name == "from-env"
    settings = load_settings({"fleet": "from-flag", "log_level": None}, env, tmp_path)
    assert (settings.fleet.name, settings.fleet.log_level, settings.fleet.log_format) == (
        "from-flag",
        "error",
        "console",
    )


def test_each_value_says_where_it_came_from(tmp_path: Path) -> None:
    a_project(tmp_path, "redis:\n  url: redis://h\napprovers:\n  cto@example.org: {roles: [cto]}\n")
    settings = load_settings({"fleet": "shop"}, {"AQE_LOG_FORMAT": "json"}, tmp_path)

    origins = {line.key: line.origin for line in effective(settings)}

    assert origins["fleet.name"] == "--fleet"
    assert origins["fleet.log_format"] == "AQE_LOG_FORMAT"
    assert origins["redis.url"] == "aqe.yaml:2"
    assert origins["approvers.cto@example.org.roles"] == "aqe.yaml:4"
    assert origins["retention.default_days"] == "default"


def test_what_is_shown_holds_no_secret(tmp_path: Path) -> None:
    hash_of_theirs = hash_secret("geheim, geheim", log2_n=14)
    a_project(
        tmp_path,
        "redis: {url: 'redis://u:geheim@h'}\n"
        f"approvers: {{cto: {{roles: [cto], secret_hash: {hash_of_theirs}}}}}\n"
        "notify: {ops: {kind: slack, url: 'https://hooks.example.org/geheim'}}\n",
    )
    settings = load_settings({}, {}, tmp_path)

    assert "geheim" not in repr(effective(settings))
    assert str(hash_of_theirs) not in repr(effective(settings)) + repr(settings)
    assert "geheim" not in repr(settings)
    assert settings.redis.url == "redis://u:geheim@h"


def test_an_empty_variable_means_not_set(tmp_path: Path) -> None:
    assert load_settings({}, {"AQE_REDIS_URL": "", "AQE_CONFIG": ""}, tmp_path).redis.url is None


def test_the_file_is_found_by_walking_up_and_its_folder_is_the_root(tmp_path: Path) -> None:
    a_project(tmp_path, "redis: {password_file: secrets/redis}\n")
    (deep := tmp_path / "a" / "b").mkdir(parents=True)

    settings = load_settings({}, {}, deep)

    assert settings.project_root == tmp_path
    assert settings.data_dir == tmp_path.resolve() / ".aqe"
    assert settings.redis.password_file == tmp_path / "secrets" / "redis"


def test_without_a_file_the_root_is_where_git_is_or_here(tmp_path: Path) -> None:
    (repository := tmp_path / "repository").mkdir()
    (repository / ".git").mkdir()
    (inside := repository / "src").mkdir()

    assert load_settings({}, {}, inside).project_root == repository
    assert load_settings({}, {}, tmp_path).config_file is None


def test_paths_given_by_flag_or_variable_are_relative_to_the_current_folder(tmp_path: Path) -> None:
    a_project(tmp_path, "")
    (here := tmp_path / "here").mkdir()

    settings = load_settings({"policy": "p.yaml"}, {"AQE_DATA_DIR": "data"}, here)

    assert settings.policy.file == here / "p.yaml"
    assert settings.data_dir == here.resolve() / "data"


def test_a_named_file_is_used_and_must_exist(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("fleet: {name: other}\n")

    assert load_settings({"config": "other.yaml"}, {}, tmp_path).fleet.name == "other"
    assert load_settings({}, {"AQE_CONFIG": str(other)}, tmp_path).fleet.name == "other"
    with pytest.raises(InputError, match=r"^AQE_CONFIG: .*missing.yaml is not a file$"):
        load_settings({}, {"AQE_CONFIG": "missing.yaml"}, tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fleet:\n  nam: x\n", "aqe.yaml:2: unknown key 'fleet.nam', did you mean 'name'?"),
        ("fleet: {}\nredis: {}\nretension: {}\n", "aqe.yaml:3: unknown key 'retension', did you mean 'retention'?"),
        ("approvers:\n  cto:\n    rols: [x]\n    roles: [x]\n", "aqe.yaml:3: unknown key 'approvers.cto.rols', did"),
        ("fleet: shop\n", "aqe.yaml:1: fleet: expected `key: value` lines"),
        ("notify: slack://token/secret\n", "aqe.yaml:1: notify: expected `key: value` lines"),
        ("fleet:\n  name: A b\n", "aqe.yaml:2: fleet.name is 'A b': expected 1 to 40 of a-z, 0-9 and '-'"),
        ("approvers:\n  cto:\n    name: x\n", "aqe.yaml:2: approvers.cto.roles is missing"),
        ("approvers:\n  cto:\n    roles: CTO\n", "aqe.yaml:3: approvers.cto.roles is 'CTO': expected a list: [A, B]"),
        ("redis:\n  listen: 6379\n", "aqe.yaml:2: redis.listen is 6379"),
        ("redis:\n  listen: host:6379\n", "aqe.yaml:2: redis.listen is 'host:6379': expected IP-ADDRESS:PORT"),
        ("retention:\n  days:\n    log: 7\n", "aqe.yaml:3: retention.days.log is 'log': expected one of logs, access"),
        ("features:\n  a:\n    path: [x]\n", "aqe.yaml:3: unknown key 'features.a.path', did you mean 'paths'?"),
        ("features:\n  a: {}\n", "aqe.yaml:2: features.a is {}: a feature needs `paths` or `events`"),
        ("retention:\n  default_days: 0\n", "aqe.yaml:2: retention.default_days is 0"),
        ("redaction:\n  patterns: {a: '('}\n", "aqe.yaml:2: redaction.patterns.a is '(': no regular expression"),
        ("a: [\n", "aqe.yaml:2: not YAML"),
    ],
)
def test_a_mistake_in_the_file_names_file_line_and_what_was_meant(tmp_path: Path, text: str, message: str) -> None:
    error = error_of(tmp_path, text)

    assert error.message.startswith(message)
    assert error.exit_code == EXIT_USAGE


def test_a_mistake_outside_the_file_names_flag_or_variable(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^AQE_LOG_LEVEL: fleet.log_level is 'loud'"):
        load_settings({}, {"AQE_LOG_LEVEL": "loud"}, tmp_path)
    with pytest.raises(InputError, match=r"^--fleet: fleet.name is 'Shop'"):
        load_settings({"fleet": "Shop"}, {}, tmp_path)


def test_a_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    assert "geheim" not in str(error_of(tmp_path, "redis:\n  url: [geheim]\n"))
    assert "geheim" not in str(error_of(tmp_path, "approvers: {a: {roles: [b], secret_hash: [geheim]}}\n"))


def test_a_file_that_is_not_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "aqe.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"^aqe.yaml: not UTF-8 text"):
        load_settings({}, {}, tmp_path)


def test_a_section_without_lines_means_its_defaults(tmp_path: Path) -> None:
    a_project(tmp_path, "redis:\n#  url: redis://h\nnotify:\n")
    assert load_settings({"fleet": "x"}, {}, tmp_path).redis.url is None


def test_misspelt_variables_are_named(tmp_path: Path) -> None:
    settings = load_settings({}, {"AQE_REDIS_URI": "x", "AQE_APPROVER_SECRET": "y", "OTHER": "z"}, tmp_path)
    assert settings.unknown_env == ("AQE_REDIS_URI, did you mean 'AQE_REDIS_URL'?",)


@pytest.mark.parametrize(("name", "prefix"), [("", ""), ("shop-7", "{shop-7}")])
def test_a_named_fleet_has_a_prefix(tmp_path: Path, name: str, prefix: str) -> None:
    assert load_settings({"fleet": name}, {}, tmp_path).prefix == prefix


def socket_of(folder: Path, runtime_dir: str | None) -> Path:
    settings: Settings = load_settings({}, {"XDG_RUNTIME_DIR": runtime_dir} if runtime_dir else {}, folder)
    return settings.socket_path


def test_the_socket_path_is_short_and_belongs_to_the_data_folder(tmp_path: Path) -> None:
    (deep := tmp_path / ("ä" * 80) / ("b" * 80)).mkdir(parents=True)
    run = Path("/tmp")  # there everywhere, and short, as tmp_path may not be

    assert socket_of(deep, str(run)).parent == run / "aqe"
    assert str(socket_of(deep, None)).startswith("/tmp/aqe-")
    assert str(socket_of(deep, str(deep))).startswith("/tmp/aqe-"), "too long for AF_UNIX"
    assert str(socket_of(deep, "relative")).startswith("/tmp/aqe-")
    assert len(bytes(socket_of(deep, str(run)))) <= SOCKET_PATH_MAX_BYTES
    assert socket_of(deep, None) != socket_of(tmp_path, None)


def test_a_link_to_a_project_is_the_project(tmp_path: Path) -> None:
    (real := tmp_path / "real").mkdir()
    (link := tmp_path / "link").symlink_to(real)
    assert socket_of(real, None) == socket_of(link, None)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("redis://:pw@h:1/0", "redis://:***@h:1/0"),
        ("to redis+sentinel://u:p@ss@h1,h2/m.", "to redis+sentinel://u:***@h1,h2/m."),
        ("https://h/x?api_key=abc&a=1", "https://h/x?api_key=***&a=1"),
        ("Authorization: Bearer abcdefgh.ijk", "Authorization: Bearer ***"),
        ("http://host:80/a?mail=a@b", "http://host:80/a?mail=a@b"),
        ("nothing", "nothing"),
    ],
)
def test_secrets_in_text_are_masked(text: str, masked: str) -> None:
    assert mask_text(text) == masked


def test_names_of_secrets_are_known() -> None:
    assert all(map(is_secret_name, ("password", "AQE_APPROVER_SECRET", "secret_hash", "x-api-key", "auth_token")))
    assert not any(map(is_secret_name, ("password_file", "tokens_used", "key", "url", "author")))


def test_fleets_of_one_project_have_their_bulk_data_apart(tmp_path: Path) -> None:
    """What staging's fleet imported is nothing that production's analyses may count."""
    folders = {load_settings({"fleet": name}, {}, tmp_path).datasets_dir for name in (None, "staging", "shop")}
    assert len(folders) == 3
    assert all(folder.is_relative_to(tmp_path / ".aqe") for folder in folders)
    assert not any(one in other.parents for one in folders for other in folders)

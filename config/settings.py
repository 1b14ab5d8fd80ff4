"""Settings from flags, environment, aqe.yaml, defaults, in this order. The only module that reads the environment."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, Field, ValidationError

from ..core.errors import InputError
from ..core.masking import MASK, is_secret_name, mask_text
from ..core.records.decisions.approvers import Approver
from ..core.registry import did_you_mean
from .expected import expected
from .sections import Sections

if TYPE_CHECKING:
    from .yamlfile import YamlDocument

FILE_NAME = "aqe.yaml"
SOCKET_PATH_MAX_BYTES = 103
"""AF_UNIX paths end at 107 bytes on Linux, 103 on macOS."""


class Option(NamedTuple):
    """A setting that a flag or the environment can give."""

    section: str
    name: str
    flag: str
    """`data_dir` for `--data-dir`."""
    env: str | None = None
    is_path: bool = False


OPTIONS = (
    Option("fleet", "name", "fleet", "AQE_FLEET"),
    Option("fleet", "data_dir", "data_dir", "AQE_DATA_DIR", is_path=True),
    Option("fleet", "log_level", "log_level", "AQE_LOG_LEVEL"),
    Option("fleet", "log_format", "log_format", "AQE_LOG_FORMAT"),
    Option("redis", "url", "redis_url", "AQE_REDIS_URL"),
    Option("redis", "password_file", "redis_password_file", "AQE_REDIS_PASSWORD_FILE", is_path=True),
    Option("redis", "listen", "listen"),
    Option("redis", "listen_public", "i_know"),
    Option("policy", "file", "policy", "AQE_POLICY", is_path=True),
)
CONFIG = Option("", "config", "config", "AQE_CONFIG", is_path=True)
"""Which file to read: a question before all settings."""
OTHER_ENV = ("AQE_APPROVER_SECRET",)
"""Names that are ours and no settings: nothing keeps or shows them."""


class Settings(Sections):
    """What aqe.yaml, environment and flags add up to, with the places derived from it."""

    project_root: Path
    """Folder of aqe.yaml, else of .git, else the current one."""
    config_file: Path | None
    data_dir: Path
    """Absolute."""
    socket_path: Path
    """Where the embedded server's Unix socket is put; one per data folder."""
    color: bool
    """False when NO_COLOR asks for it; whoever prints also looks for a terminal."""
    search_path: str | None = Field(repr=False)
    """PATH, for finding programs."""
    origins: Mapping[str, str] = Field(repr=False)
    """`redis.url` -> where its value came from."""
    unknown_env: tuple[str, ...] = ()
    """AQE_ variables that nobody reads, each with what was probably meant."""

    @property
    def prefix(self) -> str:
        """What stands before every key: nothing, or `{name}`, which keeps a fleet in one Cluster slot."""
        return f"{{{self.fleet.name}}}" if self.fleet.name else ""

    @property
    def server_dir(self) -> Path:
        """The embedded server's data, log and password."""
        return self.data_dir / "server"

    @property
    def server_password_file(self) -> Path:
        """Exists exactly when the embedded server wants a password."""
        return self.server_dir / "password"

    @property
    def datasets_dir(self) -> Path:
        """Bulk data, of this fleet only."""
        folder = self.data_dir / "fleets" / self.fleet.name if self.fleet.name else self.data_dir
        return folder / "datasets"


class Shown(NamedTuple):
    """One line of `aqe config show`."""

    key: str
    value: object
    origin: str
    """`--fleet`, `AQE_FLEET`, `aqe.yaml:3` or `default`."""


def environment() -> dict[str, str]:
    """A copy of the environment, for those who need more of it than settings (hooks)."""
    return dict(os.environ)


def ignore_plugins() -> None:
    """Let pydantic not look for plugins: it would read the metadata of every installed package, and we use none."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def known_approvers(settings: Settings) -> dict[str, Approver]:
    """Id -> approver, for those who check what was signed."""
    return {id: Approver(id=id, **dict(section)) for id, section in settings.approvers.items()}


def approver_secret(env: Mapping[str, str] | None = None) -> str | None:
    """AQE_APPROVER_SECRET; None when it is not set."""
    return (environment() if env is None else env).get("AQE_APPROVER_SECRET") or None


def load_settings(
    flags: Mapping[str, Any] = MappingProxyType({}),
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Settings:
    """Find, read and check the configuration.

    Args:
        flags: what the command line gave, by the names in OPTIONS and `config`; None and absent mean "not given".
        env: the environment, default the process's; an empty value means "not set".
        cwd: where to start looking for aqe.yaml and what relative flags are relative to; default the current folder.
            Relative paths in the file are relative to the file.

    Raises:
        InputError: a file that cannot be read, an unknown key, a value that does not fit; names file and line,
            variable or flag.
    """
    env = environment() if env is None else env
    cwd = (cwd or Path.cwd()).absolute()
    given = _given(flags, env)
    file = _config_file(given.pop(CONFIG.flag, None), cwd)
    root = file.parent if file else _upwards(cwd, ".git") or cwd
    document = _read(file, cwd) if file else None
    tree = _overlay(document, given.values(), cwd)
    origins = _Origins(given.values(), document)
    try:
        sections = Sections.model_validate(tree, context={"root": root})
    except ValidationError as error:
        raise _input_error(error, origins) from error
    data_dir = (sections.fleet.data_dir or root / ".aqe").resolve()
    # Not checked again: that would be half as much work once more.
    return Settings.model_construct(
        **dict(sections),
        project_root=root,
        config_file=file,
        data_dir=data_dir,
        socket_path=_socket_path(data_dir, env),
        color=not env.get("NO_COLOR"),
        search_path=env.get("PATH"),
        origins={".".join(path): origins.of(path) for path, _ in _leaves(sections)},
        unknown_env=tuple(_unknown(env)),
    )


def effective(settings: Settings) -> tuple[Shown, ...]:
    """Every value in force and where it came from; secrets masked."""
    lines = []
    for path, value in _leaves(Sections(**{name: getattr(settings, name) for name in Sections.model_fields})):
        key = ".".join(path)
        lines.append(Shown(key, _shown(path, value), settings.origins[key]))
    return tuple(lines)


def _shown(path: tuple[str, ...], value: object) -> object:
    if value and (is_secret_name(path[-1]) or (path[0] == "notify" and path[-1] == "url")):
        return MASK
    return mask_text(value) if isinstance(value, str) else value


def _leaves(value: object, path: tuple[str, ...] = ()) -> Iterable[tuple[tuple[str, ...], object]]:
    """Every single value below, with its path; an empty mapping is a value."""
    inner = dict(value) if isinstance(value, BaseModel | dict) else {}
    if not inner:
        yield path, value
    for key, item in inner.items():
        yield from _leaves(item, (*path, str(key)))


class _Given(NamedTuple):
    value: Any
    origin: str
    option: Option


def _given(flags: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, _Given]:
    """By flag name: what flags and environment say, the flag first."""
    table = {option.flag: option for option in (*OPTIONS, CONFIG)}
    if strange := flags.keys() - table:
        raise ValueError(f"no such flags: {sorted(strange)}")
    given = {}
    for flag, option in table.items():
        if flags.get(flag) is not None:
            given[flag] = _Given(flags[flag], f"--{flag.replace('_', '-')}", option)
        elif option.env and env.get(option.env):
            given[flag] = _Given(env[option.env], option.env, option)
    return given


def _config_file(given: _Given | None, cwd: Path) -> Path | None:
    if given is None:
        folder = _upwards(cwd, FILE_NAME)
        return folder / FILE_NAME if folder else None
    file = cwd / Path(given.value).expanduser()
    if not file.is_file():
        raise InputError(f"{given.origin}: {file} is not a file", hint="`aqe init` writes an aqe.yaml")
    return file


def _upwards(start: Path, name: str) -> Path | None:
    """The nearest folder, from `start` up, that holds `name`."""
    return next((folder for folder in (start, *start.parents) if (folder / name).exists()), None)


def _read(file: Path, cwd: Path) -> "YamlDocument":
    from .yamlfile import load_yaml

    where = str(file.relative_to(cwd) if file.is_relative_to(cwd) else file)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{where}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8 text (byte {error.start})") from error
    return load_yaml(text, where=where)


def _overlay(document: "YamlDocument | None", given: Iterable[_Given], cwd: Path) -> dict[str, Any]:
    """The file's tree with environment and flags laid over it."""
    sections = document.value if document else {}
    # A section whose lines are all commented out is None: it means its defaults.
    tree: dict[str, Any] = {name: {} for name in Sections.model_fields}
    tree |= {name: {} if section is None else section for name, section in sections.items()}
    for value, _, option in given:
        section = tree.setdefault(option.section, {})
        if isinstance(section, dict):
            chosen = cwd / Path(value).expanduser() if option.is_path else value
            tree[option.section] = {**section, option.name: chosen}
    return tree


Location = tuple[str | int, ...]


class _Origins:
    """Says where the value at a path came from."""

    def __init__(self, given: Iterable[_Given], document: "YamlDocument | None") -> None:
        self._given: dict[Location, str] = {(g.option.section, g.option.name): g.origin for g in given}
        self._document = document

    def of(self, path: Location) -> str:
        """`--fleet`, `AQE_FLEET`, `aqe.yaml:3` or `default`."""
        if path in self._given or self._document is None or path not in self._document.lines:
            return self._given.get(path, "default")
        return f"{self._document.where}:{self._document.line_of(path)}"

    def nearest(self, path: Location) -> str:
        """The same for the value or, if it is missing, for the section that should hold it."""
        while path and self.of(path) == "default":
            path = path[:-1]
        return self.of(path)


def _input_error(error: ValidationError, origins: _Origins) -> InputError:
    first = error.errors(include_url=False)[0]
    path = tuple(part for part in first["loc"] if part != "[key]")
    name = ".".join(map(str, path))
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        known = _known_names(path[:-1])
        what = f"unknown key {name!r}{did_you_mean(str(path[-1]), known)}"
        return InputError(f"{origins.nearest(path)}: {what}{more}", hint=f"known here: {', '.join(known)}")
    if first["type"] == "missing":
        return InputError(f"{origins.nearest(path)}: {name} is missing{more}")
    no_section = first["type"] in ("model_type", "dict_type")
    # Where a section should be, people put what belongs into it: a receiver's address with its token, say.
    secret = is_secret_name(str(path[-1])) or path[-1] == "url" or no_section
    found = "" if secret else f" is {first['input']!r:.80}"
    reason = "expected `key: value` lines" if no_section else expected(first["type"], first["msg"])
    return InputError(f"{origins.nearest(path)}: {name}{found}: {reason}{more}")


def _known_names(path: Location) -> list[str]:
    """Names of the fields of the model at this place of the file."""
    model: Any = Sections
    for part in path:
        # `dict[str, Approver]` is no class: the part is any name, the model is the value's.
        model = model.model_fields[part].annotation if hasattr(model, "model_fields") else model.__args__[1]
    return list(model.model_fields)


def _socket_path(data_dir: Path, env: Mapping[str, str]) -> Path:
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16] + ".sock"
    runtime = env.get("XDG_RUNTIME_DIR", "")
    path = Path(runtime, "aqe", name)
    if os.path.isabs(runtime) and os.path.isdir(runtime) and len(os.fsencode(path)) <= SOCKET_PATH_MAX_BYTES:
        return path
    return Path(f"/tmp/aqe-{user_id()}", name)


def user_id() -> int:
    """Numeric id of the user; 0 where there is none (Windows)."""
    return os.getuid() if hasattr(os, "getuid") else 0


def _unknown(env: Mapping[str, str]) -> Iterable[str]:
    known = [option.env for option in (*OPTIONS, CONFIG) if option.env] + list(OTHER_ENV)
    return (name + did_you_mean(name, known) for name in sorted(env) if name.startswith("AQE_") and name not in known)

"""The state of what learns, as JSON and back: exact to the last bit, because going on must equal never having stopped.

States are dataclasses of arrays, numbers and other states. A format of our own and not pickle: a memory key may be
written by anybody, and reading one must not run code.
"""

import base64
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

T = TypeVar("T")


def pack(state: Any) -> Any:
    """A JSON value.

    Args:
        state: a dataclass; its fields are arrays of floats, numbers, texts, None, and lists, tuples and dataclasses of
            these. NaN and infinity are allowed in arrays only.
    """
    if is_dataclass(state) and not isinstance(state, type):
        return {field.name: pack(getattr(state, field.name)) for field in fields(state)}
    if isinstance(state, np.ndarray):
        data = np.ascontiguousarray(state, dtype="<f8")
        return {"shape": list(state.shape), "f8": base64.b64encode(data.tobytes()).decode()}
    if isinstance(state, list | tuple):
        return [pack(item) for item in state]
    return state


def unpack(kind: type[T], packed: Any) -> T:
    """The state again.

    >>> from .ewma import Ewma
    >>> mean = Ewma.start(0.5, (1,))
    >>> _ = mean.feed(np.array([[4.0]]))
    >>> again = unpack(Ewma, pack(mean))
    >>> float(again.last[0, 0]), again.feed(np.array([[1.0]])).tolist() == mean.feed(np.array([[1.0]])).tolist()
    (4.0, True)

    Raises:
        ValueError: it is no such state.
    """
    try:
        found: T = _unpacked(kind, packed)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no state of a {kind.__name__}: {error!r}") from error
    return found


def _unpacked(kind: Any, packed: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        if packed is None and NoneType in get_args(kind):
            return None
        return _unpacked(next(option for option in get_args(kind) if option is not NoneType), packed)
    if is_dataclass(kind) and isinstance(kind, type):
        return _instance(kind, packed)
    if kind is np.ndarray or get_origin(kind) is np.ndarray:
        data = base64.b64decode(packed["f8"], validate=True)
        return np.frombuffer(data, dtype="<f8").reshape(packed["shape"]).astype(np.float64)
    if get_origin(kind) is list:
        return [_unpacked(get_args(kind)[0], item) for item in packed]
    if get_origin(kind) is tuple:
        return tuple(_unpacked(of, item) for of, item in zip(get_args(kind), packed, strict=True))
    number = float(packed) if kind is float and isinstance(packed, int) else packed
    if type(number) is not kind:
        raise TypeError(f"{packed!r:.40} is no {kind.__name__}")
    return number


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _instance(kind: Any, packed: Any) -> Any:
    # Without __init__: a state that was taken up must not be begun anew.
    made = object.__new__(kind)
    for name, hint in _hints(kind).items():
        object.__setattr__(made, name, _unpacked(hint, packed[name]))
    return made

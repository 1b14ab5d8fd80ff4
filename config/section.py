"""What every section of aqe.yaml is, and how its paths are read."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo


def _from_root(path: Path, info: ValidationInfo) -> Path:
    return Path(info.context["root"], path.expanduser()) if info.context else path


FilePath = Annotated[Path, AfterValidator(_from_root)]
"""Relative paths in aqe.yaml are relative to its folder."""


class Section(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

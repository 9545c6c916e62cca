"""The user's folders: where what belongs to no study is kept."""

from __future__ import annotations

import os
from pathlib import Path


def model_cache() -> Path:
    """Whet's folder of downloaded models; it need not exist."""
    return user_cache() / "whet" / "models"


def user_data() -> Path:
    """The user's data folder (`XDG_DATA_HOME`, else `~/.local/share`)."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def user_cache() -> Path:
    """The user's cache folder (`XDG_CACHE_HOME`, else `~/.cache`)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")

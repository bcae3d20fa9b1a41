"""Secret keys that live in the data folder: made by whoever comes first, the same for all."""

import contextlib
import os
from pathlib import Path

from services.kit.clock import new_id, new_secret


def shared_key(path: Path) -> str:
    """The key in the file `path`; made (readable by the owner alone) when there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Not the process id: it is 1 in every container that shares the folder.
        draft = path.with_suffix(f".{new_id()}")
        draft.touch(mode=0o600)
        draft.write_text(new_secret(), encoding="ascii")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # atomic: never a half-written key, never a second one
        draft.unlink()
    return path.read_text(encoding="ascii")

"""The pages' files, under names that change with their contents, so that they are kept for ever."""

import hashlib
from pathlib import Path

from fastapi import APIRouter, Response

from services.kit.problem import Problem

FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


class Assets:
    """Reads every file once. `url(name)` is a file's address."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files: dict[str, tuple[str, bytes]] = {}
        self._names: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:12]
            name = f"{path.stem}.{digest}{path.suffix}"
            self._names[path.name] = name
            self._files[name] = (_TYPES[path.suffix], content)

    def url(self, name: str) -> str:
        """The address on this host."""
        return f"/forms/assets/{self._names[name]}"

    def routes(self) -> APIRouter:
        """The route that serves them."""
        router = APIRouter(include_in_schema=False)

        @router.get("/forms/assets/{name}")
        async def asset(name: str) -> Response:
            if name not in self._files:
                raise Problem(404, "There is no such file.")
            media_type, content = self._files[name]
            headers = {"Cache-Control": "public, max-age=31536000, immutable"}
            return Response(content, media_type=media_type, headers=headers)

        return router

"""Pages in a real browser (Debian's `chromium`), against real servers."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.stack import _servers, broker, new_stack, redis_server, stack

__all__ = ["_servers", "broker", "new_stack", "redis_server", "stack"]


# Not longer than a module: its event loop would be in the way of other tests' loops.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; the tests are skipped where there is none."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("There is no Chromium here: install Debian's package `chromium`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server"],
        )
        yield browser
        browser.close()

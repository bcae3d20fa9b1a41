"""For all tests: async tests (`@pytest.mark.anyio`) run on asyncio."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of async tests."""
    return "asyncio"

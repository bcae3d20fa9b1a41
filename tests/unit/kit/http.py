"""Asking an app without a network."""

import httpx
from fastapi import FastAPI


def client(app: FastAPI) -> httpx.AsyncClient:
    """A client of `app`. What the app raises is what a customer would see: its answer."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")

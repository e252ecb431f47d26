"""An S3 of its own for benchmarks and tests: moto's server, on a free port of 127.0.0.1."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import obstore
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from core.settings import ObjectStoreSettings


class ObjectStore:
    """The server, and the settings that reach it."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        host, self.port = self._server.get_host_and_port()
        self._endpoint = f"http://{host}:{self.port}"
        self.settings = ObjectStoreSettings.model_validate(
            {"endpoint": self._endpoint, "key_id": "me", "secret": "s3-secret", "allow_http": True}
        )

    def bucket(self) -> str:
        """The address of a new, empty bucket."""
        name = f"bucket-{uuid4().hex}"
        httpx.put(f"{self._endpoint}/{name}", timeout=60).raise_for_status()
        return f"s3://{name}"

    def client(self, url: str) -> S3Store:
        """A client of our own, to look at what is there and to damage it."""
        return S3Store.from_url(
            url,
            endpoint=self._endpoint,
            region="us-east-1",
            access_key_id="me",
            secret_access_key="s3-secret",
            client_options={"allow_http": True},
        )

    def keys(self, url: str) -> list[str]:
        return sorted(found["path"] for part in obstore.list(self.client(url)) for found in part)

    def stop(self) -> None:
        self._server.stop()


@contextmanager
def own_object_store() -> Iterator[ObjectStore]:
    store = ObjectStore()
    try:
        yield store
    finally:
        store.stop()

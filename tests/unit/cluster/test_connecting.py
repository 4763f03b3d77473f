"""An address that nothing of Ray's answers at is told at once."""

from __future__ import annotations

import importlib.util
import socket
import threading

import pytest

from cutscore.cluster import connecting
from cutscore.cluster.connecting import connected
from cutscore.config.parts import validated
from cutscore.config.ray_settings import CELLS, RaySettings
from cutscore.errors import RequestError


@pytest.fixture
def listener():
    """A server that answers whatever it is sent as one that speaks HTTP/1 would."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(100)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def fault(settings: RaySettings) -> str:
    with pytest.raises(RequestError) as caught, connected(settings, CELLS):
        pass
    (found,) = caught.value.faults
    return str(found)


def test_without_ray_the_extra_is_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert fault(RaySettings()) == (
        "hydra/launcher: Ray is not installed here. Install the extra: pip install 'cutscore[ray]'."
    )


def test_an_address_that_is_no_cluster_is_told(listener, monkeypatch):
    pytest.importorskip("ray", reason="Ray is not installed (the extra: ray)")
    monkeypatch.setattr(connecting, "ANSWER_SECONDS", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        assert f"answers at {address} (timed out)" in fault(RaySettings(address))
    assert f"answers at {address} ([Errno 111] Connection refused)" in fault(RaySettings(address))
    assert f"answers at {listener} (it is no Ray cluster)" in fault(RaySettings(listener))
    monkeypatch.setenv("RAY_ADDRESS", address)
    assert fault(RaySettings()).startswith("RAY_ADDRESS: nothing that is a Ray cluster")


@pytest.mark.parametrize("address", ["head", "ray://head:10001", "http://head:80", ":1", "head:x"])
def test_other_addresses_are_refused(address):
    with pytest.raises(RequestError, match="host:port of a cluster's head"):
        validated("hydra.launcher", RaySettings, {"address": address})

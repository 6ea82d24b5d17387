"""The server: where it listens, what it says when it cannot, and that nothing is left behind."""

import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from arb_core.errors import SettingsError
from arb_core.interfaces.observer import Observer
from arb_core.registry import Registry
from arb_core.structs.notice import FaultNotice
from arb_prometheus.card import CARD
from arb_prometheus.observer import HOST
from arb_prometheus.settings import Settings


def test_it_is_found_by_being_installed() -> None:
    registry = Registry()
    assert registry.observer_card("prometheus") == CARD

    class Given:
        settings = Settings(port=0)
        logger = logging.getLogger("arb_core.observers.prometheus")

        def figures(self) -> None: ...

    given: Any = Given()
    assert isinstance(registry.observer("prometheus", given), Observer)


def test_it_listens_on_loopback_alone_and_no_setting_changes_that(serve: Callable[..., Any]) -> None:
    assert HOST == "127.0.0.1"
    assert serve().observer._server.server_address[0] == HOST
    assert {field.name for field in msgspec.structs.fields(Settings)} == {"port", "per_symbol"}


def test_a_free_port_is_told_to_whoever_asked_for_one(
    serve: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    stage = serve(port=0)
    assert stage.observer.port
    # At a level that is shown without -v.
    (record,) = caplog.records
    assert (record.levelno, record.message) == (
        logging.WARNING,
        f"metrics on http://127.0.0.1:{stage.observer.port}/metrics",
    )


def test_a_port_that_is_taken_is_an_error_of_the_settings(serve: Callable[..., Any]) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"nothing can listen on 127.0.0.1:{port}: .*choose another") as raised:
            serve(port=port)
    assert raised.value.key == "observers.prometheus.port"


@pytest.mark.parametrize("port", [-1, 65536, "9464"])
def test_a_port_out_of_range_is_refused(port: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"port": port}, Settings)


def test_stop_ends_the_server_and_its_thread(serve: Callable[..., Any]) -> None:
    before = threading.active_count()
    stage = serve()
    assert "arb_up" in stage.page()
    port = stage.observer.port
    stage.observer.stop()
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port))
    stage.observer.stop()  # harmless


def test_a_page_may_be_read_while_everything_is_told(serve: Callable[..., Any]) -> None:
    stage = serve()
    stop = threading.Event()
    errors: list[BaseException] = []

    def tell() -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                notice = FaultNotice(name=f"name{number % 500}", detail="", at_ns=1)
                stage.observer.fault(notice)
        except BaseException as error:  # noqa: BLE001 (told by the test's own thread)
            errors.append(error)

    teller = threading.Thread(target=tell)
    teller.start()
    counts = [sum(sample.value for sample in stage.page()["arb_faults"].samples) for _ in range(4)]
    stop.set()
    teller.join()
    assert not errors
    assert counts == sorted(counts)

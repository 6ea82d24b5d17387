"""Hears what is tallied, and serves the page on loopback."""

import logging
from threading import Thread
from wsgiref.simple_server import WSGIServer

from arb_core.errors import SettingsError
from arb_core.interfaces.observer import Observer, ObserverContext
from arb_core.structs.notice import BookNotice, FaultNotice, FillNotice, OpportunityNotice, OrderNotice, ResultNotice
from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

from arb_prometheus.page import Page
from arb_prometheus.settings import Settings
from arb_prometheus.tallies import Tallies

__all__ = ["HOST", "Prometheus"]

HOST = "127.0.0.1"
"""Who can read P&L and positions is decided by who can log in to this machine."""


class Prometheus(Observer):
    """Serves `/metrics` from `start` to `stop`, with a thread for each scrape."""

    def __init__(self, context: ObserverContext, settings: Settings) -> None:
        """Take the settings; nothing is opened before `start`."""
        self._logger = context.logger
        self._settings = settings
        self._tallies = Tallies()
        # A registry of our own: the library's global one is shared with whatever else runs in this process.
        self._registry = CollectorRegistry()
        self._registry.register(Page(context.figures, self._tallies, per_symbol=settings.per_symbol))
        ProcessCollector(registry=self._registry)
        self._server: WSGIServer | None = None
        self._thread: Thread | None = None

    @property
    def port(self) -> int:
        """Where the page is served; 0 = it is not."""
        return 0 if self._server is None else self._server.server_port

    def start(self) -> None:
        try:
            self._server, self._thread = start_http_server(self._settings.port, addr=HOST, registry=self._registry)
        except OSError as error:
            raise SettingsError(
                f"nothing can listen on {HOST}:{self._settings.port}: {error.strerror or error}; "
                "choose another port, or 0 for a free one",
                key="observers.prometheus.port",
            ) from error
        # Whoever asks for a free port has to be told which, also where nothing below a warning is shown.
        level = logging.INFO if self._settings.port else logging.WARNING
        self._logger.log(level, "metrics on http://%s:%d/metrics", HOST, self.port)

    def opportunity(self, notice: OpportunityNotice) -> None:
        self._tallies.opportunity(notice)

    def order(self, notice: OrderNotice) -> None:
        self._tallies.order(notice)

    def fill(self, notice: FillNotice) -> None:
        self._tallies.fill(notice)

    def result(self, notice: ResultNotice) -> None:
        self._tallies.result(notice)

    def fault(self, notice: FaultNotice) -> None:
        self._tallies.fault(notice)

    def book_state(self, notice: BookNotice) -> None:
        self._tallies.book(notice)

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None

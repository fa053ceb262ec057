"""`flask serve` and `flask worker`: the processes that stay."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

import click
import waitress
from flask import Flask, current_app

from app.cli.talking import need_keys, need_schema, speaks, tell
from app.extensions import db, runtime
from app.jobs.handlers import handlers
from app.jobs.worker import Worker
from app.web import logging
from app.words import N_, say


@click.command("serve", help=N_("启动网页服务和后台任务"))
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, help=N_("监听地址"))
@click.option("--port", envvar="PORT", type=click.IntRange(0, 65535), default=8000, show_default=True, help=N_("端口"))
@click.option("--threads", type=click.IntRange(1, 64), default=8, show_default=True, help=N_("网页线程数"))
@click.option("--no-worker", is_flag=True, help=N_("不在这个进程里执行后台任务（另有 flask worker）"))
@speaks
def serve(host: str, port: int, threads: int, no_worker: bool) -> None:
    run_server(host, port, threads=threads, with_worker=not no_worker)


def run_server(host: str, port: int, *, threads: int = 8, with_worker: bool = True) -> None:
    """Serve until SIGTERM or SIGINT: requests in hand are answered, the job in hand is finished."""
    need_keys()
    need_schema()
    settings = runtime().settings
    for warning in settings.warnings:
        tell(warning, error=True)
    logging.configure(settings.log_format)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    app.secret_key = settings.secret_key
    server = waitress.create_server(
        app,
        host=host,
        port=port,
        threads=threads,
        ident=None,
        max_request_body_size=2 * settings.max_upload_mb * 1024 * 1024,
        clear_untrusted_proxy_headers=settings.trusted_proxies == 0,
    )
    worker = Worker(app, handlers(settings)) if with_worker else None
    _on_signals(_leave)
    if worker:
        worker.start()
    tell(say("服务已启动：%(address)s", address=f"http://{server.effective_host}:{server.effective_port}"), error=True)
    sys.stderr.flush()
    try:
        server.run()
    finally:
        server.close()
        if worker:
            worker.stop()
        db.engine.dispose()


@click.command("worker", help=N_("执行后台任务；可以在多台机器上运行任意多个"))
@click.option("--threads", type=click.IntRange(1, 64), default=2, show_default=True, help=N_("线程数"))
@speaks
def worker(threads: int) -> None:
    need_keys()
    need_schema()
    settings = runtime().settings
    logging.configure(settings.log_format)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    team = Worker(app, handlers(settings), threads=threads)
    _on_signals(lambda _number, _frame: team.request_stop())
    team.start()
    team.wait()
    if not team.stop():
        raise click.exceptions.Exit(1)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _on_signals(handler: object) -> None:
    """Only the main thread may; elsewhere (a test) whoever started the process stops it."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handler)  # type: ignore[arg-type]

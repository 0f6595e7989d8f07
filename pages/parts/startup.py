"""What must hold before the first visitor comes in."""

import gc
import importlib
import logging
import os
import time
from contextlib import asynccontextmanager

import pandas  # noqa: F401 (loaded before the freeze)
import plotly.express  # noqa: F401
import streamlit as st
from anyio import to_thread
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from db import settings
from engine import opening
from engine.route import search
from engine.scheduler import Scheduler
from pages.parts import live, who
from pages.parts.wire import BINDING, IDENTITY

NEEDED = {
    "server.trustedUserHeaders": {BINDING: IDENTITY},
    "server.enableAgentApi": False,
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.scriptHealthCheckEnabled": False,
    "server.baseUrlPath": "",
    "client.showErrorDetails": "none",
    "client.allowedOrigins": [],
    "global.developmentMode": False,
    "browser.gatherUsageStats": False,
}


class UnsafeConfiguration(Exception):
    """Vigil does not start with this setting of Streamlit's; see .streamlit/config.toml."""


def prepare_process() -> None:
    """Before the server is made."""
    os.environ["TZ"] = str(settings.ZONE)
    time.tzset()
    # Else the first visitor after a start can run a script in pages/ by its address alone, without the frame.
    PagesManager.uses_pages_directory = False
    _speak_in_every_run()


def _speak_in_every_run() -> None:
    """The reader's language is set before anything else runs: fragments and callbacks run without the frame."""
    run = ScriptRunner._run_script

    def speaking(runner: ScriptRunner, asked: RerunData) -> None:
        who.speak_their_language()
        run(runner, asked)

    ScriptRunner._run_script = speaking


@asynccontextmanager
async def lifespan(_app):
    check_configuration()
    _import_the_pages()
    await to_thread.run_sync(opening.open_store)
    await to_thread.run_sync(search.load)
    logging.getLogger("uvicorn.access").disabled = True  # addresses of uploads name Streamlit sessions
    # Streamlit collects garbage after every run; frozen, what was imported is left out of it: 75 ms become 6.
    gc.collect()
    gc.freeze()
    scheduler = Scheduler() if settings.jobs_in_app() else None
    if scheduler:
        scheduler.start()
    live.start()
    yield
    await to_thread.run_sync(live.stop)
    if scheduler:
        await to_thread.run_sync(scheduler.stop)


def _import_the_pages() -> None:
    """Here, for components want a running server to register with; those of the sign-in form remark that nobody asked for a page yet."""
    remarks = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")
    remarks.disabled = True
    importlib.import_module("pages.parts.frame")
    remarks.disabled = False


def check_configuration() -> None:
    """Whatever a file, a variable or a flag says."""
    for option, needed in NEEDED.items():
        found = st.get_option(option)
        if found != needed:
            raise UnsafeConfiguration(f"{option} is {found!r}, must be {needed!r}")

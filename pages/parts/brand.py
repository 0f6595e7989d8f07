"""The product's name and mark, and what each browser tab shows of them."""

from functools import cache

import streamlit as st

from db import settings
from engine import words
from engine.words import _

ASSETS = settings.ROOT / "assets"


def tab(title: str, **options: object) -> None:
    """Names the tab. It ends with the product's name in the reader's language: assets/static/words.js goes by it."""
    st.set_page_config(page_title=f"{title} · {_('Vigil')}", page_icon=_svg("static/mark.svg"), **options)


def logo() -> None:
    st.logo(_wordmark(words.language.get()), size="large", icon_image=_svg("static/mark.svg"))


@cache
def _wordmark(language: str) -> str:
    drawn = _svg("logo.svg")
    return drawn if language == "zh" else drawn.replace("守望", "Vigil")


@cache
def _svg(file: str) -> str:
    return (ASSETS / file).read_text(encoding="utf-8")

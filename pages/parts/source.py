"""Where a browser is, as the gate has found out."""

import streamlit as st


def source() -> str:
    """Streamlit says None of this very machine."""
    return st.context.ip_address or "127.0.0.1"


def agent() -> str:
    return st.context.headers.get("User-Agent") or ""

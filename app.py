"""Vigil's composition root. Imported, it is the server: Streamlit with our routes, and the gate in front.
Run as the script, for every click, it is the frame: who is it, which page, show it.

    streamlit run app.py        or        uvicorn app:app --no-access-log
"""

if __name__ == "__main__":
    from pages.parts import frame

    frame.run()
else:
    import streamlit as st

    from api import app as api
    from api.gate import Wire
    from pages.parts import errors, startup, wire

    startup.prepare_process()
    app = st.App(
        __file__,
        routes=api.routes(),
        middleware=api.middleware(Wire(wire.BINDING, wire.by_human, wire.plain, wire.owner)),
        exception_handlers=api.exception_handlers(),
        on_script_error=errors.show,
        lifespan=startup.lifespan,
    )

"""What the gate must know of Streamlit's own protocol and runtime."""

from google.protobuf.message import DecodeError
from streamlit import runtime
from streamlit.proto.BackMsg_pb2 import BackMsg

BINDING = "x-vigil-session"  # the header only the gate can set
IDENTITY = "sid"  # what server.trustedUserHeaders calls the gate's binding in st.user


def by_human(data: bytes) -> bool:
    """A click or a change, as against a timer (st.fragment(run_every=...)) and the browser's own housekeeping."""
    message = _read(data)
    return message.WhichOneof("type") == "rerun_script" and not message.rerun_script.is_auto_rerun


def plain(data: bytes) -> bytes | None:
    """Only the wish to see the page anew: no fragment, which would run without app.py, and no widget's callback."""
    message = _read(data)
    if message.WhichOneof("type") != "rerun_script":
        return None
    message.rerun_script.fragment_id = ""
    message.rerun_script.is_auto_rerun = False
    message.rerun_script.ClearField("widget_states")
    return message.SerializeToString()


def owner(streamlit_session: str) -> str | None:
    """The gate's binding with which a Streamlit session was opened."""
    info = runtime.get_instance()._session_mgr.get_session_info(streamlit_session)
    return info.session._user_info.get(IDENTITY) if info else None


def _read(data: bytes) -> BackMsg:
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return BackMsg()  # Streamlit will close the line over it
    return message

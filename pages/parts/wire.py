"""What the gate must know of Streamlit's own protocol and runtime."""

from google.protobuf.message import DecodeError
from streamlit import runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState

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


def this_fragment() -> tuple[str, str] | None:
    """Streamlit's names for the session and the fragment that is running; None outside a fragment."""
    run = get_script_run_ctx(suppress_warning=True)
    fragment = ThreadState.get().fragment_id if run else None
    return (run.session_id, fragment) if fragment else None


def is_open(session_id: str, fragment_id: str) -> bool | None:
    """Whether a fragment is on somebody's screen; None: the browser is away for the moment."""
    sessions = runtime.get_instance()._session_mgr
    info = sessions.get_session_info(session_id)
    if info is None or not info.session.has_fragment(fragment_id):
        return False
    return True if sessions.get_active_session_info(session_id) else None


def run_again(session_id: str, fragment_id: str) -> None:
    """Run a fragment as its own timer would; nothing comes from the browser, so nobody's session is prolonged."""
    instance = runtime.get_instance()
    info = instance._session_mgr.get_active_session_info(session_id)
    if info is not None:
        state = ClientState()
        state.CopyFrom(info.session._client_state)
        state.fragment_id, state.is_auto_rerun = fragment_id, True
        instance._get_async_objs().eventloop.call_soon_threadsafe(info.session.request_rerun, state)


def _read(data: bytes) -> BackMsg:
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return BackMsg()  # Streamlit will close the line over it
    return message

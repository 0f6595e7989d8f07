"""How I am told what concerns me: through which channels, when not, and the digest."""

import streamlit as st

from db import access, settings
from db.access import Person
from engine import channels, clock, notices, parameters, permits, preferences
from engine.channels import Channel
from engine.words import _
from pages.parts import acts, frame, look

HOURS = [str(hour) for hour in range(24)]
OFF = "off"


def show(person: Person) -> None:
    if not permits.may(person, "notices.see"):
        return
    with access.reading(person) as conn:
        wishes, usual = preferences.of(conn, person), parameters.values(conn, clock.today())
    with st.container(border=True):
        st.subheader(_("Messages"), anchor=False)
        _channels(wishes)
        _quiet(wishes, usual)
        _digest(wishes, usual)


def _channels(wishes: dict) -> None:
    try:
        known = channels.configured()
    except settings.BadSetting:
        st.warning(_("The channels of the bank cannot be read. Whoever runs Vigil can mend that."), icon=":material/warning:")
        return
    if not known:
        st.caption(_("All messages are under the bell. The bank has set up no channel that would bring them outside yet."))
        return
    st.caption(_("All messages are under the bell. They can reach you outside too, with numbers and kinds only."))
    for code, channel in known.items():
        _channel(code, channel, wishes)
    chosen = [code for code in wishes.get("channels") or [] if code in known]
    acts.button("Send me a test message", _try, "me.try", icon=":material/send:", disabled=not chosen)


def _channel(code: str, channel: Channel, wishes: dict) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        address = (wishes.get("addresses") or {}).get(code, "")
        if channel.asks:
            key = f"me.address.{code}"
            st.session_state.setdefault(key, address)
            st.text_input(look.plain(channel.asked), key=key, on_change=_address, args=(code, channel.name), max_chars=100)
        key = f"me.channel.{code}"
        st.session_state[key] = code in (wishes.get("channels") or [])
        st.toggle(look.plain(channel.name), key=key, on_change=_choose, args=(code,))


def _choose(code: str) -> None:
    """A channel that asks for an address has one first."""
    by, wanted, channel = frame.person(), st.session_state[f"me.channel.{code}"], channels.configured()[code]
    with acts.act(by, "preference.set") as conn:
        wishes = preferences.of(conn, by)
        if wanted and channel.asks and not (wishes.get("addresses") or {}).get(code):
            acts.tell(_("Give first where {0} is to reach you.").format(channel.name), "error")
            return
        chosen = [other for other in wishes.get("channels") or [] if other != code]
        preferences.prefer(conn, by, channels=chosen + [code] * wanted)


def _address(code: str, name: str) -> None:
    """Without an address the channel is not used."""
    by, typed = frame.person(), st.session_state.pop(f"me.address.{code}").strip()
    known = channels.configured().get(code)
    if typed and known and not known.accepts(typed):
        acts.tell(_("This is no address that {0} takes: {1}").format(name, typed), "error")
        return
    with acts.act(by, "preference.set", "Saved") as conn:
        now = preferences.of(conn, by)
        others = {other: where for other, where in (now.get("addresses") or {}).items() if other != code}
        chosen = [other for other in now.get("channels") or [] if other != code or typed]
        preferences.prefer(conn, by, addresses=others | ({code: typed} if typed else {}), channels=chosen)


def _try() -> None:
    by = frame.person()
    with acts.act(by, "notice.try", "It goes out within a minute") as conn:
        notices.try_channels(conn, by)


def _quiet(wishes: dict, usual: dict) -> None:
    start, end = _now_quiet(wishes, usual)
    st.session_state["me.quiet_from"], st.session_state["me.quiet_until"] = start, end
    with st.container(horizontal=True):
        for key, label in (("me.quiet_from", _("Quiet from")), ("me.quiet_until", _("until"))):
            st.selectbox(label, HOURS, key=key, format_func=_clock, on_change=_set_quiet, width=130)
    st.caption(
        _("What comes meanwhile, or on a day off, is sent afterwards. Orange and red signals do not wait for the working day.")
    )


def _now_quiet(wishes: dict, usual: dict) -> tuple[str, str]:
    start, _sep, end = str(wishes.get("quiet") or "").partition("-")
    return start or f"{usual['notices.quiet_from_hour']:g}", end or f"{usual['notices.quiet_until_hour']:g}"


def _set_quiet() -> None:
    by = frame.person()
    with acts.act(by, "preference.set") as conn:
        preferences.prefer(conn, by, quiet=f"{st.session_state['me.quiet_from']}-{st.session_state['me.quiet_until']}")


def _digest(wishes: dict, usual: dict) -> None:
    st.session_state["me.digest"] = wishes.get("digest") or f"{usual['notices.digest_hour']:g}"
    st.selectbox(_("Daily digest"), [OFF, *HOURS], key="me.digest", format_func=_clock, on_change=_set_digest, width=130)


def _set_digest() -> None:
    by = frame.person()
    with acts.act(by, "preference.set") as conn:
        preferences.prefer(conn, by, digest=st.session_state["me.digest"])


def _clock(hour: str) -> str:
    return _("no digest") if hour == OFF else f"{int(hour):02}:00"

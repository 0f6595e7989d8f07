"""触达: the keys by which a customer is within one tap: by phone, and there."""

import streamlit as st

from engine.addresses import ways as navigation
from engine.words import _

CHECK = "pages/field/visit.py"


def keys(customer, mark) -> None:
    """In a line of the caller's; `mark`: the point to go to, or None."""
    asked = {"customer": customer.customer_no}
    st.page_link(CHECK, label=_("Call"), icon=":material/call:", query_params=asked | {"mode": "phone"}, width="stretch")
    if mark:
        to = navigation(mark.lat, mark.lon, customer.name)["amap"]
        st.link_button(_("Navigate"), to, icon=":material/navigation:", width="stretch")
    st.page_link(CHECK, label=_("Visit"), icon=":material/location_on:", query_params=asked | {"mode": "field"}, width="stretch")

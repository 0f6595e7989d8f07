"""What the bank does: verbs (find, may, do) and pure functions. No Streamlit, no SQL."""

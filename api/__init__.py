"""The gate in front of Streamlit, and what answers plain HTTP."""

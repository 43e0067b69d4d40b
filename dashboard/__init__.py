"""Streamlit dashboard. Only `dashboard.services` computes, with `core`; everything else draws."""

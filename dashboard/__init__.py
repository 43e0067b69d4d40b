"""The Streamlit dashboard: it asks `core` and draws; no signal processing, no TensorFlow."""

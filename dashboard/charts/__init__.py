"""Charts: pure functions from arrays to Plotly figures.

May import: `dashboard.text`.
"""

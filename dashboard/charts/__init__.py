"""Charts: pure functions from arrays to Plotly figures.

In: arrays and results of `core`. Out: figures in the colours of the dark or the light theme.

May import: `dashboard.text`.
"""

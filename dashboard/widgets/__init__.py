"""Widgets: controls and drawings that several pages share.

In: the options, or names of models and songs. Out: the chosen values, kept in the session.

May import: `dashboard.services`, `dashboard.charts`, `dashboard.text`, `dashboard.timeline`.
"""

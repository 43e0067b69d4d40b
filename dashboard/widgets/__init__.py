"""Widgets: controls that several pages share.

In: what there is to choose from. Out: what was chosen, kept in the session state.

May import: `dashboard.services`, `dashboard.text`, `dashboard.timeline`.
"""

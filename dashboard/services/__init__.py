"""Services: the only modules of the dashboard that compute with `core`.

In: plain, picklable arguments. Out: results for pages and players, cached with a bound.

May import: `core`, `dashboard.text`.
"""

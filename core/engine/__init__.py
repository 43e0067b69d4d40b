"""The engine: worker processes that compute, on this machine or on many.

In: functions with picklable arguments. Out: their results, or one sentence about the failure.

May import: `errors`, `constants`, and every package below it.
"""

"""Research cohorts as input: fit, judge and replay models on patients, visits and outcomes given as tables.

Nothing here names a cohort: a `cohort.toml` (docs/cohorts) says which columns mean what.
"""

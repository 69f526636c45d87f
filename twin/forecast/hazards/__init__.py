"""How likely is an event within the next years, given everything known until now?

A landmark model: the log hazard after a moment is a sum of one smooth term for each thing known at that moment
(`design`), some of which fade or grow with time since; competing events have such a hazard of their own, and the risk
is their cumulative incidence (`model`). Fitted by penalised maximum likelihood (`newton`), the penalty chosen by
cross-validation over patients (`choose`).
"""

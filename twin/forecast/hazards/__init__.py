"""How likely is an event within the next years, given everything known until now?

A landmark model: the log hazard after a moment is the mean of a sum, one smooth term for each thing known at that
moment (`design`), some of which fade or grow with time since, and of a small net (`net`); competing events have such a
hazard of their own, and the risk is their cumulative incidence (`model`). The sum is fitted by penalised maximum
likelihood (`newton`, `penalty`), the net by descent (`learn`); which of it counts, patients left out say (`choose`).
"""

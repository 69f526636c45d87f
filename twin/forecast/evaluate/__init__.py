"""How good are predicted risks? Discrimination, accuracy, calibration and net benefit, with intervals over patients.

`measures.evaluate` is the door. All of it is weighted by the inverse probability of censoring; somebody who had a
competing event is free of the event ever after.
"""

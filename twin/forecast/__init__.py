"""Where each signal and score is heading, and how sure that is."""

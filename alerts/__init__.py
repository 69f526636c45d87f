"""Who has to come back, by when, and was the right person told? Triggers, recalls, reminders and their delivery."""

"""What is known of a patient, and when it was known."""

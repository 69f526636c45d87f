"""What arrives as DICOM: one file read for what must be known of it, shown as it is, and the listener for C-STORE.

pydicom and pynetdicom are loaded here; a process that must not load them (the web) asks in a process of its own.
"""

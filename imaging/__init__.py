"""CT as arrays: any vendor's DICOM in, one standard volume, blocks screened, regions flagged and shown."""

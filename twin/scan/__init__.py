"""How a CT becomes facts: each image kept once by content, its series given to a patient, screened, regions stated."""

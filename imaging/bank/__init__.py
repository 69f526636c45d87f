"""Annotated cases to compare with: what do they say of a new lump, and is it like anything known?"""

from imaging.bank.cases import Answer, Bank, Case, shipped_bank
from imaging.bank.match import Told, match_folder, match_regions

__all__ = ["Answer", "Bank", "Case", "Told", "match_folder", "match_regions", "shipped_bank"]

"""lesionaid: from brain MRI to measured lesions, named signs, published criteria and a pattern.

Research software. Not a medical device. It names patterns (``pml_like``), never diagnoses,
and never says that PML is excluded.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
